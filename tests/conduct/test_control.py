"""Regression budgets of a load held against its control: what fails, what is undecided, what is of no use."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from pytest_smload.conduct.control import OtherSide
from pytest_smload.conduct.control_budgets import ControlBudgets
from pytest_smload.conduct.looks import Assessment
from pytest_smload.core.limits.budget import ResolvedBudget
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.samples.recording import Abort, ClientReadings, Recording, Samples
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.trust.validity import examine
from pytest_smload.errors import EndpointError

COUNT, WINDOW_S = 1000, 50.0
FACTS = EndpointFacts("stable", "abalone-stable", "us-east-1", "http://127.0.0.1")


def recording(latency_ms: float, *, failed: int = 0, **facts: Any) -> Recording:
    """An open load whose latencies spread by a fifth around *latency_ms*, the first *failed* of them errors."""
    samples = Samples()
    for place in range(COUNT):
        due = 100 + place * WINDOW_S / COUNT
        samples.due.append(due)
        samples.start.append(due)
        samples.end.append(due + latency_ms / 1000 * (0.8 + 0.4 * (place * 37 % COUNT) / COUNT))
        samples.kind.append(6 if place < failed else 0)
        samples.model.append(0)
    given: dict[str, Any] = {
        "model_names": ("total",),
        "route_kind": None,
        "target_shares": [1.0],
        "kind_names": ("ok", "Timeout", "Unsent", "Connection", "BadResponse", "Client", "ModelError"),
        "samples": samples,
        "open_model": True,
        "offered_tps": COUNT / WINDOW_S,
        "window_start_s": 100.0,
        "window_end_s": 100.0 + WINDOW_S,
        "clients": [ClientReadings(0.1, array("d", [0.0001] * 100), array("d", [0.0001] * 100))],
        "started_at": "2025-01-01T00:00:00+00:00",
    }
    return Recording(**given | facts)


def slow_spell(made: Recording, first: int, last: int, most_ms: float) -> Recording:
    """*made*, whose requests from *first* to *last* were answered at its end, or took *most_ms*."""
    ends = made.samples.due[last]
    for place in range(first, last):
        due = made.samples.due[place]
        made.samples.end[place] = max(made.samples.end[place], min(ends, due + most_ms / 1000))
    return made


def run_of(latency_ms: float, **facts: Any) -> Assessment:
    """The load itself."""
    made = recording(latency_ms, **facts)
    measurement = measure(made)
    health = examine(made, measurement, budgeted_scopes=(), simulated=False)
    return Assessment(made, measurement, health, judge((), measurement))


class Sent:
    """A control that was sent something already, each of *recordings* after the other."""

    class control:  # noqa: N801 - stands for an attribute
        class settings:  # noqa: N801
            name = "stable"

    def __init__(self, *recordings: Recording) -> None:
        self.recording = recordings[0]
        self.earlier: list[Recording] = []
        self.rest = list(recordings[1:])

    def again(self, run: Assessment) -> Callable[[], Assessment]:
        """What sends both sides again."""

        def rerun() -> Assessment:
            self.earlier.append(self.recording)
            self.recording = self.rest.pop(0)
            return run

        return rerun


def budgets(sent: Sent, of: str = "p95", scope: ScopeName = TOTAL, **changes: Any) -> ControlBudgets:
    """A budget of 10 % on one metric."""
    limit = RegressionLimit(of, 0.1, 0.0, "10%", "the mark")
    given: dict[str, Any] = {"facts": FACTS, "on_unproven": "estimate", "updating": False}
    limits = changes.pop("limits", ())
    budget = ResolvedBudget(limits, regressions=((scope, limit),))
    return ControlBudgets(**given | changes, budget=budget, other=cast("OtherSide", sent))


def never() -> Assessment:
    """No rerun is needed."""
    raise AssertionError("no rerun is needed")


@pytest.mark.parametrize("metric", ["p50", "p95", "mean", "tps"])
def test_sides_that_are_the_same_pass_without_a_rerun(metric: str) -> None:
    """The check names the control's value, and what budget could be held."""
    verdict = budgets(Sent(recording(10)), metric).judge(run_of(10), never)

    (check,) = verdict.checks
    assert (check.outcome, check.undecided) == ("pass", False)
    assert "% of control " in check.limit
    assert "smallest budget attainable" in check.note
    assert verdict.control is not None
    assert verdict.control.comparisons[0].against == "control"
    assert verdict.outcome is None
    assert verdict.reasons == []


