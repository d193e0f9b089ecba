"""Holds a load's regression budgets against what its control answered in the same window."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_smload.conduct.looks import Assessment
from pytest_smload.conduct.regressions import NOT_RECORDED, RegressionVerdict
from pytest_smload.conduct.reruns import counts_of, ended, unconfirmed, why_of_no_use
from pytest_smload.core.baselines.checks import ComparedBudget, compared, regression_check, told_by_rerun
from pytest_smload.core.baselines.sides import compare_with_control
from pytest_smload.core.limits.budget import BUILT_IN_LIMITS
from pytest_smload.core.measure.distribution import distribution_of
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.results.control import ControlResult
from pytest_smload.core.trust.control_silence import silence_of
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.trust.validity import examine
from pytest_smload.core.units import format_ms, format_share, parse_share
from pytest_smload.errors import SmloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_smload.conduct.control import OtherSide
    from pytest_smload.core.baselines.outcome import MetricComparison
    from pytest_smload.core.limits.budget import ResolvedBudget
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.results.result import Rerun
    from pytest_smload.core.samples.recording import Recording

_REMEDY = (
    "see that the control answers as it should, and run the test again: without it there is nothing to compare with"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlBudgets:
    """The regression budgets of one load, held against its control.

    Attributes:
        budget: The load's limits; at least one is a regression budget.
        other: The control.
        facts: What reports say of where it is.
        on_unproven: The profile's.
        updating: Whether baselines are to be recorded.
    """

    budget: ResolvedBudget
    other: OtherSide
    facts: EndpointFacts
    on_unproven: str
    updating: bool

    def with_hosting(self, _facts: Mapping[str, object]) -> ControlBudgets:
        """Return the same: what hosts the endpoint is what is compared."""
        return self

    def judge(self, run: Assessment, rerun: Callable[[], Assessment]) -> RegressionVerdict:
        """Return the verdict on *run*; *rerun* sends both sides once more where a regression is to be confirmed."""
        control = self._assessed()
        state = _State(control, reruns=[counts_of(self._assess(each), "control") for each in self.other.earlier])
        if self.updating:
            state.notes.append(f"{NOT_RECORDED}: it is held against its control, in the same window")
        if run.recording.interrupted or control.recording.interrupted:
            return self._verdict(state)
        if control.recording.aborted is not None:
            # The load ended with it, and is not what was asked for.
            state.reasons.append(Finding(f"control {self._name}: {ended(control.recording.aborted)}", _REMEDY))
            return self._verdict(state)
        if run.recording.aborted or not run.health.valid:
            state.notes.append(f"not compared with control {self._name}: the load itself is of no use")
            return self._verdict(state)
        budgets = self._compare(run, control)
        again = self._repeated(budgets, rerun, state) if any(each.suspicious for each in budgets) else None
        for place, each in enumerate(budgets):
            self._hold(each, again[place] if again is not None else None, state)
        return self._verdict(state)

    @property
    def _name(self) -> str:
        return self.other.control.settings.name

    def _assessed(self) -> Assessment:
        recording = self.other.recording
        assert recording is not None  # noqa: S101 - it was sent beside the run that is judged
        return self._assess(recording)

    def _assess(self, recording: Recording) -> Assessment:
        measurement = measure(recording)
        scopes = {scope for scope, _ in self.budget.regressions}
        health = examine(recording, measurement, budgeted_scopes=scopes, simulated=False)
        return Assessment(recording, measurement, health, [], ClientSlowness(recording) if health.judged else None)

    def _compare(self, run: Assessment, control: Assessment) -> list[ComparedBudget]:
        """Each budget with its comparison; undecided all where *control* is of no use: limits hold without it."""
        sides = (run.measurement, control.measurement)
        budgets = compare_with_control(self.budget.regressions, sides, (run.slowness, control.slowness))
        if why := self._why_useless(control, run.recording):
            why = f"undecided: control {self._name}: {why}"
            budgets = [
                # What to do is said once.
                replace(each, refused=why if place else f"{why}; {_REMEDY}", cause="control", latest=None)
                for place, each in enumerate(budgets)
            ]
        return budgets

    def _why_useless(self, control: Assessment, beside: Recording) -> str:
        """Why nothing that was sent *beside* can be compared with *control*, or ``""``."""
        if not control.health.valid:
            return control.health.reasons[0].cause
        total = control.measurement.total
        most = max(
            (
                limit.at_most
                for scope, limit in self.budget.limits
                if scope == TOTAL and limit.metric == "error_rate" and limit.at_most is not None
            ),
            default=parse_share(BUILT_IN_LIMITS["error_rate"]),
        )
        if not total.ok or total.error_rate > most:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in control.measurement.errors.items())
            return f"{format_share(total.error_rate)} of its requests failed ({kinds}), where {format_share(most)} may"
        if silence := silence_of(control.recording, beside):
            length_s, answers = silence
            return f"it answered nothing for {format_ms(1000 * length_s)}, and the load got {answers:,} answers then"
        return ""

    def _repeated(
        self, budgets: Sequence[ComparedBudget], rerun: Callable[[], Assessment], state: _State
    ) -> list[ComparedBudget] | None:
        """The comparison of both sides sent again, undecided where that failed; None where Ctrl-C ended it, which
        *state* then says."""
        try:
            again = rerun()
        except SmloadError as error:
            return unconfirmed(budgets, f"it failed: {error}")
        control = self._assessed()
        sent = [counts_of(again, "regression"), counts_of(control, "control")]
        state.reruns += sent
        if again.recording.interrupted:
            state.interrupted = True
            return None
        if aborted := control.recording.aborted:
            return unconfirmed(budgets, f"control {self._name}: {ended(aborted)}")
        if why := why_of_no_use(again):
            return unconfirmed(budgets, why)
        more = sum(each.sent + each.warmup.sent for each in sent)
        state.notes.append(
            f"a rerun to confirm a regression sent {more:,} requests more to both sides, warm-up included; they are in "
            "none of these figures"
        )
        return self._compare(again, control)

    def _hold(self, each: ComparedBudget, again: ComparedBudget | None, state: _State) -> None:
        each = told_by_rerun(each, again)
        comparison = compared(each, again)
        missing = ""
        if comparison is not None:
            comparison = replace(comparison, against="control")
            state.comparisons.append(comparison)
        elif not each.refused:
            missing = f"control {self._name} has no {each.key} to compare with"
            each = replace(each, cause="control")
        state.checks.append(
            regression_check(each, comparison, missing=missing, on_unproven=self.on_unproven, against="its control")
        )

    def _verdict(self, state: _State) -> RegressionVerdict:
        control = state.control.measurement
        result = ControlResult(
            name=self._name,
            endpoint=self.facts,
            total=control.total,
            models={name: stats.requests for name, stats in control.routes.items()},
            mix=control.mix,
            errors=control.errors,
            sent=control.sent,
            unsent=control.unsent,
            warmup=control.warmup,
            client=state.control.health,
            comparisons=tuple(state.comparisons),
            distribution=distribution_of(state.control.recording, control.total),
        )
        return RegressionVerdict(
            state.checks, state.notes, None, state.reruns, state.reasons, state.interrupted, control=result
        )


@dataclass(slots=True)
class _State:
    """A verdict in the making."""

    control: Assessment
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    comparisons: list[MetricComparison] = field(default_factory=list)
    reruns: list[Rerun] = field(default_factory=list)
    reasons: list[Finding] = field(default_factory=list)
    interrupted: bool = False
