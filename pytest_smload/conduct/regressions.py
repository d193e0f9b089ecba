"""Compares a measured load with its baseline, running it once more where that is to confirm a regression."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_smload.conduct.reruns import counts_of, unconfirmed, why_of_no_use
from pytest_smload.core.baselines.checks import (
    ComparedBudget,
    as_baseline_run,
    compare_budgets,
    compared,
    regression_check,
    told_by_rerun,
)
from pytest_smload.core.baselines.disturbance import MOST_DISTURBED
from pytest_smload.core.baselines.outcome import BaselineOutcome, BaselineState
from pytest_smload.core.baselines.runs import (
    ACCEPT_OPTION,
    UPDATE_OPTION,
    LoadBaseline,
    deployed_changes,
    fingerprint_changes,
    half_known,
)
from pytest_smload.core.baselines.words import change_words
from pytest_smload.core.hosting.content import HOSTING_FACTS
from pytest_smload.core.limits.check import Check
from pytest_smload.errors import SmloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_smload.conduct.baseline_file import BaselineFile
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.core.baselines.outcome import MetricComparison
    from pytest_smload.core.baselines.runs import BaselineRun
    from pytest_smload.core.limits.budget import ResolvedBudget
    from pytest_smload.core.results.control import ControlResult
    from pytest_smload.core.results.result import Rerun
    from pytest_smload.core.trust.health import Finding

NOT_RECORDED = "not recorded as a baseline"
"""How the note on a load that is to be recorded and must not be begins."""


@dataclass(frozen=True, slots=True)
class BaselineUse:
    """What a load has to do with the baselines of its test.

    Attributes:
        file: Where they are.
        key: The load's key among them.
        updating: The load is to be recorded.
        accepting: It is to be recorded even where it is worse than what is.
        arguments: Of pytest, for the command that records one: the test's id and this run's options.
    """

    file: BaselineFile
    key: str
    updating: bool
    accepting: bool
    arguments: Sequence[str]

    def recorded(self) -> LoadBaseline | None:
        """Return what is recorded of the load.

        Raises:
            ConfigurationError: the file is not a baseline of this test.
        """
        return self.file.read().loads.get(self.key)


@dataclass(frozen=True, slots=True)
class RegressionVerdict:
    """What a load's regression budgets came to.

    Attributes:
        checks: One per budget that could be compared, or must be.
        notes: For the report.
        outcome: The load and its baseline; None of a load held against its control.
        reruns: The confirming rerun, where there was one.
        reasons: Why the run as a whole cannot be trusted: its control could not.
        interrupted: Ctrl-C ended the rerun.
        control: The control; None of a load held against its baseline.
    """

    checks: Sequence[Check]
    notes: Sequence[str]
    outcome: BaselineOutcome | None
    reruns: Sequence[Rerun] = ()
    reasons: Sequence[Finding] = ()
    interrupted: bool = False
    control: ControlResult | None = None


@dataclass(frozen=True, slots=True)
class RegressionBudgets:
    """The regression budgets of one load, read and checked before it runs.

    Attributes:
        budget: The load's limits; at least one is a regression budget.
        use: Its baselines.
        recorded: What is recorded.
        fingerprint: The load's facts.
        on_unproven: The profile's.
    """

    budget: ResolvedBudget
    use: BaselineUse
    recorded: LoadBaseline | None
    fingerprint: Mapping[str, Any]
    on_unproven: str

    def with_hosting(self, facts: Mapping[str, Any]) -> RegressionBudgets:
        """Return the same for a load whose endpoint is hosted as *facts* say."""
        return replace(self, fingerprint={**self.fingerprint, **facts})

    def judge(self, run: Assessment, rerun: Callable[[], Assessment]) -> RegressionVerdict:
        """Return the verdict on *run*; *rerun* repeats the load where a regression is to be confirmed."""
        if run.recording.interrupted or run.recording.aborted or not run.health.valid:
            why = "it is INVALID" if not run.health.valid else "it was ended early"
            return self._aside("not compared", f"not {self._verb}: {why}")
        budgets = compare_budgets(self.budget.regressions, run.measurement, None, run.slowness)
        changes = fingerprint_changes(self.recorded.fingerprint, self.fingerprint) if self.recorded is not None else []
        if self.use.updating and (self.recorded is None or changes):
            note = f"regression budgets are not checked: {UPDATE_OPTION}, and there is nothing comparable yet"
            if self.recorded is not None:
                before = f"{len(self.recorded.runs)} recorded runs, of another load ({'; '.join(changes)})"
                note += f"; the {before}, are replaced"
            outcome = BaselineOutcome("updating", self.use.key, self.fingerprint, tuple(changes))
            return self._to_be_recorded(run, budgets, RegressionVerdict((), [note], outcome))
        if self.recorded is None:
            return self._incomparable("missing", "none is recorded for this load", budgets)
        if changes:
            why = f"what is recorded is of another load ({'; '.join(changes)})"
            return self._incomparable("changed", why, budgets, tuple(changes))
        budgets = compare_budgets(self.budget.regressions, run.measurement, self.recorded, run.slowness)
        suspicious = any(each.suspicious for each in budgets)
        verdict = self._confirmed(budgets, rerun) if suspicious else self._compared(budgets, None)
        if unknown := half_known(self.recorded.fingerprint, self.fingerprint, HOSTING_FACTS):
            note = (
                f"compared with the baseline although the endpoint's {', '.join(unknown)} could not be told when it "
                f"was recorded, or now, and may differ; {self._remedy}"
            )
            verdict = replace(verdict, notes=[*verdict.notes, note])
        if deployed := deployed_changes(self.recorded.fingerprint, self.fingerprint):
            verdict = replace(verdict, notes=[*verdict.notes, f"since the baseline: {'; '.join(deployed)}"])
        return self._to_be_recorded(run, budgets, verdict) if self.use.updating else verdict

    @property
    def _verb(self) -> str:
        return "recorded as a baseline" if self.use.updating else "compared with the baseline"

    def _to_be_recorded(
        self, run: Assessment, budgets: Sequence[ComparedBudget], verdict: RegressionVerdict
    ) -> RegressionVerdict:
        """*verdict*, with the run where it may be recorded, or with a note on why it may not."""
        if verdict.interrupted:
            return verdict
        assert verdict.outcome is not None  # noqa: S101 - it is of a baseline
        regressed = verdict.outcome.regressed
        kept = as_baseline_run(budgets, run.measurement, started_at=run.recording.started_at)
        if why := self._unfit(run, budgets, regressed, kept, verdict.checks):
            return replace(verdict, notes=[*verdict.notes, f"{NOT_RECORDED}: {why}"])
        outcome = replace(verdict.outcome, state="updating", run=kept, anew=bool(regressed))
        if not regressed:
            return replace(verdict, outcome=outcome)
        words = "; ".join(change_words(each) for each in regressed)
        note = f"{ACCEPT_OPTION}: {words}; the baseline begins anew with this run"
        return replace(verdict, checks=(), notes=[*verdict.notes, note], outcome=outcome)

    def _unfit(
        self,
        run: Assessment,
        budgets: Sequence[ComparedBudget],
        regressed: Sequence[MetricComparison],
        kept: BaselineRun,
        checks: Sequence[Check],
    ) -> str:
        if any(check.outcome != "pass" for check in run.checks):
            return "a limit is breached, or could not be decided"
        if any(check.cause == "rerun" for check in checks):
            return "it may have regressed, and the rerun could not confirm it"
        if regressed and not self.use.accepting:
            return (
                f"it regressed: {'; '.join(change_words(each) for each in regressed)}; to record it all the same, run "
                f"pytest -m perf {shlex.join([*self.use.arguments, UPDATE_OPTION, ACCEPT_OPTION])}"
            )
        disturbed = [
            f"{each.key} by up to {(each.disturbed - 1) * 100:.2g}%"
            for each in budgets
            if not each.disturbed <= MOST_DISTURBED
        ]
        if disturbed:
            return (
                f"the client's own delays may have worsened {', '.join(disturbed)}, and a baseline allows "
                f"{(MOST_DISTURBED - 1) * 100:.2g}%; record on a quieter machine"
            )
        return "" if kept.metrics else "none of its metrics could be estimated"

    def _confirmed(self, budgets: Sequence[ComparedBudget], rerun: Callable[[], Assessment]) -> RegressionVerdict:
        try:
            again = rerun()
        except SmloadError as error:
            return self._compared(budgets, unconfirmed(budgets, f"it failed: {error}"))
        counts = counts_of(again, "regression")
        if again.recording.interrupted:
            return self._compared(budgets, None, reruns=[counts], interrupted=True)
        if why := why_of_no_use(again):
            return self._compared(budgets, unconfirmed(budgets, why), reruns=[counts])
        assert self.recorded is not None  # noqa: S101 - something was compared
        repeated = compare_budgets(self.budget.regressions, again.measurement, self.recorded, again.slowness)
        return self._compared(budgets, repeated, reruns=[counts])

    def _compared(
        self,
        budgets: Sequence[ComparedBudget],
        again: Sequence[ComparedBudget] | None,
        *,
        reruns: Sequence[Rerun] = (),
        interrupted: bool = False,
    ) -> RegressionVerdict:
        assert self.recorded is not None  # noqa: S101 - something was compared
        checks, notes, comparisons = [], [], []
        for place, each in enumerate(budgets):
            repeated = again[place] if again is not None else None
            each = told_by_rerun(each, repeated)  # noqa: PLW2901 - one that is undecided takes its place
            comparison = compared(each, repeated)
            if comparison is not None:
                comparisons.append(comparison)
            missing = f"no baseline: the recorded runs have no {each.key}; {self._remedy}"
            if self.use.updating and comparison is None and each.cause != "rerun":
                continue
            if comparison is not None or each.refused or self.budget.baseline_required:
                checks.append(regression_check(each, comparison, missing=missing, on_unproven=self.on_unproven))
            else:
                notes.append(missing)
        notes += [_rerun_note(rerun) for rerun in reruns]
        outcome = BaselineOutcome(
            "compared",
            self.use.key,
            self.fingerprint,
            runs=len(self.recorded.runs),
            comparisons=tuple(comparisons),
        )
        return RegressionVerdict(checks, notes, outcome, reruns, interrupted=interrupted)

    def _incomparable(
        self, state: BaselineState, why: str, budgets: Sequence[ComparedBudget], changes: tuple[str, ...] = ()
    ) -> RegressionVerdict:
        """No run to compare this one with: said, and a failure where a baseline is required."""
        outcome = BaselineOutcome(state, self.use.key, self.fingerprint, changes)
        missing = f"no baseline: {why}; {self._remedy}"
        required = self.budget.baseline_required
        checks = [regression_check(each, None, missing=missing) for each in budgets if required or each.refused]
        names = ", ".join(each.key for each in budgets)
        notes = [] if required else [f"no regression check of {names}: {missing}"]
        return RegressionVerdict(checks, notes, outcome)

    def _aside(self, state: BaselineState, note: str) -> RegressionVerdict:
        return RegressionVerdict((), [note], BaselineOutcome(state, self.use.key, self.fingerprint))

    @property
    def _remedy(self) -> str:
        return f"record one: pytest -m perf {shlex.join([*self.use.arguments, UPDATE_OPTION])}"


def _rerun_note(rerun: Rerun) -> str:
    return (
        f"a rerun to confirm a regression sent {rerun.sent:,} requests more, and {rerun.warmup.sent:,} in its warm-up; "
        "they are in none of these figures"
    )
