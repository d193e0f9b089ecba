"""Regression budgets of measured loads: what fails, what is undecided, and what the rerun decides."""

from __future__ import annotations

from array import array
from dataclasses import replace
from math import inf

import pytest

from pytest_smload.conduct.baseline_file import BaselineFile
from pytest_smload.conduct.looks import Assessment
from pytest_smload.conduct.regressions import BaselineUse, RegressionBudgets
from pytest_smload.core.baselines import disturbance
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.runs import BaselineRun, LoadBaseline
from pytest_smload.core.limits.budget import ResolvedBudget
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.samples.recording import Abort, ClientReadings, Recording, Samples
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.trust.validity import examine
from pytest_smload.errors import EndpointError

FACTS = {"seed": 0}
COUNT, WINDOW_S = 400, 40.0


def run_of(p50_ms: float, *, count: int = COUNT, **facts) -> Assessment:
    """A closed load whose latencies spread by a fifth around *p50_ms*."""
    samples = Samples()
    for place in range(count):
        begun = 100 + place * WINDOW_S / count
        samples.due.append(begun)
        samples.start.append(begun)
        samples.end.append(begun + p50_ms / 1000 * (0.8 + 0.4 * (place * 37 % count) / count))
        samples.kind.append(0)
        samples.model.append(0)
    recording = Recording(
        model_names=("total",),
        route_kind=None,
        target_shares=[1.0],
        kind_names=("ok",),
        samples=samples,
        open_model=False,
        window_start_s=100.0,
        window_end_s=100.0 + WINDOW_S,
        clients=[ClientReadings(0.1, array("d", [0.0001] * 100), array("d", [0.0001] * 100), judged=True)],
        started_at="2025-01-01T00:00:00+00:00",
        **facts,
    )
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=(), simulated=False)
    return Assessment(recording, measurement, health, judge((), measurement))


def invalid(run: Assessment) -> Assessment:
    return replace(run, health=replace(run.health, valid=False, reasons=(Finding("the client was slow", "rest"),)))


def recorded(*p50s_ms: float, anchor_ms: float | None = None) -> LoadBaseline:
    runs = [BaselineRun("t", COUNT, COUNT, 0, {"p50": Estimate(ms, 0.98 * ms, 1.02 * ms)}) for ms in p50s_ms]
    first = anchor_ms or p50s_ms[0]
    return LoadBaseline(FACTS, BaselineRun("t", COUNT, COUNT, 0, {"p50": Estimate(first, first, first)}), runs)


@pytest.fixture
def budgets(tmp_path):
    """Make budgets on one metric, p50, 10 %."""

    def make(
        baseline: LoadBaseline | None,
        *,
        required: bool = False,
        updating: bool = False,
        accepting: bool = False,
        **changes,
    ):
        limit = RegressionLimit(
            changes.pop("of", "p50"), changes.pop("budget", 0.1), changes.pop("floor_ms", 0.0), "10%", "the mark"
        )
        return RegressionBudgets(
            budget=ResolvedBudget((), regressions=((TOTAL, limit),), baseline_required=required),
            use=BaselineUse(BaselineFile(tmp_path, "t.py::t"), "", updating, accepting, ("t.py::t",)),
            recorded=baseline,
            fingerprint=changes.pop("fingerprint", FACTS),
            on_unproven=changes.pop("on_unproven", "estimate"),
        )

    return make


def never() -> Assessment:
    raise AssertionError("no rerun is needed")


def test_a_run_within_the_budget_passes_without_a_rerun(budgets):
    """Proven: its interval is below what is allowed."""
    verdict = budgets(recorded(10, 10, 10, 10, 10)).judge(run_of(10), never)
    (check,) = verdict.checks
    assert (check.metric, check.outcome, check.proven) == ("p50", "pass", True)
    assert check.limit == "<= 110% of baseline 10 ms (5 runs)"
    assert (check.at_least, check.at_most, check.unit, check.base) == (None, pytest.approx(11), "ms", pytest.approx(10))
    assert verdict.reruns == ()
    assert "smallest budget attainable 6.7% with 5 runs" in check.note


def test_the_bound_of_tps_is_the_least(budgets):
    """More is better: the baseline's value less what is allowed, in requests per second."""
    runs = [BaselineRun("t", COUNT, COUNT, 0, {"tps": Estimate(10.0, 9.9, 10.1)})] * 3
    verdict = budgets(LoadBaseline(FACTS, runs[0], runs), of="tps").judge(run_of(10), never)
    (check,) = verdict.checks
    assert (check.limit, check.at_most, check.unit) == (">= 90% of baseline 10 TPS (3 runs)", None, "requests/s")
    assert (check.at_least, check.base) == (pytest.approx(9), pytest.approx(10))