def test_a_regression_fails_once_both_sides_are_sent_again() -> None:
    """What the rerun sent to either side is counted, apart from the load's figures."""
    sent = Sent(recording(10), recording(10))
    verdict = budgets(sent).judge(run_of(15), sent.again(run_of(15)))

    (check,) = verdict.checks
    assert check.outcome == "fail"
    assert check.limit == "<= 110% of control 11.8 ms"
    assert "confirmed by a rerun: ratio 1.5" in check.note
    assert [(rerun.why, rerun.sent) for rerun in verdict.reruns] == [("regression", COUNT), ("control", COUNT)]


def test_a_rerun_without_the_regression_leaves_it_undecided() -> None:
    """It passes by its estimate, and says so; with ``on_unproven="fail"`` it fails."""
    for on_unproven, outcome in (("estimate", "pass"), ("fail", "fail")):
        sent = Sent(recording(10), recording(10))
        verdict = budgets(sent, on_unproven=on_unproven).judge(run_of(15), sent.again(run_of(10)))

        (check,) = verdict.checks
        assert (check.outcome, check.undecided) == (outcome, True)


def test_a_control_that_is_worse_hides_nothing() -> None:
    """Absolute limits are the load's own; against a slower control it passes."""
    verdict = budgets(Sent(recording(40))).judge(run_of(10), never)

    assert [check.outcome for check in verdict.checks] == ["pass"]
    assert verdict.control is not None
    assert verdict.control.total.p95_ms > 40


@pytest.mark.parametrize(
    ("control", "why"),
    [
        (recording(10, failed=COUNT), "100% of its requests failed (1,000 ModelError), where 1% may"),
        (recording(10, failed=30), "3% of its requests failed (30 ModelError), where 1% may"),
        (recording(10, task_exceptions=["ZeroDivisionError: x"]), "ZeroDivisionError"),
        (slow_spell(recording(10), 200, 300, 5000), "it answered nothing for 5.04 s, and the load got 101 answers"),
    ],
)
def test_a_dead_or_failing_control_is_no_pass(control: Recording, why: str) -> None:
    """Its regression budgets are undecided, whatever the load's own figures; its limits are judged as ever."""
    verdict = budgets(Sent(control)).judge(run_of(10), never)

    (check,) = verdict.checks
    assert (check.outcome, check.cause) == ("invalid", "control")
    assert check.limit == "<= 110% of its control"
    assert check.note.startswith("undecided: control stable: ")
    assert why in check.note
    assert verdict.reasons == []
    assert verdict.control is not None
    assert verdict.control.comparisons == ()


@pytest.mark.parametrize(
    ("abort", "why"),
    [
        (Abort(1.0, 20, 2.0, 1.0, "Connection", "given up: nothing answers"), "control stable: given up"),
        (Abort(0.6, 20, 2.0, 0.5), "abort_on ended it at 60% errors"),
        (Abort(0.0, 90, 2.0, 0.0, p95_ms=2000.0), "abort_on ended it at a p95 above 2 s"),
    ],
)
def test_a_control_that_ended_the_load_leaves_it_invalid(abort: Abort, why: str) -> None:
    """It is not the load that was asked for; no check is made up."""
    verdict = budgets(Sent(recording(10, aborted=abort))).judge(run_of(10), never)

    (reason,) = verdict.reasons
    assert why in reason.cause
    assert verdict.checks == []


def test_a_load_that_failed_first_is_not_blamed_on_its_control() -> None:
    """Given up while its control had hardly begun: what fails it are its own checks."""
    abort = Abort(1.0, 20, 2.0, 1.0, "Connection", "given up: nothing answers")
    verdict = budgets(Sent(recording(10, failed=COUNT))).judge(run_of(10, aborted=abort), never)

    assert (verdict.reasons, verdict.checks) == ([], [])
    assert "not compared with control stable" in verdict.notes[0]


@pytest.mark.parametrize("metric", ["p50", "p95", "p99", "mean"])
def test_latency_of_the_few_that_were_answered_is_no_pass(metric: str) -> None:
    """Most of the load failed fast, and none of its control: whether these were the slow ones nobody knows."""
    limit = parse_limit("error_rate", "100%", source="the mark")
    run = run_of(10, failed=600)
    (check,) = budgets(Sent(recording(10)), metric, limits=((TOTAL, limit),)).judge(run, never).checks

    assert (check.outcome, check.cause) == ("invalid", "failures")
    assert check.note == (
        "undecided: within the budget of what was answered alone: 60% failed, and 0% of the control's"
    )


