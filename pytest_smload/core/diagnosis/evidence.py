"""What a diagnosis is told from: a load's own figures, and the server's where CloudWatch was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.server.server_side import ServerSide

TARGET_UTILIZATION = 0.65
"""What instances should be used at, the middle of the 60-70 % AWS's load-testing guides recommend."""
_THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "429")
_REFUSED = ("ServiceUnavailable", "ServiceUnavailableException", "InternalFailure", "503", "500")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A load's figures.

    Attributes:
        requests, errors, unsent: Counts over the window, errors by kind.
        tps, offered_tps: Successes per second, and what was asked for in the open model.
        grows: Whether latency grew towards a limit.
        client_cpu: Of a core; *client_undecided*: whether the client's slowness left a limit undecided.
        client_adds_ms: What the client's own lateness adds to p95.
        server: CloudWatch's figures; None where it was not asked.
    """

    requests: int
    tps: float
    offered_tps: float | None = None
    unsent: int = 0
    grows: bool = False
    errors: Mapping[str, int] = field(default_factory=dict)
    client_cpu: float = 0.0
    client_undecided: bool = False
    client_adds_ms: float = 0.0
    server: ServerSide | None = None

    def figure(self, name: str) -> float | None:
        """Return a metric on the server's side, or None where there is none."""
        return self.server.figures.get(name) if self.server is not None else None

    @property
    def throttled(self) -> int:
        """Requests SageMaker itself turned away for their number."""
        return sum(self.errors.get(kind, 0) for kind in _THROTTLED)

    @property
    def server_errors(self) -> float:
        """5xx answers: the model's as CloudWatch counted them, else all of its errors; or those of SageMaker itself."""
        counted = self.figure("server_5xx")
        models = float(self.errors.get("ModelError", 0)) if counted is None else counted
        return models + sum(self.errors.get(kind, 0) for kind in _REFUSED)

    @property
    def behind(self) -> bool:
        """Whether the endpoint did not keep up with what was asked of it."""
        return bool(self.unsent) or self.grows

    @property
    def busiest(self) -> tuple[str, float] | None:
        """The busier of CPU and GPU, and how busy it was at most; None where nobody knows."""
        known = [
            (words, value)
            for words, name in (("CPU", "cpu_utilization_max"), ("GPU", "gpu_utilization_max"))
            if (value := self.figure(name)) is not None
        ]
        return max(known, key=lambda each: each[1]) if known else None

    @property
    def instances(self) -> int:
        """How many instances served the load; 0 where nobody knows."""
        variants = self.server.variants if self.server is not None else ()
        return sum(variant.instances or 0 for variant in variants)

    @property
    def instance_words(self) -> str:
        """``"2 ml.m5.large"``, or ``""`` where nobody knows."""
        variants = self.server.variants if self.server is not None else ()
        if len(variants) == 1 and variants[0].instances and variants[0].instance_type:
            return f"{variants[0].instances} {variants[0].instance_type}"
        return f"{self.instances} instances" if self.instances else ""

    @property
    def undone(self) -> float:
        """What was offered over what was done: 1 where the endpoint kept up, or nothing was offered."""
        return self.offered_tps / self.tps if self.offered_tps and 0 < self.tps < self.offered_tps else 1.0

    def instances_at_target(self, utilization: float) -> int:
        """Return how many instances would take what was offered at `TARGET_UTILIZATION`, were *utilization* shared.

        What was offered and not done counts as if it took as much as what was.
        """
        return max(1, ceil(self.instances * utilization * self.undone / TARGET_UTILIZATION - 1e-9))