def test_a_regression_fails_when_the_rerun_agrees(budgets):
    """And the rerun is accounted for."""
    verdict = budgets(recorded(10, 10, 10)).judge(run_of(20), lambda: run_of(21))
    (check,) = verdict.checks
    assert (check.outcome, check.proven) == ("fail", True)
    assert "confirmed by a rerun: ratio 2.1 [" in check.note
    (rerun,) = verdict.reruns
    assert (rerun.sent, rerun.valid) == (COUNT, True)
    (note,) = verdict.notes
    assert note.startswith("a rerun to confirm a regression sent 400 requests more, and 0 in its warm-up; ")


@pytest.mark.parametrize(("on_unproven", "outcome"), [("estimate", "pass"), ("fail", "fail")])
def test_a_regression_the_rerun_does_not_confirm_is_undecided(budgets, on_unproven, outcome):
    """Unproven, which on_unproven decides."""
    verdict = budgets(recorded(10, 10, 10), on_unproven=on_unproven).judge(run_of(20), lambda: run_of(10))
    (check,) = verdict.checks
    assert (check.outcome, check.proven) == (outcome, False)
    assert "not confirmed by a rerun" in check.note
    assert verdict.reasons == ()
    assert verdict.outcome.comparisons[0].decision == "undecided"


NOT_CONFIRMED = "undecided: it is worse, and the rerun could not confirm it: "
REMEDY = "; run the test again once the cause is gone"


def test_a_rerun_that_cannot_be_trusted_leaves_the_regression_undecided(budgets):
    """Neither a pass nor a failure follows from it, and of the load's other checks nothing follows at all."""
    verdict = budgets(recorded(10, 10)).judge(run_of(20), lambda: invalid(run_of(20)))
    (check,) = verdict.checks
    assert (check.outcome, check.cause) == ("invalid", "rerun")
    assert check.note == f"{NOT_CONFIRMED}it was INVALID: the client was slow{REMEDY}"
    assert verdict.reasons == ()
    assert [rerun.valid for rerun in verdict.reruns] == [False]


def test_a_rerun_that_cannot_be_sent_leaves_the_regression_undecided(budgets):
    """The endpoint was deleted between the two."""

    def deleted() -> Assessment:
        raise EndpointError("no such endpoint")

    (check,) = budgets(recorded(10, 10)).judge(run_of(20), deleted).checks
    assert (check.outcome, check.note) == ("invalid", f"{NOT_CONFIRMED}it failed: no such endpoint{REMEDY}")


def test_a_rerun_that_was_ended_early_says_what_ended_it(budgets):
    """In the words of abort_on."""
    again = Abort(0.5, 100, 2.0, 0.25)
    (check,) = budgets(recorded(10, 10)).judge(run_of(20), lambda: run_of(20, aborted=again)).checks
    assert check.note == f"{NOT_CONFIRMED}abort_on ended it at 50% errors{REMEDY}"


@pytest.mark.parametrize("accepting", [False, True])
def test_what_may_have_regressed_is_not_recorded(budgets, accepting):
    """Not even where regressions are accepted: nobody knows whether it is one."""
    judging = budgets(recorded(10, 10), updating=True, accepting=accepting)
    verdict = judging.judge(run_of(20), lambda: invalid(run_of(20)))
    assert (verdict.outcome.run, [check.cause for check in verdict.checks]) == (None, ["rerun"])
    assert verdict.notes[-1].startswith("not recorded as a baseline: it may have regressed, and the rerun could not")


def test_an_interrupted_rerun_interrupts(budgets):
    """Ctrl-C is Ctrl-C."""
    assert budgets(recorded(10, 10)).judge(run_of(20), lambda: run_of(20, interrupted=True)).interrupted


def test_below_the_floor_nothing_regresses(budgets):
    """Twice the latency, but by less than the floor."""
    verdict = budgets(recorded(1, 1, 1), floor_ms=5.0).judge(run_of(2), never)
    (check,) = verdict.checks
    assert check.outcome == "pass"
    assert check.limit == "<= 600% of baseline 1 ms, the floor of 5 ms (3 runs)"


