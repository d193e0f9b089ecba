"""Limits held against what was measured."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import MODEL_ERROR, TIMEOUT, Row, recording

from pytest_smload.core.limits.aborted import abort_check
from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.samples.recording import Abort, ClientReadings, Recording, Samples
from pytest_smload.core.units import format_duration

WINDOW_S = 10.0
A, B = ScopeName("model", "a"), ScopeName("model", "b")
PERCENTILES = ("p50", "p90", "p95", "p99", "p99_9")
SPELLS = [1.0] * 20 + [2.0] * 5 + [1.0] * 50 + [2.0] * 5 + [1.0] * 20
"""A hundred latencies of which the slow come together."""
UNPROVEN, SOON, TAKES = "not proven", "at 10 TPS that is", "at 10 TPS that takes"


def measured(
    ms: Sequence[float] = (),
    failed: Sequence[str] = (),
    *,
    models: Sequence[str] = (),
    unsent: int = 0,
    offered_tps: float | None = None,
    stages: Sequence[StageSpan] = (),
    in_order: bool = False,
    answered_with: Mapping[str, int] | None = None,
) -> Measurement:
    """A window of 10 s from 0 on, in which everything happened to the first model, early, in no order unless asked."""
    golden = (1 + 5**0.5) / 2
    if not in_order:
        ms = [each for _, each in sorted((place * golden % 1, each) for place, each in enumerate(ms))]
    samples, kinds = Samples(), ErrorKinds()
    for latency_ms, kind in [*((each, "ok") for each in ms), *((1.0, kind) for kind in failed)]:
        samples.due.append(0.0)
        samples.start.append(0.0)
        samples.end.append(latency_ms / 1000)
        samples.kind.append(kinds.code(kind, (answered_with or {}).get(kind)))
        samples.model.append(0)
    names = list(models) or ["total"]
    return measure(
        Recording(
            model_names=names,
            route_kind="model" if models else None,
            target_shares=[1 / len(names)] * len(names),
            kind_names=kinds.names,
            kind_statuses=kinds.statuses,
            samples=samples,
            open_model=offered_tps is not None,
            window_start_s=0.0,
            window_end_s=WINDOW_S,
            clients=[ClientReadings(0.0, array("d"), array("d"))],
            started_at="2026-01-01T00:00:00Z",
            stages=stages,
            offered_tps=offered_tps,
            unsent_due=array("d", [0.0] * unsent),
            unsent_model=array("H", [0] * unsent),
        )
    )


def check(measurement: Measurement, metric: str, value: object, scope: ScopeName = TOTAL) -> Check:
    (found,) = judge([(scope, parse_limit(metric, value, source="the mark"))], measurement)
    return found


def numbers(found: Check) -> tuple[float | None, float | None, str, float | None]:
    """The bounds of a check, their unit, and what they are a share of."""
    return found.at_least, found.at_most, found.unit, found.base


def spread(count: int, *, failed_every: int = 0) -> Measurement:
    """Latencies of about 100 ms with no order to them, ending all over the window; one in *failed_every* fails."""
    draw = random.Random(7)
    rows = [
        Row(
            due,
            due,
            due + draw.lognormvariate(-2.3, 0.5),
            MODEL_ERROR if failed_every and not place % failed_every else 0,
        )
        for place, due in enumerate(sorted(draw.uniform(0, WINDOW_S) for _ in range(count)), start=1)
    ]
    return measure(recording(rows, 0.0, WINDOW_S, multi_model=False))


def test_a_check():
    """A check says what was limited, how, by whom, what was observed on how many samples, and the outcome."""
    expected = Check(
        scope="total",
        metric="p95",
        limit="<= 78 ms",
        source="the mark",
        observed=76.0,
        n=80,
        outcome="pass",
        note="not proven",
        lower=72.0,
        upper=80.0,
        n_eff=80,
        proven=False,
        at_most=78.0,
    )

    assert expected == check(measured(range(1, 81)), "p95", "78ms")


@pytest.mark.parametrize(
    ("metric", "value", "observed", "n", "outcome", "note"),
    [
        ("p50", "50ms", 50, 100, "pass", UNPROVEN),
        ("p90", "89ms", 90, 100, "fail", UNPROVEN),
        ("p99", "99ms", 99, 100, "invalid", f"too few requests: p99 needs 368, has 100; {TAKES} 37s"),
        ("mean", "50.5ms", 50.5, 100, "pass", UNPROVEN),
        ("mean", "50ms", 50.5, 100, "fail", UNPROVEN),
        ("mean", "70ms", 50.5, 100, "pass", ""),
        ("max", "100ms", 100, 100, "pass", ""),
        ("max", "10ms..99ms", 100, 100, "fail", ""),
        ("tps", 10, 10, 100, "pass", UNPROVEN),
        ("tps", "<= 9", 10, 100, "fail", UNPROVEN),
        ("tps", 40, 10, 100, "fail", UNPROVEN),
        ("error_rate", "3.9%", 4 / 104, 104, "pass", UNPROVEN),
        ("error_rate", "3.8%", 4 / 104, 104, "fail", UNPROVEN),
        ("error_rate", "1%", 4 / 104, 104, "fail", ""),
        ("errors.ModelError", 3, 3, 104, "pass", ""),
        ("errors.ModelError", 2, 3, 104, "fail", ""),
        ("errors.ModelError", "2%", 3, 104, "fail", ""),
        ("errors.Connection", "1%", 1, 104, "pass", ""),
        ("errors.ThrottlingException", 0, 0, 104, "pass", ""),
        ("requests", 104, 104, 104, "pass", ""),
        ("requests", 105, 104, 104, "fail", ""),
        ("cold_p95", "1ms", 1, 1, "pass", ""),
        ("cold_p95", "0.9ms", 1, 1, "fail", ""),
    ],
)
def test_each_metric(metric, value, observed, n, outcome, note):
    """Each metric is judged on what it is about: successes for latency and tps, all requests for errors, models for
    cold starts; what its interval does not settle is said."""
    failed = ["ModelError"] * 3 + ["Connection"]

    found = check(measured(range(1, 101), failed), metric, value)

    assert found.observed == pytest.approx(observed)
    assert (n, outcome, note) == (found.n, found.outcome, found.note)
    assert found.proven is (note == "")


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("p95", "10ms..1s", (10, 1000, "ms", None)),
        ("cold_p95", "1s", (None, 1000, "ms", None)),
        ("tps", 40, (40, None, "requests/s", None)),
        ("tps", "96%", (48, None, "requests/s", 50)),
        ("error_rate", "1%", (None, 0.01, "ratio", None)),
        ("errors.ModelError", 3, (None, 3, "requests", None)),
        ("errors.ModelError", "25%", (None, 25, "requests", 100)),
        ("requests", 100, (100, None, "requests", None)),
    ],
)
def test_bounds_are_numbers_in_the_unit_of_what_was_observed(metric, value, expected):
    """A share is multiplied by what it is a share of, the offered rate or the requests, which is said besides."""
    measurement = measured(range(1, 98), ["ModelError"] * 3, offered_tps=50)

    assert expected == numbers(check(measurement, metric, value))


@pytest.mark.parametrize(
    ("value", "expected"), [("<= 40", (None, 40, "requests/s", None)), ("96%", (None, None, "requests/s", None))]
)
def test_bounds_of_a_scope_without_a_base(value, expected):
    """A share of what is not known is no number: of a stage there was none of, of a load that offers no rate."""
    missing = check(measured(range(1, 98)), "tps", value, ScopeName("stage", "peak"))
    closed = check(measured(range(1, 98)), "tps", value)

    assert [expected] * 2 == [numbers(missing), numbers(closed)]


@pytest.mark.parametrize("metric", [*PERCENTILES, "mean", "tps", "error_rate"])
def test_an_estimate_lies_in_its_interval(metric):
    """Percentiles, mean, tps and error rate have an interval, of at most as many samples as there are."""
    value = {"tps": 1, "error_rate": "10%"}.get(metric, "1s")

    found = check(spread(30_000, failed_every=100), metric, value)

    assert found.lower < found.observed < found.upper < math.inf
    assert 1 <= found.n_eff <= found.n
    assert (found.outcome, found.proven, found.note) == ("pass", True, "")


@pytest.mark.parametrize("metric", ["max", "requests", "errors.ModelError", "cold_p95"])
def test_facts_have_no_interval(metric):
    """A count or an extreme is what it is: proven, kept or not."""
    measurement = measured(range(1, 101), ["ModelError"])
    kept, broken = {"requests": (1, 1000), "errors.ModelError": (1, 0)}.get(metric, ("1s", "0.1ms"))

    found = [check(measurement, metric, kept), check(measurement, metric, broken)]

    assert [each.outcome for each in found] == ["pass", "fail"]
    for each in found:
        assert (each.lower, each.upper, each.n_eff, each.proven) == (None, None, None, True)


@pytest.mark.parametrize("metric", [*PERCENTILES, "mean"])
def test_proven_means_all_of_the_interval_on_one_side(metric):
    """Proven both ways: limits beyond either end of the interval are settled, any within is not."""
    measurement = spread(30_000)
    found = check(measurement, metric, "1s")
    limits = [found.lower * 0.999, found.observed * 0.9999, found.observed * 1.0001, found.upper * 1.001]

    held = [check(measurement, metric, f"{limit:.6f}ms") for limit in limits]

    assert [(each.outcome, each.proven) for each in held] == [
        ("fail", True),
        ("fail", False),
        ("pass", False),
        ("pass", True),
    ]


def test_a_range_is_proven_from_both_ends():
    """An interval that reaches over either end of a range is not proven; one that lies outside is."""
    measurement = spread(30_000)
    found = check(measurement, "p50", "1s")
    low, high = found.lower, found.upper

    ranges = [(low, high), (low * 1.0001, high), (low, high * 0.9999), (high + 1, high + 2), (low / 3, low / 2)]
    held = [check(measurement, "p50", f"{begin:.7f}ms..{end:.7f}ms") for begin, end in ranges]

    assert [each.proven for each in held] == [True, False, False, True, True]
    assert [each.outcome for each in held] == ["pass", "pass", "pass", "fail", "fail"]


def test_a_tighter_level_gives_a_wider_interval():
    """A load that may be looked at three times has a third of the level at each."""
    measurement = spread(30_000)
    once, thrice = (
        judge([(TOTAL, parse_limit("p95", "1s", source=""))], measurement, alpha=alpha)[0] for alpha in (0.05, 0.05 / 3)
    )

    assert thrice.observed == once.observed
    assert thrice.lower < once.lower
    assert thrice.upper > once.upper


def test_on_unproven_fails_what_is_not_proven():
    """With on_unproven="fail" a kept limit that is not proven fails and says so; proven ones stay as they are."""
    limits = [parse_limit(*each, source="the mark") for each in (("p50", "50ms"), ("p50", "95ms"), ("max", "100ms"))]

    found = judge([(TOTAL, limit) for limit in limits], measured(range(1, 101)), on_unproven="fail")

    assert [(each.outcome, each.proven, each.note) for each in found] == [
        ("fail", False, "not proven, which on_unproven counts as a failure"),
        ("pass", True, ""),
        ("pass", True, ""),
    ]


def test_on_unproven_says_how_long_proof_takes():
    """Where samples are what is missing, the failure says how many and how long they take at the measured rate."""
    measurement = measured(SPELLS, in_order=True)
    found = judge([(TOTAL, parse_limit("p95", "1s", source=""))], measurement, on_unproven="fail")

    counts = "not proven, which on_unproven counts as a failure"
    assert found[0].outcome == "fail"
    assert found[0].note == f"{counts}: an interval takes 655 samples, 100 are there; at 10 TPS that is 1m6s"


def test_how_long_is_left_out_without_a_rate():
    """Where no success ended inside the window there is no rate to say it by."""
    found = check(measured([20_000.0 * each for each in SPELLS], in_order=True), "p95", "1h")

    assert found.note == "not proven: an interval takes 655 samples, 100 are there"


def test_too_few_successes_are_neither_proof_nor_disproof():
    """More would settle it, so that a load that may go on does; no success at all settles it as a failure."""
    kept, broken = (check(measured([1.0] * 71), "p95", limit) for limit in ("1s", "0.5ms"))
    none = check(measured([], ["ModelError"] * 30), "p95", "1s")

    assert (kept.outcome, kept.proven) == ("invalid", False)
    assert broken.outcome == "invalid"
    assert (none.outcome, none.proven) == ("fail", True)


def test_a_load_that_was_ended_early():
    """abort_on is a failing check of the total's error rate, proven by having happened."""
    expected = Check(
        scope="total",
        metric="error_rate",
        limit="< 50% for 10s",
        source="abort_on",
        observed=0.75,
        n=40,
        outcome="fail",
        note="abort_on ended the load: that many of the requests of 10s had failed",
        at_most=0.5,
        unit="ratio",
    )

    assert expected == abort_check(
        Abort(error_rate=0.75, requests=40, span_s=10.0, limit=0.5), recording([], opens=0, closes=1)
    )
    assert expected.proven