def test_many_failures_beside_few_are_no_pass() -> None:
    """Either side has no percentile of all it was sent: the load failed the more often."""
    limit = parse_limit("error_rate", "100%", source="the mark")
    few = Sent(recording(10, failed=60))
    (check,) = budgets(few, limits=((TOTAL, limit),)).judge(run_of(10, failed=600), never).checks

    assert (check.outcome, check.cause) == ("invalid", "failures")


def test_the_slowest_dropped_as_errors_are_no_pass() -> None:
    """6 % are refused at once where they would have been slow."""
    limit = parse_limit("error_rate", "10%", source="the mark")
    dropped = budgets(Sent(recording(10)), limits=((TOTAL, limit),)).judge(run_of(9, failed=60), never)

    assert [check.cause for check in dropped.checks] == ["failures"]


def test_a_control_that_drops_its_slowest_is_no_failure_of_the_load() -> None:
    """What it answered is faster for it; had it answered the rest, the load may be no worse."""
    control = slow_spell(recording(10), 0, 100, 8)
    for place in range(100):
        control.samples.kind[place] = 6
    run = run_of(10)
    for place in range(100):
        run.recording.samples.end[place] = run.recording.samples.due[place] + 0.05
    run = replace(run, measurement=measure(run.recording))
    limit = parse_limit("error_rate", "20%", source="the mark")
    verdict = budgets(Sent(control), limits=((TOTAL, limit),)).judge(run, never)

    (check,) = verdict.checks
    assert (check.outcome, check.cause) == ("invalid", "failures")
    assert "over the budget of what was answered alone: 0% failed, and 10% of the control's" in check.note


def test_a_handful_of_requests_is_no_pass() -> None:
    """A mean has no interval below 20, and a ratio without one says nothing."""
    few = recording(10)
    for column in ("due", "start", "end", "kind", "model"):
        del getattr(few.samples, column)[5:]
    run = run_of(10)
    run = replace(run, recording=few, measurement=measure(few))
    (check,) = budgets(Sent(few), "mean").judge(run, never).checks

    assert (check.outcome, check.cause) == ("invalid", "few requests")
    assert check.note == "too few requests to compare: mean takes 20, and 5 are there"


def test_equal_failures_are_no_doubt() -> None:
    """Both sides fail alike: had all of them been slow, the ratio would be the same."""
    limit = parse_limit("error_rate", "10%", source="the mark")
    verdict = budgets(Sent(recording(10, failed=60)), limits=((TOTAL, limit),)).judge(run_of(10, failed=60), never)

    assert [(check.outcome, check.undecided) for check in verdict.checks] == [("pass", False)]


@pytest.mark.parametrize("metric", ["p95", "mean"])
def test_a_slow_spell_of_the_control_hides_no_regression(metric: str) -> None:
    """A tenth of the window in which it answered slowly makes its percentile worse than that of a load that is 30 %
    slower all the time."""
    control = slow_spell(recording(10), 300, 400, 200)
    (check,) = budgets(Sent(control), metric).judge(run_of(13), never).checks

    assert (check.outcome, check.cause) == ("invalid", "control")
    assert "its control had slow spells" in check.note


def late(latency_ms: float, *, share: int) -> Recording:
    """One of whose requests one in *share* was sent 80 ms late."""
    made = recording(latency_ms)
    for place in range(0, COUNT, share):
        made.samples.start[place] += 0.08
        made.samples.end[place] += 0.08
    return made


def slowed(made: Recording) -> Assessment:
    """The load itself, whose client was as slow."""
    measurement = measure(made)
    health = examine(made, measurement, budgeted_scopes=(), simulated=False)
    return Assessment(made, measurement, health, [], ClientSlowness(made))


def test_what_the_client_added_to_both_sides_hides_no_regression() -> None:
    """It was 80 ms late with most requests, and 15 ms beside 10 are hardly to be seen: undecided, neither passed nor
    failed."""
    (check,) = budgets(Sent(late(10, share=2)), "p95").judge(slowed(late(15, share=2)), never).checks

    assert (check.outcome, check.cause) == ("invalid", "client")
    assert "the client itself may have made it " in check.note
    assert " and its control " in check.note


