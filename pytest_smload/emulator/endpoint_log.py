"""The ground truth of an embedded endpoint, as its owner reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from pytest_smload.emulator.protocol import OK


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One call to the control plane.

    Attributes:
        received_s: Arrival, on CLOCK_MONOTONIC, in seconds.
        action: Service and operation: ``sagemaker:DescribeEndpoint``.
        code: The error code it was answered with, or an empty text.
    """

    received_s: float
    action: str
    code: str


@dataclass(frozen=True, slots=True)
class EndpointLog:
    """What reached the endpoint since it was started or reset.

    Rows are in order of arrival; all columns have a row for every request, answered or not.

    Attributes:
        requests: Invocations received, whatever came of them.
        in_flight: Those not answered yet.
        models: Invocations by target model; without a target model they are in ``requests`` alone.
        kinds: Answered invocations by kind: ``ok``, an AWS error code, a status as digits, ``Connection`` for a reset
            by a fault, ``ClientGone`` where the client left before its answer.
        cold: Invocations that waited for their model to load.
        loads: Model loads begun.
        evictions: Models unloaded to make room.
        busy_share: Mean share of busy workers, 0..1; None where workers are unlimited or nothing was answered.
        received_s: Arrival, on CLOCK_MONOTONIC, in seconds.
        answered_s: Answer, on the same clock, in seconds; 0 while unanswered.
        model: Target model of each row; an empty text where there was none.
        kind: Kind of each row; an empty text while unanswered.
        destinations: Variant, inference component and container of each destination; empty texts where it has none.
        destination: Number of each row's destination, 1 for the first of ``destinations``; 0 where it got to none.
        model_time_s: What CloudWatch calls ModelLatency, in seconds; 0 where no model took the request.
        calls: Control plane calls received, in order.
    """

    requests: int
    in_flight: int
    models: dict[str, int]
    kinds: dict[str, int]
    cold: int
    loads: int
    evictions: int
    busy_share: float | None
    received_s: list[float] = field(repr=False)
    answered_s: list[float] = field(repr=False)
    model: list[str] = field(repr=False)
    kind: list[str] = field(repr=False)
    destinations: list[tuple[str, str, str]] = field(default_factory=list)
    destination: list[int] = field(default_factory=list, repr=False)
    model_time_s: list[float] = field(default_factory=list, repr=False)
    calls: list[ControlCall] = field(default_factory=list, repr=False)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> EndpointLog:
        """Return the log in the answer of the control path, asked for with samples."""
        samples = found["samples"]
        calls = [ControlCall(*call) for call in found.pop("calls")]
        destinations = [tuple(names) for names in found.pop("destinations")]
        return cls(
            **{name: found[name] for name in cls.__slots__ if name in found},
            calls=calls,
            destinations=destinations,
            destination=samples["destination"],
            model_time_s=samples["model_time_s"],
            received_s=samples["received_s"],
            answered_s=samples["answered_s"],
            model=samples["model"],
            kind=samples["kind"],
        )

    def latencies_ms(self, model: str | None = None) -> list[float]:
        """Return the time from arrival to answer of every success, of one *model* if given, in milliseconds."""
        return [
            (answered_s - received_s) * 1000
            for received_s, answered_s, kind, of in zip(
                self.received_s, self.answered_s, self.kind, self.model, strict=True
            )
            if kind == OK and (model is None or of == model)
        ]

    def percentile_ms(self, p: float, model: str | None = None) -> float:
        """Return the nearest-rank percentile *p* (0..1) of `latencies_ms`, NaN where there was no success."""
        ordered = sorted(self.latencies_ms(model))
        return ordered[max(math.ceil(p * len(ordered)), 1) - 1] if ordered else math.nan

    @property
    def p95_ms(self) -> float:
        """The 95th percentile of all successes, in milliseconds."""
        return self.percentile_ms(0.95)