def test_checks_keep_the_order_of_the_limits():
    """Checks come in the order of the resolved budget."""
    limits = [(scope, parse_limit("p50", "1s", source="")) for scope in (TOTAL, A, B)]

    assert [found.scope for found in judge(limits, measured([1, 2], models=["a", "b"]))] == ["total", "a", "b"]


@pytest.mark.parametrize(("metric", "needed"), [("p50", 6), ("p90", 36), ("p95", 72), ("p99", 368), ("p99_9", 3688)])
def test_too_few_requests(metric, needed):
    """A percentile on fewer requests than bound it is undecided, never a breach, and says what it needs."""
    short = check(measured([1.0] * (needed - 1), ["ModelError"]), metric, "1s")
    enough = check(measured([1.0] * needed), metric, "1s")

    rate = (needed - 1) / WINDOW_S
    takes = format_duration(math.ceil(needed / rate))
    expected = f"too few requests: {metric} needs {needed:,}, has {needed - 1:,}; at {rate:.3g} TPS that takes {takes}"
    assert (short.outcome, short.note) == ("invalid", expected)
    assert (enough.outcome, enough.note) == ("pass", "")


def test_too_few_at_no_rate():
    """How long enough successes would take is left out where none ended inside the window."""
    found = check(measured([20_000.0]), "p95", "1h")

    assert (found.outcome, found.note) == ("invalid", "too few requests: p95 needs 72, has 1")


