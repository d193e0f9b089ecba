"""Limits held against what was measured."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import MODEL_ERROR, Row, recording

from pytest_smload.core.limits.check import Check
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import abort_check, judge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.samples.recording import Abort, ClientReadings, Recording, Samples

WINDOW_S = 10.0
A, B = ScopeName("model", "a"), ScopeName("model", "b")
PERCENTILES = ("p50", "p90", "p95", "p99", "p99_9")
UNPROVEN, SOON = "not proven", "at 10 TPS that is"


def measured(
    ms: Sequence[float] = (),
    failed: Sequence[str] = (),
    *,
    models: Sequence[str] = (),
    unsent: int = 0,
    offered_tps: float | None = None,
    stages: Sequence[StageSpan] = (),
) -> Measurement:
    """A window of 10 s from 0 on, in which everything happened to the first model, early."""
    samples, kinds = Samples(), ErrorKinds()
    for latency_ms, kind in [*((each, "ok") for each in ms), *((1.0, kind) for kind in failed)]:
        samples.due.append(0.0)
        samples.start.append(0.0)
        samples.end.append(latency_ms / 1000)
        samples.kind.append(kinds.code(kind))
        samples.model.append(0)
    names = list(models) or ["total"]
    return measure(
        Recording(
            model_names=names,
            multi_model=bool(models),
            target_shares=[1 / len(names)] * len(names),
            kind_names=kinds.names,
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
        limit="<= 30 ms",
        source="the mark",
        observed=19.0,
        n=20,
        outcome="pass",
        note="not proven: an interval takes 72 samples, 20 are there; at 2 TPS that is 36s",
        lower=17.0,
        upper=math.inf,
        n_eff=20,
        proven=False,
        at_most=30.0,
    )

    assert expected == check(measured(range(1, 21)), "p95", "30ms")


@pytest.mark.parametrize(
    ("metric", "value", "observed", "n", "outcome", "note"),
    [
        ("p50", "50ms", 50, 100, "pass", UNPROVEN),
        ("p90", "89ms", 90, 100, "fail", f"{UNPROVEN}: an interval takes 225 samples, 100 are there; {SOON} 23s"),
        ("p99", "99ms", 99, 100, "pass", f"{UNPROVEN}: an interval takes 368 samples, 100 are there; {SOON} 37s"),
        ("mean", "50.5ms", 50.5, 100, "pass", UNPROVEN),
        ("mean", "50ms", 50.5, 100, "fail", UNPROVEN),
        ("mean", "70ms", 50.5, 100, "pass", ""),
        ("max", "100ms", 100, 100, "pass", ""),
        ("max", "10ms..99ms", 100, 100, "fail", ""),
        ("tps", 10, 10, 100, "pass", UNPROVEN),
        ("tps", "<= 9", 10, 100, "fail", UNPROVEN),
        ("tps", 40, 10, 100, "fail", ""),
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

    found = check(spread(9000, failed_every=100), metric, value)

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
        assert (each.lower, each.upper, each.n_eff, each.proven, each.note) == (None, None, None, True, "")


@pytest.mark.parametrize("metric", [*PERCENTILES, "mean"])
def test_proven_means_all_of_the_interval_on_one_side(metric):
    """Proven both ways: limits beyond either end of the interval are settled, any within is not."""
    measurement = spread(9000)
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
    measurement = spread(9000)
    found = check(measurement, "p50", "1s")
    low, high = found.lower, found.upper

    ranges = [(low, high), (low * 1.0001, high), (low, high * 0.9999), (high + 1, high + 2), (low / 3, low / 2)]
    held = [check(measurement, "p50", f"{begin:.7f}ms..{end:.7f}ms") for begin, end in ranges]

    assert [each.proven for each in held] == [True, False, False, True, True]
    assert [each.outcome for each in held] == ["pass", "pass", "pass", "fail", "fail"]


def test_a_tighter_level_gives_a_wider_interval():
    """A load that may be looked at three times has a third of the level at each."""
    measurement = spread(9000)
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
    found = judge([(TOTAL, parse_limit("p95", "1s", source=""))], measured([1.0] * 40), on_unproven="fail")

    counts = "not proven, which on_unproven counts as a failure"
    assert found[0].outcome == "fail"
    assert found[0].note == f"{counts}: an interval takes 72 samples, 40 are there; at 4 TPS that is 18s"


def test_how_long_is_left_out_without_a_rate():
    """Where no success ended inside the window there is no rate to say it by."""
    found = check(measured([20_000.0] * 20), "p95", "1h")

    assert found.note == "not proven: an interval takes 72 samples, 20 are there"


def test_too_few_successes_are_neither_proof_nor_disproof():
    """They fail, but more would settle it, so that a load that may go on does; no success at all settles it."""
    few, none = (check(each, "p95", "1s") for each in (measured([1.0] * 19), measured([], ["ModelError"] * 30)))

    assert (few.outcome, few.proven) == ("fail", False)
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

    assert expected == abort_check(Abort(error_rate=0.75, requests=40, span_s=10.0, limit=0.5))
    assert expected.proven


def test_checks_keep_the_order_of_the_limits():
    """Checks come in the order of the resolved budget."""
    limits = [(scope, parse_limit("p50", "1s", source="")) for scope in (TOTAL, A, B)]

    assert [found.scope for found in judge(limits, measured([1, 2], models=["a", "b"]))] == ["total", "a", "b"]


@pytest.mark.parametrize(("metric", "needed"), [("p50", 2), ("p90", 10), ("p95", 20), ("p99", 100), ("p99_9", 1000)])
def test_too_few_successes(metric, needed):
    """A percentile on fewer than ceil(1/(1-p)) successes fails, and says what it needs."""
    short = check(measured([1.0] * (needed - 1), ["ModelError"]), metric, "1s")
    enough = check(measured([1.0] * needed), metric, "1s")

    rate = (needed - 1) / WINDOW_S
    takes_s = math.ceil(needed / rate)
    expected = f"{metric} needs {needed:,} successes, has {needed - 1:,}; at {rate:.3g} TPS that takes {takes_s}s"
    assert (short.outcome, short.note) == ("fail", expected)
    assert enough.outcome == "pass"
    assert "needs" not in enough.note
    assert enough.note.startswith("not proven: an interval takes ")


def test_too_few_at_no_rate():
    """How long enough successes would take is left out where none ended inside the window."""
    found = check(measured([20_000.0]), "p95", "1h")

    assert (found.outcome, found.note) == ("fail", "p95 needs 20 successes, has 1")


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
    assert (largest.observed, largest.outcome, largest.note) == (math.inf, "fail", note)


def test_lost_requests_are_not_in_the_mean():
    """The mean is over successes, and says what it leaves out."""
    found = check(measured([1.0] * 9, ["Timeout"]), "mean", "2ms")

    note = "1 timed out: not in the mean; not proven: an interval takes 20 samples, 9 are there; at 0.9 TPS that is 23s"
    assert (found.observed, found.n, found.outcome, found.note) == (1.0, 9, "pass", note)


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


def test_share_of_errors():
    """A share of errors is of the scope's requests, and what was observed is a count."""
    found = check(measured([1.0] * 97, ["ModelError"] * 3), "errors.ModelError", "3%")

    assert (found.limit, found.observed, found.outcome) == ("<= 3% of 100 requests", 3, "pass")


@given(
    st.lists(st.floats(0.01, 9000), max_size=30),
    st.lists(st.sampled_from(["Timeout", "ModelError"]), max_size=5),
    st.sampled_from([metric for metric in METRICS if metric != "errors"]),
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
