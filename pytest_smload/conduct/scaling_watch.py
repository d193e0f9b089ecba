"""Watches what scales an endpoint during a load: none that is not to scale is trusted where something did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.aws.autoscaling import InstanceControl
from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.conduct.instance_hold import note_on, refuse_tagged
from pytest_smload.conduct.witness import Testimony
from pytest_smload.core.limits.evidence import ScalingEvidence
from pytest_smload.core.scaling.phases import first_request_s, phases_of
from pytest_smload.core.scaling.record import (
    ActivityAnswer,
    ScalingRecord,
    activities_of,
    counts_of,
)
from pytest_smload.core.scaling.wish import Pinned, counted
from pytest_smload.core.trust.health import Finding
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.aws.autoscaling import Activity
    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.conduct.witness import LoadSpan, Witness
    from pytest_smload.core.limits.scaling_limit import ScalingLimit
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.scaling.wish import ScalingWish

_CAUSE_LENGTH = 200
_SCALED = frozenset({"Pending", "InProgress", "Successful"})
"""StatusCode of activities that changed the count, or were about to."""


def scaling_watch(request: LoadRequest, preflight: Preflight) -> Witness:
    """Return who watches the instances of *request*'s endpoint."""
    wish, budget = request.scaling, request.budget
    if wish is None:
        return StrayWatch(preflight)
    limits = budget.scaling(autoscaled=wish.moves) if budget is not None else []
    return HeldWatch(InstanceControl(preflight.plane), wish, limits)