def test_lost_requests_are_the_slowest():
    """Timeouts and unsent arrivals stand as +infinity in a percentile, and are counted; other errors do not."""
    measurement = measured([1.0] * 20, ["Timeout"] * 3 + ["ModelError"], unsent=1200, offered_tps=50)

    found = check(measurement, "p95", "1h")

    expected = (math.inf, 1223, "fail", "3 timed out, 1,200 unsent count as slowest")
    assert expected == (found.observed, found.n, found.outcome, found.note)


def test_one_lost_request_leaves_the_percentile():
    """A percentile below the lost requests is the latency there; the largest is lost."""
    measurement = measured([1.0] * 99, ["Timeout"])

    percentile, largest = check(measurement, "p95", "1ms"), check(measurement, "max", "1h")

    note = "1 timed out counts as slowest"
    assert (percentile.observed, percentile.outcome, percentile.note) == (1.0, "pass", f"{note}; not proven")
    assert (percentile.lower, percentile.upper) == (1.0, math.inf)
    assert (largest.observed, largest.outcome) == (1.0, "pass")


def test_what_was_too_slow_takes_its_time_in_mean_and_maximum():
    """A timeout counts at its timeout, another failure at the time it took where that is over the limit."""
    rows = [Row(0.0, 0.0, 0.001)] * 18 + [Row(0.0, 0.0, 0.2, TIMEOUT), Row(0.0, 0.0, 1.0, MODEL_ERROR)]
    measurement = measure(recording(rows, 0.0, 10.0))

    largest, mean = check(measurement, "max", "500ms"), check(measurement, "mean", "30ms")
    generous = check(measurement, "mean", "2s")

    assert (largest.observed, largest.outcome) == (1000.0, "fail")
    assert (mean.observed, mean.n, mean.outcome) == (pytest.approx((18 + 200 + 1000) / 20), 20, "fail")
    assert "1 timed out, 1 failed after more than the limit count with the time taken" in mean.note
    assert (generous.observed, generous.n) == (pytest.approx((18 + 200) / 19), 19)


