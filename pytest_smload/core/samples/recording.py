"""What a load leaves behind: one row per invocation in columns, with the facts of the run around them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.request.route_kinds import RouteKind

if TYPE_CHECKING:
    from pytest_smload.core.samples.generators import Generator
    from pytest_smload.core.statistics.columns import Floats


TASKS = "(tasks)"
"""Name that stands for no request: exceptions in tasks of a locustfile are errors of the whole load only."""
MOST_ROUTE_EXAMPLES = 500
"""Of how many pairs of route and error kind the first failure is kept."""


class Samples:
    """Invocations in the order they ended, one column per fact; 27 bytes a sample.

    Times are seconds on one monotonic clock (``time.perf_counter``), the same one as `Recording.window_start_s`.

    Attributes:
        due: When the request should have been sent: the schedule's time (open model), the moment its user was ready
            (closed model).
        start: When the first byte was written.
        end: When the last byte of the response arrived, or the request failed.
        kind: Error kind code, 0 for success (`pytest_smload.core.request.error_kinds`).
        model: Route index.
        held_index: Positions of samples whose user became free only after they were due (open model: all users were
            busy, the in-flight cap was hit). In step with *held_free*.
        held_free: When that user became free.
        late_index: Positions of samples whose response was there before the client's event loop looked for it. In step
            with *late_from* and *late_to*.
        late_from, late_to: Between which times it came; anywhere between is as likely.
        variant_index: Positions of successes whose answer was seen to name a production variant. In step with
            *variant_code*.
        variant_code: Its code (`pytest_smload.core.request.variant_names`).
    """

    __slots__ = (
        "due", "end", "held_free", "held_index", "kind", "late_from", "late_index", "late_to", "model", "start",
        "variant_code", "variant_index",
    )  # fmt: skip

    def __init__(self) -> None:
        self.due = array("d")
        self.start = array("d")
        self.end = array("d")
        self.kind = array("B")
        self.model = array("H")
        self.held_index = array("I")
        self.held_free = array("d")
        self.late_index = array("I")
        self.late_from = array("d")
        self.late_to = array("d")
        self.variant_index = array("I")
        self.variant_code = array("B")

    def __len__(self) -> int:
        return len(self.end)

    def copy(self) -> Samples:
        """Return the same samples in columns of their own."""
        copied = Samples()
        for name in self.__slots__:
            setattr(copied, name, getattr(self, name)[:])
        return copied

    def extend(
        self,
        other: Samples,
        *,
        codes: Sequence[int],
        variant_codes: Sequence[int] = (0,),
        shift_s: float | Floats = 0.0,
    ) -> None:
        """Append the samples of *other*.

        Args:
            codes: For each error kind code of *other* the code of that kind here.
            variant_codes: The same for its variant codes.
            shift_s: Seconds from *other*'s clock to this one: one number, or one per sample of *other*.
        """
        import numpy as np

        from pytest_smload.core.statistics.columns import view

        first, held, late = len(self), len(self.held_index), len(self.late_index)
        named = len(self.variant_index)
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name))
        # In place, and each view gone with its line: columns of ten million are not copied, and can grow again.
        view(self.kind)[first:] = np.array(codes, dtype=np.uint8)[view(other.kind)]
        view(self.variant_code)[named:] = np.array(variant_codes, dtype=np.uint8)[view(other.variant_code)]
        shifts = np.broadcast_to(shift_s, len(other))
        for column in (self.due, self.start, self.end):
            view(column)[first:] += shifts
        view(self.held_free)[held:] += shifts[view(other.held_index)]
        for column in (self.late_from, self.late_to):
            view(column)[late:] += shifts[view(other.late_index)]
        view(self.held_index)[held:] += first
        view(self.late_index)[late:] += first
        view(self.variant_index)[named:] += first


@dataclass(frozen=True, slots=True)
class ClientReadings:
    """How one load generator, the client, itself fared during the window.

    Attributes:
        cpu: Process CPU seconds per second, whole window (1.0 = one core).
        loop_lag_s: Overshoot of a 10 ms ticker, one reading a tick, in seconds.
        wake_lag_s: What of each overshoot no sample's *late* columns can tell: the operating system woke the loop late.
        judged: False where latency and client health mean nothing (moto's mock): the report says "simulated".
    """

    cpu: float
    loop_lag_s: array[float]
    wake_lag_s: array[float]
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Abort:
    """What ended a load early: *error_rate* of the *requests* that ended in the last *span_s* seconds had failed, where
    *limit* ends a load.

    Attributes:
        p95_ms: Where it was their 95th percentile that ended it, the limit that was above; else None.
        kind: What every request failed with, or most of them, where the load was given up; ``""`` where ``abort_on``
            ended it.
        reason: In that case the sentence for people: endpoint, count, first message, next step.
    """

    error_rate: float
    requests: int
    span_s: float
    limit: float
    kind: str = ""
    reason: str = ""
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything measured in one load.

    Attributes:
        model_names: Route names, indexed by ``Samples.model``; one entry ``"total"`` without weights.
        route_kind: What the routes are, of which results are reported one by one; None without weights and names.
        target_shares: Share of traffic asked for per route, summing to 1; of names, which nobody weighs, 0 each.
        kind_names: Error kind names, indexed by ``Samples.kind``.
        kind_statuses: HTTP status each was answered with, None where there was no answer; in step with *kind_names*.
        samples: Warm-up and window together; those with ``due`` (open) or ``start`` (closed) before the window's start
            are warm-up.
        open_model: True when latency counts from ``due`` (tps), False when it counts from ``start`` (users).
        window_start_s, window_end_s: The measured window ``[start, end)`` on the samples' clock; the end is earlier
            than asked for when the run was interrupted or a cap ended it. Of a load given up it begins with
            the first request: all of them failed.
        stages: The stages inside the window, empty without stages.
        offered_tps: Requests per second asked for over the window (open model), else None.
        clients: How each load generator fared, one reading per generator, at least one.
        unsent_due, unsent_model: Arrivals of the window never sent (open model), a row each: due time on the samples'
            clock and route index.
        bytes_in, bytes_out: Response/request body bytes of window samples, per route index.
        connects: Connections established during the window.
        examples: First failure seen of each error kind.
        route_examples: First failure seen by route index and error kind, of the `MOST_ROUTE_EXAMPLES` such pairs that
            were seen first.
        task_exceptions: Tracebacks' last lines of exceptions in the load generator's own tasks or user listeners.
        interrupted: Whether Ctrl-C ended the run early.
        aborted: What ended the run early, ``abort_on`` or that nothing succeeded, or None.
        unprimed: Models that had not answered when priming ended.
        stretches: In how many stretches of the window models have exact counts (open model); more than one where an
            unproven load went on.
        complete: Whether every arrival of the schedule came due (open model). Only then does the mix have to equal the
            weights exactly.
        started_at: Wall clock time of the load's begin, ISO 8601 in UTC.
        epoch_s: When the samples' clock stood at 0, in seconds since 1970; 0 where nobody looked.
        variant_names: Production variants that answered, indexed by ``Samples.variant_code``; the first, ``""``, stands
            for none named.
        target_variants: Per route the variant its requests ask for, or None; empty where none does.
        generators: The processes that sent it, in step with *clients*; empty where this one sent all of it.
        sent_by: Per sample the position in *generators* of the process that sent it; empty where there is one only.
        lost: Why parts of it are missing, a sentence each: generators that failed, fell silent or ended.
    """

    model_names: Sequence[str]
    route_kind: RouteKind | None
    target_shares: Sequence[float]
    kind_names: Sequence[str]
    samples: Samples
    open_model: bool
    window_start_s: float
    window_end_s: float
    clients: Sequence[ClientReadings]
    started_at: str
    kind_statuses: Sequence[int | None] = ()
    stages: Sequence[StageSpan] = ()
    offered_tps: float | None = None
    unsent_due: array[float] = field(default_factory=lambda: array("d"))
    unsent_model: array[int] = field(default_factory=lambda: array("H"))
    bytes_in: Sequence[int] = ()
    bytes_out: Sequence[int] = ()
    connects: int = 0
    examples: Mapping[str, InvocationFailure] = field(default_factory=dict)
    route_examples: Mapping[tuple[int, str], InvocationFailure] = field(default_factory=dict)
    task_exceptions: Sequence[str] = ()
    interrupted: bool = False
    aborted: Abort | None = None
    unprimed: int = 0
    stretches: int = 1
    complete: bool = False
    epoch_s: float = 0.0
    variant_names: Sequence[str] = ("",)
    target_variants: Sequence[str | None] = ()
    generators: Sequence[Generator] = ()
    sent_by: array[int] = field(default_factory=lambda: array("H"))
    lost: Sequence[str] = ()

    @property
    def window_s(self) -> float:
        """Length of the measured window in seconds."""
        return max(0.0, self.window_end_s - self.window_start_s)