def test_what_the_client_added_to_a_few_of_both_sides_is_no_doubt() -> None:
    """Sides that are the same stay so, and a regression fails, whatever the client added to either alike."""
    same = budgets(Sent(late(40, share=50)), "p95").judge(slowed(late(40, share=50)), never)
    assert [(check.outcome, check.undecided) for check in same.checks] == [("pass", False)]
    sent = Sent(late(40, share=50), late(40, share=50))
    worse = budgets(sent, "p95").judge(slowed(late(60, share=50)), sent.again(slowed(late(60, share=50))))
    assert [check.outcome for check in worse.checks] == ["fail"]


def test_a_control_may_fail_as_often_as_the_load() -> None:
    """Where the budget allows 5 % of errors, 3 % of the control's are no reason."""
    limit = parse_limit("error_rate", "5%", source="the mark")
    verdict = budgets(Sent(recording(10, failed=30)), limits=((TOTAL, limit),)).judge(run_of(10), never)

    assert [check.outcome for check in verdict.checks] == ["pass"]


def test_what_the_control_has_no_figure_of_is_undecided() -> None:
    """Half of the control's requests were lost: its p95 is infinite, and the check INVALID for it."""
    control = recording(10)
    for place in range(0, COUNT, 2):
        control.samples.kind[place] = 1
    limit = parse_limit("error_rate", "60%", source="the mark")
    verdict = budgets(Sent(control), limits=((TOTAL, limit),)).judge(run_of(10), never)

    (check,) = verdict.checks
    assert (check.outcome, check.cause) == ("invalid", "control")
    assert "control stable has no p95 to compare with" in check.note


def test_a_rerun_that_cannot_be_trusted_confirms_nothing() -> None:
    """It failed, the client or the control was of no use in it: undecided, with what happened."""

    def fails() -> Assessment:
        raise EndpointError("the endpoint is gone")

    bad = run_of(15)
    bad = replace(bad, health=replace(bad.health, valid=False, reasons=(Finding("the client was slow", "rest"),)))
    dead = Abort(1.0, 20, 2.0, 1.0, "Connection", "given up: nothing answers")
    for rerun, control, why in (
        (fails, recording(10), "the endpoint is gone"),
        (bad, recording(10), "the client was slow"),
        (run_of(15, aborted=dead), recording(10), "given up: nothing answers"),
        (run_of(15), recording(10, aborted=dead), "control stable: given up: nothing answers"),
        (run_of(15), recording(10, failed=COUNT), "100% of its requests failed"),
    ):
        sent = Sent(recording(10), control)
        again = sent.again(rerun) if isinstance(rerun, Assessment) else rerun
        verdict = budgets(sent).judge(run_of(15), again)

        (check,) = verdict.checks
        assert (check.outcome, check.cause in ("rerun", "control")) == ("invalid", True)
        assert check.note.startswith("undecided: it is worse, and the rerun could not confirm it: ")
        assert why in check.note
        assert verdict.reasons == []


def test_ctrl_c_in_a_rerun_judges_nothing() -> None:
    """The load is interrupted."""
    sent = Sent(recording(10), recording(10))
    verdict = budgets(sent).judge(run_of(15), sent.again(run_of(15, interrupted=True)))

    assert verdict.interrupted


def test_a_load_that_is_invalid_itself_is_not_compared() -> None:
    """Nor one that Ctrl-C ended; what the control was sent is told all the same."""
    bad = run_of(15)
    bad = replace(bad, health=replace(bad.health, valid=False, reasons=(Finding("the client was slow", "rest"),)))
    for run in (bad, run_of(15, interrupted=True)):
        verdict = budgets(Sent(recording(10))).judge(run, never)

        assert verdict.checks == []
        assert verdict.control is not None
        assert verdict.control.sent == COUNT


def test_what_earlier_runs_sent_to_the_control_is_counted() -> None:
    """A load that its client left undecided was repeated: the control got that one too."""
    sent = Sent(recording(10))
    sent.earlier.append(recording(20))
    verdict = budgets(sent, updating=True).judge(run_of(10), never)

    assert [(rerun.why, rerun.sent) for rerun in verdict.reruns] == [("control", COUNT)]
    assert "not recorded as a baseline: it is held against its control" in verdict.notes[0]
