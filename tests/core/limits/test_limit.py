"""One limit: read, said back, held against a value."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.limits.cost_limit import COST_METRICS
from pytest_smload.core.limits.grammar import parse_limit, parse_limits
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.request.known_kinds import ALLOWED
from pytest_smload.core.statistics.bound import Bound

INF = math.inf
LATENCIES = ("p50", "p90", "p95", "p99", "p99_9", "mean", "max", "cold_p95")


def bounds(metric: str, value: object) -> tuple[float | None, float | None, bool]:
    limit = parse_limit(metric, value, source="here")
    return limit.at_least, limit.at_most, limit.relative


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("p95", "250ms", (None, 250, False)),
        ("p99_9", "1.5s", (None, 1500, False)),
        ("p95", "<= 250 ms", (None, 250, False)),
        ("mean", ">= 10ms", (10, None, False)),
        ("max", "10ms..1m30s", (10, 90_000, False)),
        ("cold_p95", "30s", (None, 30_000, False)),
        ("tps", 50, (50, None, False)),
        ("tps", 0.5, (0.5, None, False)),
        ("tps", "40", (40, None, False)),
        ("tps", "96%", (0.96, None, True)),
        ("tps", "<= 40", (None, 40, False)),
        ("tps", "40..60", (40, 60, False)),
        ("tps", " 90% .. 110% ", (0.9, 1.1, True)),
        ("error_rate", "1%", (None, 0.01, False)),
        ("error_rate", 0.01, (None, 0.01, False)),
        ("error_rate", 0, (None, 0, False)),
        ("error_rate", 0.0, (None, 0, False)),
        ("error_rate", "100%", (None, 1, False)),
        ("error_rate", ">= 0.5", (0.5, None, False)),
        ("error_rate", "0..1%", (0, 0.01, False)),
        ("errors.ModelError", 0, (None, 0, False)),
        ("errors.ModelError", "1%", (None, 0.01, True)),
        ("errors.ModelError", "1..3", (1, 3, False)),
        ("requests", 1000, (1000, None, False)),
        ("requests", "<= 10", (None, 10, False)),
    ],
)
def test_value_and_direction(metric, value, expected):
    """A bare value takes the natural direction; <=, >= and a range say it; units become ms, req/s, ratio, count."""
    assert expected == bounds(metric, value)


@pytest.mark.parametrize(
    ("metric", "value", "message"),
    [
        ("p95", 250, """250 needs a unit: write "250ms" or "250s\""""),
        ("p95", "250", """'250' needs a unit: write "250ms" or "250s\""""),
        ("p95", "0.25..1s", """'0.25' needs a unit: write "0.25ms" or "0.25s\""""),
        ("p95", "fast", """'fast' is not a latency; write one with its unit, like "250ms" or "1.5s\""""),
        ("p95", "-5ms", """'-5ms' is not a latency; write one with its unit, like "250ms" or "1.5s\""""),
        ("p95", True, """True is not a latency; write one with its unit, like "250ms" or "1.5s\""""),
        ("p95", None, "None is not a limit; leave it out"),
        ("p95", "0ms", "'0ms': no response takes no time; write a latency above 0"),
        ("p95", "9" * 400 + "h", f"'{'9' * 99}...{'9' * 8}h' is longer than any load"),
        (
            "p95",
            "< 250ms",
            """'< 250ms': only <=, >= and inclusive ranges such as "40..60" are allowed; write "<= 250ms\"""",
        ),
        ("tps", "> 40", """'> 40': only <=, >= and inclusive ranges such as "40..60" are allowed; write ">= 40\""""),
        ("tps", "=> 40", """'=> 40': only <=, >= and inclusive ranges such as "40..60" are allowed; write ">= 40\""""),
        ("tps", "== 40", """'== 40': only <=, >= and inclusive ranges such as "40..60" are allowed"""),
        ("tps", "<= 40..60", """'<= 40..60' is not a range; write one like "40..60", without <= or >="""),
        ("tps", "40..", """'40..' is not a range; write one like "40..60", without <= or >="""),
        ("tps", "60..40", """'60..40' counts down; write "40..60\""""),
        ("tps", "90%..60", "'90%..60' mixes a share and a number; give both ends as one or the other"),
        ("tps", "120%", "'120%' is more than is offered; write a share up to 100%"),
        ("tps", "x%", """'x%' is not a percentage; write one like "1%" or "0.5%\""""),
        ("tps", "many", """'many' is not a rate; write requests/s, 40, or a share of the offered rate, "96%\""""),
        ("tps", INF, """inf is not a rate; write requests/s, 40, or a share of the offered rate, "96%\""""),
        ("tps", math.nan, """nan is not a rate; write requests/s, 40, or a share of the offered rate, "96%\""""),
        ("tps", -1, """-1 is not a rate; write requests/s, 40, or a share of the offered rate, "96%\""""),
        ("error_rate", 1, """1: 1 % or 100 %? write "1%" or "100%\""""),
        ("error_rate", 1.0, """1.0: 1 % or 100 %? write "1%" or "100%\""""),
        ("error_rate", "<= 1", """'1': 1 % or 100 %? write "1%" or "100%\""""),
        ("error_rate", 5, """5 is not a rate; write "5%" or a number below 1"""),
        ("error_rate", -0.1, """-0.1 is not a rate; write "1%" or a number below 1"""),
        ("error_rate", "120%", "'120%' is more than all requests; write a share up to 100%"),
        ("errors.ModelError", 0.5, """0.5 is not a count; write a whole number, or a share of the requests, "1%\""""),
        (
            "errors.ModelError",
            False,
            """False is not a count; write a whole number, or a share of the requests, "1%\"""",
        ),
        ("errors.ModelError", "200%", "'200%' is more than all requests; write a share up to 100%"),
        ("requests", 10.5, "10.5 is not a count; write a whole number"),
        ("requests", "50%", "'50%' is not a count; write a whole number"),
        ("requests", 10**400, f"1{'0' * 99}...{'0' * 10} is not a count; write a whole number"),
    ],
)
def test_refused(metric, value, message):
    """A value that cannot be a limit is refused with what to write instead."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        parse_limit(metric, value, source="here")

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("metric", "value", "base", "expected"),
    [
        ("p95", "250ms", None, "<= 250 ms"),
        ("p95", "1.2345s", None, "<= 1.2345 s"),
        ("p95", "10ms..250ms", None, "10 ms..250 ms"),
        ("tps", 40, None, ">= 40 TPS"),
        ("tps", "40..60", None, "40..60 TPS"),
        ("tps", "96%", 50, ">= 96% of 50 TPS offered"),
        ("tps", "96%", None, ">= 96% of the offered TPS"),
        ("error_rate", "0.001%", None, "<= 0.001%"),
        ("error_rate", 0, None, "<= 0%"),
        ("errors.ModelError", 0, None, "<= 0"),
        ("errors.ModelError", "1%", 3000, "<= 1% of 3,000 requests"),
        ("errors.ModelError", "1%", None, "<= 1% of requests"),
        ("requests", 1000, None, ">= 1,000"),
    ],
)
def test_describe(metric, value, base, expected):
    """A limit is said back exactly, with its unit and what a share is of."""
    assert expected == parse_limit(metric, value, source="here").describe(base)


@given(
    st.sampled_from(LATENCIES),
    st.integers(1, 10**7),
    st.sampled_from(["<= ", ">= "]),
)
@settings(max_examples=60)
def test_described_latency_reads_back(metric, us, operator):
    """What a latency limit says can be copied into a budget and means the same."""
    limit = parse_limit(metric, f"{operator}{us}us", source="here")

    again = parse_limit(metric, limit.describe(), source="here")

    assert limit.at_least == pytest.approx(again.at_least)
    assert limit.at_most == pytest.approx(again.at_most)


@given(st.integers(1, 10_000), st.integers(1, 200_000))
@settings(max_examples=60)
def test_share_of_a_count_is_exact(basis_points, requests):
    """A share of a count is judged as if computed without rounding: k errors pass exactly when k/n <= share."""
    limit = parse_limit("errors.ModelError", f"{basis_points / 100:g}%", source="here")
    most = basis_points * requests // 10_000

    assert limit.allows(most, requests)
    assert not limit.allows(most + 1, requests)


def test_bounds_are_inclusive():
    """A value on a bound keeps to the limit."""
    limit = parse_limit("tps", "40..60", source="here")

    assert [limit.allows(value) for value in (39.99, 40, 50, 60, 60.01)] == [False, True, True, True, False]


def test_nan_keeps_to_nothing():
    """Neither an unknown value nor a share of an unknown base passes."""
    share = parse_limit("tps", "96%", source="here")

    assert not parse_limit("p95", "250ms", source="here").allows(math.nan)
    assert not share.allows(50, math.nan)


def test_infinite_latency_exceeds_every_limit():
    """A percentile among lost requests, +infinity, is over any latency."""
    assert not parse_limit("p95", "1000h", source="here").allows(INF)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("p95", "400ms"), ("p95", "250ms"), True),
        (("p95", "200ms"), ("p95", "250ms"), False),
        (("p95", "250ms"), ("p95", "250ms"), False),
        (("p95", ">= 1ms"), ("p95", "250ms"), True),
        (("tps", 30), ("tps", 40), True),
        (("tps", 50), ("tps", 40), False),
        (("tps", 50), ("tps", "40..60"), True),
        (("tps", "45..50"), ("tps", "40..60"), False),
        (("tps", "96%"), ("tps", 40), None),
    ],
)
def test_looser(one, other, expected):
    """A limit is looser when it allows what the other refuses; a share and a number cannot be told apart."""
    first, second = (parse_limit(*limit, source="here") for limit in (one, other))

    assert expected is first.looser_than(second)


def test_limits_of_a_table():
    """Each metric gives a limit, and each error kind one of its own, with what was written and where."""
    limits, problems = parse_limits({"p95": "250ms", "errors": {"ModelError": 0, "5xx": "1%", "413": 0}}, source="here")

    assert problems == []
    assert [
        Limit("p95", None, 250, False, "250ms", "here"),
        Limit("errors.ModelError", None, 0, False, "0", "here"),
        Limit("errors.5xx", None, 0.01, True, "1%", "here"),
        Limit("errors.413", None, 0, False, "0", "here"),
    ] == limits


def test_all_mistakes_of_a_table_together():
    """Every mistake is reported, each naming its metric, and the good limits are kept."""
    limits, problems = parse_limits(
        {
            "p95_ms": "250ms",
            "cold_p95": 1000,
            "p99": 250,
            "tps": 40,
            "errors": {"Modelerror": 0, "ServiceUnavailableException": 0, 3: 0, "Timeout": 0.5},
        },
        source="here",
        beside=["model"],
    )

    allowed = f"(allowed: {', '.join((*METRICS, *SERVER_METRICS, *SCALING_METRICS, *COST_METRICS))}, model)"
    assert [
        f"unknown key 'p95_ms'; did you mean 'p95'? {allowed}",
        'cold_p95: 1000 needs a unit: write "1000ms" or "1000s"',
        'p99: 250 needs a unit: write "250ms" or "250s"',
        f"errors: no error kind 'Modelerror'; did you mean 'ModelError'? (allowed: {ALLOWED})",
        "errors: 3 is not the name of an error kind; one is 'ModelError'",
        'errors.Timeout: 0.5 is not a count; write a whole number, or a share of the requests, "1%"',
    ] == problems
    assert [limit.metric for limit in limits] == ["tps", "errors.ServiceUnavailableException"]


@pytest.mark.parametrize(
    ("kind", "near"),
    [
        ("ModelNotReady", "ModelNotReadyException"),
        ("Throttling", "ThrottlingException"),
        ("timeout", "Timeout"),
        ("5XX", "5xx"),
        ("ok", None),
        ("200", None),
        ("Other", None),
        ("Foo", None),
    ],
)
def test_error_kinds_are_a_closed_list(kind, near):
    """A limit on what no load can have would never be broken: it is refused, with the nearest kind there is."""
    limits, (problem,) = parse_limits({"errors": {kind: 0}}, source="here")

    assert limits == []
    assert problem.startswith(f"errors: no error kind {kind!r}")
    assert (f"did you mean {near!r}?" in problem) == (near is not None)


def test_errors_needs_a_table():
    """A number for errors is refused, pointing at error_rate."""
    _, problems = parse_limits({"errors": 0}, source="here")

    assert problems == ['errors: 0 is not a table of kinds like {"ModelError": 0}; for all of them write error_rate']


def test_limit_is_immutable():
    """A limit is changed by replacing it."""
    limit = parse_limit("p95", "250ms", source="here")

    assert replace(limit, at_most=300).at_most == 300
    assert limit.at_most == 250


class TestSettledBy:
    @pytest.mark.parametrize(
        ("metric", "value", "interval", "proven"),
        [
            ("p95", "250ms", (200.0, 240.0), True),
            ("p95", "250ms", (200.0, 250.0), True),
            ("p95", "250ms", (200.0, 260.0), False),
            ("p95", "250ms", (251.0, 260.0), True),
            ("p95", "250ms", (250.0, 260.0), False),
            ("p95", "250ms", (0.0, INF), False),
            ("p95", "250ms", (300.0, INF), True),
            ("p95", "250ms", (INF, INF), True),
            ("p95", "40ms..60ms", (41.0, 59.0), True),
            ("p95", "40ms..60ms", (30.0, 39.0), True),
            ("p95", "40ms..60ms", (30.0, 70.0), False),
            ("tps", ">= 40", (41.0, 45.0), True),
            ("tps", ">= 40", (35.0, 39.0), True),
            ("tps", ">= 40", (35.0, 41.0), False),
            ("error_rate", "1%", (0.0, 0.009), True),
            ("error_rate", "1%", (0.0, 0.02), False),
            ("p95", "250ms", (math.nan, math.nan), False),
        ],
    )
    def test_one_side(self, metric: str, value: str, interval: tuple[float, float], proven: bool) -> None:
        """A check is proven when its interval lies wholly on one side of the limit."""
        assert proven is parse_limit(metric, value, source="here").settled_by(Bound(1.0, *interval, 100, 100))

    @pytest.mark.parametrize(
        ("lower", "upper", "proven"), [(97.0, 99.0, True), (95.0, 97.0, False), (90.0, 95.0, True)]
    )
    def test_relative(self, lower: float, upper: float, proven: bool) -> None:
        """A share of the offered rate is held against that rate."""
        assert proven is parse_limit("tps", "96%", source="here").settled_by(Bound(96.0, lower, upper, 100, 100), 100.0)