def test_a_failure_slower_than_the_limit_is_too_slow():
    """Whatever ended it: an endpoint that gives up after a minute has not answered within a second."""
    rows = [Row(0.0, 0.0, 0.01)] * 90 + [Row(0.0, 0.0, 60.0, MODEL_ERROR)] * 10
    slow = check(measure(recording(rows, 0.0, 100.0)), "p95", "1s")
    rows = [Row(0.0, 0.0, 0.01)] * 90 + [Row(0.0, 0.0, 0.02, MODEL_ERROR)] * 10
    fast = check(measure(recording(rows, 0.0, 100.0)), "p95", "1s")

    assert (slow.observed, slow.n, slow.outcome) == (math.inf, 100, "fail")
    assert "10 failed after more than the limit count as slowest" in slow.note
    assert (fast.observed, fast.n, fast.outcome) == (pytest.approx(10.0), 90, "pass")


def test_an_unsent_request_is_over_any_limit():
    """No mean and no maximum is short enough for an answer that was never asked for."""
    measurement = measure(recording([Row(0.0, 0.0, 0.01)] * 40, 0.0, 10.0, unsent=[(5.0, 0)]))

    assert [check(measurement, metric, "1h").observed for metric in ("mean", "max")] == [math.inf] * 2


def test_a_model_that_never_answers_is_a_cold_start_without_end():
    """It counts as slowest among the first touches, however many others were quick."""
    rows = [Row(0.0, 0.0, 0.01, 0, model) for model in (0, 1)] + [Row(0.0, 0.0, 0.02, MODEL_ERROR, 2)]
    found = check(measure(recording(rows, 0.0, 10.0)), "cold_p95", "1h")

    assert (found.observed, found.n, found.outcome) == (math.inf, 3, "fail")
    assert "1 model never answered, which counts as slowest" in found.note