def test_many_small_steps_fail_against_the_anchor(budgets):
    """Within the budget of the latest runs, beyond twice the budget of the first."""
    verdict = budgets(recorded(15, 15, 15, anchor_ms=10)).judge(run_of(15), lambda: run_of(15))
    (check,) = verdict.checks
    assert check.outcome == "fail"
    assert check.limit == "<= 120% of the first baseline run 10 ms"
    assert verdict.outcome.comparisons[0].against == "anchor"


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    ("baseline", "state", "why"),
    [
        (None, "missing", "none is recorded for this load"),
        (
            replace(recorded(10), fingerprint={"seed": 1}),
            "changed",
            "what is recorded is of another load (seed: 1 -> 0)",
        ),
    ],
)
def test_without_a_comparable_baseline(budgets, baseline, state, why, required):
    """Said; a failure only where one is required."""
    verdict = budgets(baseline, required=required).judge(run_of(10), never)
    assert verdict.outcome.state == state
    said = f"no baseline: {why}; record one: pytest -m perf t.py::t --smload-update-baselines"
    if required:
        (check,) = verdict.checks
        assert (check.outcome, check.limit, check.note) == ("fail", "<= 110% of a baseline", said)
        assert (check.at_least, check.at_most, check.unit, check.base) == (None, None, "ms", None)
    else:
        assert verdict.checks == []
        assert verdict.notes == [f"no regression check of p50: {said}"]


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (invalid(run_of(20)), "it is INVALID"),
        (run_of(20, interrupted=True), "it was ended early"),
        (run_of(20, aborted="half of the requests failed"), "it was ended early"),
    ],
)
def test_a_run_that_is_not_whole_is_not_compared(budgets, run, why):
    """Nor run again."""
    verdict = budgets(recorded(10), required=True).judge(run, never)
    assert verdict.checks == ()
    assert verdict.notes == [f"not compared with the baseline: {why}"]
    assert verdict.outcome.state == "not compared"


def test_too_few_requests_are_undecided_without_a_rerun(budgets):
    """As in any check of a percentile."""
    (check,) = budgets(recorded(10)).judge(run_of(20, count=1), never).checks
    assert check.outcome == "invalid"
    assert check.note.startswith("too few requests: p50 needs 6, has 1")


def test_updating_keeps_what_is_gated(budgets):
    """Value and interval of each metric, compared with what is recorded."""
    verdict = budgets(recorded(10), updating=True).judge(run_of(10), never)
    assert ["p50"] == [check.metric for check in verdict.checks]
    assert verdict.outcome.run is not None
    estimate = verdict.outcome.run.metrics["p50"]
    assert estimate.lower <= estimate.value <= estimate.upper
    assert (verdict.outcome.run.n, verdict.outcome.run.errors) == (COUNT, 0)


def test_a_metric_no_run_has_is_said(budgets):
    """A budget newer than the baseline."""
    baseline = replace(recorded(10), runs=(BaselineRun("t", 1, 1, 0, {}),))
    verdict = budgets(baseline).judge(run_of(10), never)
    assert verdict.checks == []
    (note,) = verdict.notes
    assert note.startswith("no baseline: the recorded runs have no p50; record one: pytest ")


def test_what_regressed_is_said_in_words(budgets):
    """By how much, from what to what, and what is allowed."""
    (check,) = budgets(recorded(20.2, 20.2, 20.2)).judge(run_of(30.2), lambda: run_of(30.2)).checks
    assert check.note.startswith("p50 +49 % (20.2 → 30.2 ms, allowed +10 %), confirmed; ratio 1.49 [")


def test_a_vague_regression_far_beyond_the_budget_fails_where_the_rerun_is_so_too(budgets):
    """Where what is recorded has no upper bound nothing is significant, whatever the latency."""
    runs = [BaselineRun("t", COUNT, COUNT, 0, {"p50": Estimate(10, 9, inf)})] * 5
    few = LoadBaseline(FACTS, runs[0], runs)
    for rerun_ms, outcome, decision in ((100, "fail", "fail"), (10, "pass", "undecided")):
        again = run_of(rerun_ms)
        verdict = budgets(few).judge(run_of(100), lambda again=again: again)
        (check,) = verdict.checks
        assert (check.outcome, verdict.outcome.comparisons[0].decision) == (outcome, decision)
        assert (check.undecided, check.proven) == (decision == "undecided", decision != "undecided")