class HeldWatch:
    """Watches a load whose endpoint's instances a test of ours holds.

    Args:
        control: Its endpoint's instances.
        wish: How they are held.
        limits: What the load is held to of its scaling.
    """

    def __init__(self, control: InstanceControl, wish: ScalingWish, limits: Sequence[ScalingLimit]) -> None:
        self._control = control
        self._wish = wish
        self._limits = limits
        self._first = 0
        self._ended: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Look at the count the load begins with, and at what has scaled before it.

        Raises:
            EndpointError: that cannot be looked at, and nobody could say afterwards what scaled; or the count is not
                what it was pinned to.
        """
        look = self._control.look(self._wish.variant)
        if isinstance(self._wish, Pinned) and not look.settled_at(self._wish.instances):
            raise EndpointError(
                f"endpoint {self._control.endpoint_name}/{look.name} is {self._wish.describe()}, and somebody has "
                f"changed that: it is {look.status} with {look.current} of {counted(look.desired)}; nothing was sent: "
                "see who else changes its instances, and run it again"
            )
        self._first, self._ended = look.desired, self._control.ended_activities(look.name)

    def testify(
        self,
        judged: Assessment,
        span: LoadSpan,  # noqa: ARG002 - what was asked before the load tells activities apart, whatever the clock says
        say: Callable[[str], object],  # noqa: ARG002
    ) -> Testimony:
        """Return the record of the scaling, its limits held, and why a pin that did not hold is not to be trusted."""
        try:
            look = self._control.look(self._wish.variant)
            told = self._control.activities_since(look.name, self._ended)
        except EndpointError as error:
            return self._without_record(error)
        record = _record(look.name, judged.recording, told, (self._first, look.current), self._wish.describe())
        checks = tuple(limit.hold(ScalingEvidence(record)) for limit in self._limits)
        reasons = tuple(_pin_reasons(record, self._wish.instances)) if isinstance(self._wish, Pinned) else ()
        return Testimony(reasons=reasons, checks=checks, facts={"scaling": record})

    def close(self) -> None:
        """Nothing is kept open."""

    def _without_record(self, error: EndpointError) -> Testimony:
        """Limits fail without evidence; a pin that may not have held is not to be trusted."""
        why, denied = str(error), isinstance(error, ControlPlaneError) and error.denied
        if self._wish.moves:
            checks = tuple(limit.hold(ScalingEvidence(None, why)) for limit in self._limits)
            return Testimony(checks=checks, notes=(f"scaling: {why}",))
        remedy = (
            "allow the call, or leave pinned out" if denied else "run it again once the endpoint answers for itself"
        )
        return Testimony(reasons=(Finding(f"nobody can say whether the endpoint scaled: {why}", remedy),))


class StrayWatch:
    """Watches a load that leaves its endpoint's instances alone.

    Args:
        preflight: What is known of its endpoint, by then as it is when the load begins.
    """

    def __init__(self, preflight: Preflight) -> None:
        self._preflight = preflight
        self._control = InstanceControl(preflight.plane)
        self._first: dict[str, int] = {}
        self._ended: dict[str, frozenset[str]] = {}
        self._unwatched = ""

    def begin(self) -> None:
        """See which variants scale at all, and from which count on.

        Raises:
            EndpointError: a run of ours, which this is not, has left one changed.
        """
        if self._preflight.state is None:
            # What the preflight notes of that is enough.
            return
        counts = {each.name: each.desired_instances or 0 for each in self._preflight.state.variants}
        try:
            targets = self._control.targets(list(counts))
            tagged = [name for name, target in targets.items() if note_on(self._control, target) is not None]
            self._ended = {name: self._control.ended_activities(name) for name in targets}
        except ControlPlaneError as error:
            self._unwatched = _in_short(error)
            return
        for name in tagged:
            refuse_tagged(self._control, self._control.state(self._control.look(name)))
        self._first = {name: counts[name] for name in targets}

    def testify(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object]) -> Testimony:  # noqa: ARG002
        """Return why the load is not to be trusted, where something scaled."""
        records: list[ScalingRecord] = []
        for name, first in self._first.items():
            try:
                told = self._control.activities_since(name, self._ended[name])
            except ControlPlaneError as error:
                self._unwatched = _in_short(error)
                break
            told = [each for each in told if each.status in _SCALED]
            record = _record(name, judged.recording, told, (first, None), "")
            records += [record] if record.activities else []
        return Testimony(
            reasons=tuple(_scaled(record) for record in records),
            notes=(f"whether the endpoint scaled was not watched: {self._unwatched}",) if self._unwatched else (),
            facts={"scaling": records[0]} if records else {},
        )

    def close(self) -> None:
        """Nothing is kept open."""


def _record(
    variant: str,
    recording: Recording,
    told: Sequence[Activity],
    counts: tuple[int, int | None],
    asked: str,
) -> ScalingRecord:
    """The record of a load; *counts* before and after it, None where nobody looked again."""
    first, last = counts
    opens_s = recording.epoch_s + recording.window_start_s
    answers = [
        ActivityAnswer(
            each.begin.timestamp() - opens_s,
            None if each.end is None else each.end.timestamp() - opens_s,
            each.description,
            each.status,
            each.cause[:_CAUSE_LENGTH],
        )
        for each in told
    ]
    activities = activities_of(answers, first)
    begin_s = first_request_s(recording)
    return ScalingRecord(
        asked=asked,
        variant=variant,
        load_begin_s=begin_s,
        instances=counts_of(activities, first=first, last=last, begin_s=begin_s, end_s=recording.window_s),
        activities=activities,
        phases=phases_of(recording, activities),
    )


def _in_short(error: ControlPlaneError) -> str:
    """What failed, without whose credentials may not do it."""
    return f"{error.action} is not allowed" if error.denied else f"{error.action} failed: {error.code}"


def _pin_reasons(record: ScalingRecord, held: int) -> list[Finding]:
    if any(each.status in _SCALED for each in record.activities):
        return [_scaled(record)]
    others = [each.instances for each in record.instances if each.instances != held]
    if not others:
        return []
    cause = f"the endpoint was {record.asked}, and had {counted(others[-1])} during the load"
    return [Finding(cause, "see who else changes its instances, and run it again")]


def _scaled(record: ScalingRecord) -> Finding:
    moves = [each for each in record.activities if each.status in _SCALED]
    first, cause = moves[0], moves[0].cause
    more = f" (and {len(moves) - 1} more)" if len(moves) > 1 else ""
    return Finding(
        f"the endpoint scaled during the load: {record.variant} from {first.from_instances} to "
        f"{counted(first.to_instances)}, {first.t_s:+.0f} s from the window's begin{more}"
        + (f": {cause}" if cause else ""),
        f"pin its instances, perf(pinned={max(1, first.from_instances)}), or test the scaling with "
        'perf(autoscaled={"min": 1, "max": 4})',
    )