@pytest.mark.parametrize(
    ("metric", "value"),
    [("p95", "1h"), ("mean", "1h"), ("tps", 0), ("error_rate", "100%"), ("errors.Timeout", 0), ("requests", 1)],
)
def test_no_success(metric, value):
    """Requests were sent and none succeeded: every check fails, however generous its limit."""
    found = check(measured([], ["ModelError"] * 30), metric, value)

    assert (found.outcome, found.note) == ("fail", "none of 30 requests succeeded")


def test_no_success_among_lost():
    """Where all requests were lost, both facts are said."""
    found = check(measured([], ["Timeout"] * 2), "p50", "1h")

    expected = (math.inf, "fail", "none of 2 requests succeeded; 2 timed out count as slowest")
    assert expected == (found.observed, found.outcome, found.note)


@pytest.mark.parametrize("metric", ["p95", "tps", "error_rate", "errors.Timeout", "requests"])
def test_no_sample(metric):
    """A scope without a sample fails its checks, a budgeted model without traffic as well as an unknown one."""
    measurement = measured([1.0] * 20, models=["a", "b"])
    value = "1h" if metric == "p95" else "0%" if metric == "error_rate" else 0

    expected = [("fail", "no sample")] * 2
    found = [check(measurement, metric, value, scope) for scope in (B, ScopeName("stage", "peak"))]
    assert expected == [(each.outcome, each.note) for each in found]