def test_recording_compares_first_and_refuses_a_regression(budgets):
    """Three times slower: it fails, is not recorded, and says how it could be."""
    verdict = budgets(recorded(10, 10), updating=True).judge(run_of(30), lambda: run_of(30))
    (check,) = verdict.checks
    assert (check.outcome, verdict.outcome.run) == ("fail", None)
    assert verdict.notes[-1] == (
        "not recorded as a baseline: it regressed: p50 +200 % (10 → 30 ms, allowed +10 %), confirmed; to record it all "
        "the same, run pytest -m perf t.py::t --smload-update-baselines --smload-accept-regression"
    )


def test_an_accepted_regression_is_recorded_anew(budgets):
    """It fails nothing, and says what was accepted."""
    verdict = budgets(recorded(10, 10), updating=True, accepting=True).judge(run_of(30), lambda: run_of(30))
    assert verdict.checks == ()
    assert verdict.outcome.run is not None
    assert verdict.outcome.anew
    assert verdict.notes[-1].startswith("--smload-accept-regression: p50 +200 % (10 → 30 ms, allowed +10 %), confirmed")


def test_accepting_where_nothing_regressed_appends(budgets):
    """The anchor stays."""
    verdict = budgets(recorded(10, 10), updating=True, accepting=True).judge(run_of(10), never)
    assert (verdict.outcome.state, verdict.outcome.anew) == ("updating", False)
    assert verdict.outcome.run is not None


@pytest.mark.parametrize(("best_ms", "recorded_too"), [(9.7, True), (9.0, False), (None, True)])
def test_what_the_client_may_have_worsened_is_not_recorded(budgets, monkeypatch, best_ms, recorded_too):
    """Beyond 1.05 times the lowest value possible."""
    monkeypatch.setattr(disturbance, "lowest_possible", lambda _scope, _metric, _slowness: best_ms)
    verdict = budgets(None, updating=True).judge(run_of(10), never)
    assert (verdict.outcome.run is not None) == recorded_too
    if not recorded_too:
        assert verdict.notes[-1] == (
            "not recorded as a baseline: the client's own delays may have worsened p50 by up to 11%, and a baseline "
            "allows 5%; record on a quieter machine"
        )


HOSTED = {"configuration": "1 x ml.c5.large", "images": ["i@1"], "model_data": ["s3://m/a"]}


def hosted(baseline: LoadBaseline, **facts) -> LoadBaseline:
    return replace(baseline, fingerprint=baseline.fingerprint | facts)


def test_another_configuration_is_no_baseline(budgets):
    """Other instances: said, never a failure."""
    before = hosted(recorded(10, 10, 10), **HOSTED)

    assert budgets(before).with_hosting(HOSTED).judge(run_of(10), never).checks
    verdict = budgets(before).with_hosting(HOSTED | {"configuration": "2 x ml.c5.large"}).judge(run_of(100), never)
    assert ((), "changed") == (tuple(verdict.checks), verdict.outcome.state)
    assert "configuration: " in verdict.notes[0]


@pytest.mark.parametrize(("name", "value"), [("images", ["i@2"]), ("model_data", ["s3://m/b"])])
def test_a_new_deployment_is_held_against_the_one_before(budgets, name, value):
    """Another image or model is what a regression budget is for: a slower one fails, and what changed is said."""
    before = hosted(recorded(10, 10, 10, 10, 10), **HOSTED)
    now = HOSTED | {name: value}

    slower = budgets(before).with_hosting(now).judge(run_of(100), lambda: run_of(100))
    same = budgets(before).with_hosting(now).judge(run_of(10), never)

    assert (["fail"], ["pass"]) == ([each.outcome for each in slower.checks], [each.outcome for each in same.checks])
    assert f"since the baseline: {name}: {HOSTED[name]} -> {value}" in [note.replace('"', "'") for note in same.notes]


@pytest.mark.parametrize("then", [HOSTED, {"configuration": None}, dict.fromkeys(HOSTED)])
@pytest.mark.parametrize("now", [HOSTED, dict.fromkeys(HOSTED)])
def test_a_hosting_not_known_on_one_side_is_compared_and_said_to_be(budgets, then, now):
    """A denied call must not switch the gate off; a baseline older than preflight has no such facts."""
    verdict = budgets(hosted(recorded(10, 10, 10, 10, 10), **then)).with_hosting(now).judge(run_of(10), never)

    assert ["pass"] == [check.outcome for check in verdict.checks]
    half_known = bool(then.get("images")) != bool(now["images"])
    said = "compared with the baseline although the endpoint's configuration, images, model_data could not be told"
    assert half_known == any(note.startswith(said) for note in verdict.notes)
