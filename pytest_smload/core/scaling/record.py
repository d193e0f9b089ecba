"""What scaling did during a load: activities and instance counts beside its timeline, and latency around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

SUCCESSFUL = "Successful"
_PENDING = frozenset({"Pending", "InProgress"})
_COUNT = re.compile(r"desired instance count to (\d+)")
"""As Application Auto Scaling describes what it does to a production variant."""

PhaseName = Literal["before", "during", "after"]


@dataclass(frozen=True, slots=True)
class ScalingActivity:
    """One scaling activity; times are seconds from the window's begin, negative before it.

    Attributes:
        t_s: When it began.
        end_s: When it ended: the endpoint ran on the new count by then, where it is ``Successful``. None where it had
            not when the load was over.
        from_instances, to_instances: The count before, and the one it asked for.
        status: StatusCode of AWS.
        cause: Cause of AWS.
    """

    t_s: float
    end_s: float | None
    from_instances: int
    to_instances: int
    status: str
    cause: str

    @property
    def done_s(self) -> float | None:
        """When it had done what it asked for; None where it had not."""
        return self.end_s if self.status == SUCCESSFUL else None


@dataclass(frozen=True, slots=True)
class InstanceCount:
    """From *t_s* on, in seconds from the window's begin, the variant ran on so many instances."""

    t_s: float
    instances: int


@dataclass(frozen=True, slots=True)
class ScalingPhase:
    """Latency of the window's requests begun before, during or after the scaling inside it.

    Attributes:
        begin_s, end_s: Seconds from the window's begin.
        requests, ok: Requests begun or due in it, and successes among them.
        p50_ms, p95_ms: Over successes; NaN without one.
    """

    name: PhaseName
    begin_s: float
    end_s: float
    requests: int
    ok: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class ScalingRecord:
    """What held the endpoint's instances during a load, and what became of them.

    Attributes:
        asked: ``"pinned to 1 instance"``, ``"autoscaled 1..4 at ..."``; ``""`` where nothing of ours held them.
        variant: The production variant.
        load_begin_s: The load's first request, warm-up included; seconds from the window's begin, so at most 0.
        instances: The count over time.
        activities: Those under way during the load, oldest first.
        phases: Latency before, during and after scaling; empty where none happened in the window.
    """

    asked: str
    variant: str
    load_begin_s: float
    instances: tuple[InstanceCount, ...]
    activities: tuple[ScalingActivity, ...] = ()
    phases: tuple[ScalingPhase, ...] = ()

    @property
    def most_instances(self) -> int:
        """The largest count it ran on."""
        return max((each.instances for each in self.instances), default=0)

    @property
    def scale_out_s(self) -> float | None:
        """Seconds from the load's first request to the end of the first activity that had added instances, or None."""
        done = [each.done_s for each in self.activities if each.to_instances > each.from_instances]
        ended = [moment for moment in done if moment is not None]
        return min(ended) - self.load_begin_s if ended else None


@dataclass(frozen=True, slots=True)
class ActivityAnswer:
    """An activity as AWS tells of it; times in seconds from the window's begin."""

    t_s: float
    end_s: float | None
    description: str
    status: str
    cause: str


def activities_of(answers: Iterable[ActivityAnswer], first: int) -> tuple[ScalingActivity, ...]:
    """Return what *answers*, oldest first, did to a count that was *first*."""
    found, count = [], first
    for each in answers:
        match = _COUNT.search(each.description)
        wanted = int(match[1]) if match is not None else count
        found.append(ScalingActivity(each.t_s, each.end_s, count, wanted, each.status, each.cause))
        if each.status == SUCCESSFUL or each.status in _PENDING:
            count = wanted
    return tuple(found)


def counts_of(
    activities: Sequence[ScalingActivity], *, first: int, last: int | None, begin_s: float, end_s: float
) -> tuple[InstanceCount, ...]:
    """Return the count over time: *first* from *begin_s* on, *last* at *end_s*, None where nobody looked then."""
    found = [InstanceCount(begin_s, first)]
    for each in activities:
        if each.done_s is not None and each.to_instances != found[-1].instances:
            found.append(InstanceCount(each.done_s, each.to_instances))
    if last is not None and found[-1].instances != last:
        found.append(InstanceCount(end_s, last))
    return tuple(found)