def test_tps_share_of_the_offered_rate():
    """A share is of the scope's own offered rate: the load's, the model's share of it, the stage's."""
    stages = [StageSpan("low", 0, 5, tps=10), StageSpan("high", 5, 10, tps=30)]
    measurement = measured([1.0] * 96, offered_tps=20, models=["a", "b"], stages=stages)

    found = [
        check(measurement, "tps", "96%"),
        check(measurement, "tps", "96%", A),
        check(measurement, "tps", "96%", ScopeName("stage", "low")),
    ]

    assert [(each.limit, each.observed, each.outcome) for each in found] == [
        (">= 96% of 20 TPS offered", 9.6, "fail"),
        (">= 96% of 10 TPS offered", 9.6, "pass"),
        (">= 96% of 10 TPS offered", 19.2, "pass"),
    ]


def test_tps_share_without_a_rate():
    """A share of a rate that a closed load does not offer never passes."""
    found = check(measured([1.0] * 20), "tps", "0%")

    assert (found.limit, found.outcome) == (">= 0% of the offered TPS", "fail")
    assert found.note == "no offered rate to take a share of"


def test_kinds_that_are_not_told_apart():
    """A count of one kind may be among those that share the last code, and then no limit of it is kept."""
    failed = [f"Kind{number}" for number in range(300)]
    found = check(measured([1.0] * 9_700, failed), "errors.ModelError", 0)
    said = "51 failures are of more kinds than are told apart, and count as Other"

    assert ("fail", 51, said) == (found.outcome, found.observed, found.note)
    assert "pass" == check(measured([1.0] * 9_700, failed[:200]), "errors.ModelError", 0).outcome


def test_a_class_is_of_the_status_answered():
    """A limit on a class or status of errors counts by the wire's status, one on a code by the code claimed."""
    load = measured([1.0] * 98, ["ValidationError"] * 2, answered_with={"ValidationError": 503})
    observed = {kind: check(load, f"errors.{kind}", 0).observed for kind in ("4xx", "400", "5xx", "503")}

    assert {"4xx": 0, "400": 0, "5xx": 2, "503": 2} == observed
    assert 2 == check(load, "errors.ValidationError", 0).observed


def test_few_requests_of_one_of_many_models():
    """One that is over its limit all the same fails, and nobody reads that it had too few; the others are unproven."""
    load = measured([300.0] * 20, models=["a", "b"])
    limit = parse_limit("p95", "100ms", source="")
    checks = judge([(A, limit), (B, limit)], load)

    assert ("fail", "proven among 2 models, few as its requests are") == (checks[0].outcome, checks[0].note)


def test_share_of_errors():
    """A share of errors is of the scope's requests, and what was observed is a count."""
    found = check(measured([1.0] * 97, ["ModelError"] * 3), "errors.ModelError", "3%")

    assert (found.limit, found.observed, found.outcome) == ("<= 3% of 100 requests", 3, "pass")


@given(
    st.lists(st.floats(0.01, 9000), max_size=30),
    st.lists(st.sampled_from(["Timeout", "ModelError"]), max_size=5),
    st.sampled_from([metric for metric in METRICS if metric not in {"errors", "stalled"}]),
)
@settings(max_examples=100)
def test_pass_means_within_the_limit(ms, failed, metric):
    """A check that passes has an observed number within its limit and at least one success; any other fails."""
    value = {"tps": 1, "error_rate": "10%", "requests": 5}.get(metric, "500ms")
    limit = parse_limit(metric, value, source="")

    found = check(measured(ms, failed), metric, value)

    if found.outcome == "pass":
        assert ms
        assert limit.allows(found.observed)
    else:
        assert found.note or not limit.allows(found.observed)
