"""``smload compare``: loads matched by test and label, ratios with intervals, and what a demand comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import past_runs as past
import pytest

from pytest_smload.core.measure.distribution import bins_of, trimmed
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.results.demands import Demand, parse_demand
from pytest_smload.core.results.estimates import figure_of, unfit
from pytest_smload.core.results.side_by_side import compare_runs
from pytest_smload.core.statistics.intervals import quantile_bound
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Answer, Smload
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.statistics.bound import Bound


def _compared(before: LoadResult, after: LoadResult, demand: str = "p95 +10%") -> tuple[str, str]:
    runs = past.run(past.attempt(before)), past.run(past.attempt(after))
    (pair,) = compare_runs(*runs, [parse_demand(demand)])
    (held,) = pair.held
    return held.answer, held.why


def _smload_compare(smload: Smload, folder: Path, *arguments: str, **reports: Any) -> Answer:
    places = [past.write(folder / name, run) for name, run in reports.items()]
    return smload("compare", *places, *arguments)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, "kept"),
        ({"p95_ms": 150.0}, "kept"),
        ({"p95_ms": 215.0}, "undecided"),
        ({"p95_ms": 300.0}, "broken"),
        ({"within": 0.3}, "undecided"),
    ],
)
def test_demand_is_decided_by_the_interval(after: dict[str, Any], expected: str) -> None:
    """Kept and broken are shown by both runs' intervals; what these leave open is undecided."""
    assert expected == _compared(past.load(), past.load(**after))[0]


@pytest.mark.parametrize(
    ("side", "changes", "why"),
    [
        ("after", {"client": past.client(valid=False)}, "not compared: INVALID now"),
        ("before", {"client": past.client(valid=False)}, "not compared: INVALID before"),
        ("after", {"interrupted": True}, "not compared: INTERRUPTED now"),
        ("after", {"client": past.client(judged=False)}, "not compared: simulated now"),
        ("after", {"within": None}, "no interval: without a limit on p95 it takes 20 s of load, and enough requests"),
        ("after", {"errors": 100}, "more requests fail than before (0% -> 3.33%)"),
    ],
)
def test_what_cannot_be_compared_is_not_good(side: str, changes: dict[str, Any], why: str) -> None:
    """However fast it was: an untrusted, interrupted, simulated or failing load keeps no demand."""
    fast = past.load(**({"p95_ms": 20.0} | changes)) if side == "after" else past.load(**changes)
    loads = (past.load(), fast) if side == "after" else (fast, past.load())
    assert ("undecided", why) == _compared(*loads)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"profile": {**past.PROFILE, "tps": 5}}, "another load was asked for: tps: 50 -> 5"),
        (
            {"profile": {**past.PROFILE, "models": {"a": 9}}},
            'another load was asked for: models: not given -> {"a": 9}',
        ),
        ({"transport": "boto3"}, "another load was asked for: transport: http -> boto3"),
    ],
)
def test_another_load_keeps_nothing(changes: dict[str, Any], why: str) -> None:
    """A tenth of the traffic, or none of the slow model's, is fast whatever became of the endpoint."""
    assert ("undecided", why) == _compared(past.load(), past.load(p95_ms=20.0, **changes))


def test_what_changes_no_request_makes_no_other_load() -> None:
    """Spelling, what becomes of what is not proven, and another endpoint: they part no baselines either, or are what
    is compared."""
    profile = {**past.PROFILE, "duration": "1m", "on_unproven": "fail"}
    endpoint = replace(past.STAGING, endpoint_name="abalone-c6i")
    assert "kept" == _compared(past.load(), past.load(profile=profile, endpoint=endpoint))[0]


def test_burst_of_failures_is_not_explained_by_how_vague_it_is() -> None:
    """Three seconds in which all failed, and fast: the share of failures has an interval from 0 on, and what was
    answered is as fast as ever."""
    seconds = [replace(each, tps=0.0, errors=50) if 20 <= each.t_s < 23 else each for each in past.timeline(60)]
    after = past.load(errors=150, tps=47.5, timeline=tuple(seconds))
    interval = figure_of(after, "error_rate").interval
    assert interval is not None
    assert 0.0 == interval.lower
    assert ("undecided", "more requests fail than before (0% -> 5%)") == _compared(past.load(), after)


def test_failures_that_come_by_chance_are_no_more_failures() -> None:
    """Where as many fail before, a few more do each second time."""
    before, after = (
        past.load(errors=errors, timeline=past.timeline(60, tps=49, errors=1), checks=checks)
        for errors, checks in (
            (30, (past.check("p95", 200.0, 194.0, 206.0), past.check("error_rate", 0.01, 0.0066, 0.0143))),
            (42, (past.check("p95", 200.0, 194.0, 206.0), past.check("error_rate", 0.014, 0.01, 0.0189))),
        )
    )
    assert "kept" == _compared(before, after)[0]


def test_few_failures_are_many_of_the_slowest_thousandth() -> None:
    """Nine requests in ten thousand more that fail may have been nearly all that p99.9 is about."""
    checks = [past.check("p99_9", 400.0, 390.0, 410.0)]
    before, after = (
        past.load(figures=past.stats(requests=30_000, errors=errors), checks=(*checks, errors_check))
        for errors, errors_check in (
            (0, past.check("error_rate", 0.0, 0.0, 0.000123)),
            (27, past.check("error_rate", 0.0009, 0.000593, 0.001309)),
        )
    )
    assert ("undecided", "more requests fail than before (0% -> 0.09%)") == _compared(before, after, "p99_9 +10%")


@pytest.mark.parametrize(("offered_tps", "expected"), [(None, "undecided"), (50.0, "broken")])
def test_slow_client_slows_users_down(offered_tps: float | None, expected: str) -> None:
    """Users that wait for their answers send less; a schedule does not."""
    slow = replace(past.client(), bias_p95_ms=80.0, lag_bias_p95_ms=20.0)
    after = past.load(tps=30.0, timeline=past.timeline(60, tps=30), client=slow, offered_tps=offered_tps)
    assert expected == _compared(past.load(offered_tps=offered_tps), after, "tps -10%")[0]


def test_client_slower_than_the_endpoint_decides_nothing() -> None:
    """All of p95 may be its own."""
    slow = replace(past.client(), bias_p95_ms=900.0)
    assert "undecided" == _compared(past.load(client=slow), past.load())[0]
    assert "undecided" == _compared(past.load(), past.load(p95_ms=600.0, client=slow))[0]


@pytest.mark.parametrize(("errors", "expected"), [(60, "undecided"), (0, "kept")])
def test_failures_count_by_the_same_limit(errors: int, expected: str) -> None:
    """A request that failed after 300 ms is slow where 250 ms are the limit, and in no latency where a second is."""
    loads = [
        past.load(errors=errors, checks=(past.check("p95", 200.0, 194.0, 206.0, at_most=limit_ms),))
        for limit_ms in (250.0, 1000.0)
    ]
    answer, why = _compared(*loads)
    assert (expected, "by its limit" in why) == (answer, errors > 0)


def test_latency_that_grows_keeps_nothing() -> None:
    """Where the endpoint does not keep up, how much of it a window shows is a matter of its length."""
    grows = past.load(checks=(past.check("p95", 200.0, 194.0, 206.0, projected=700.0),))
    assert ("undecided", "it grows: twice as long, it would be 700 ms") == _compared(past.load(), grows)
    assert "kept" == _compared(grows, grows)[0] == _compared(grows, past.load())[0]


def test_check_left_undecided_has_no_interval() -> None:
    """The load failed for another limit, but its p95 is the client's as much as the endpoint's."""
    checks = (
        past.check("p95", 200.0, 194.0, 206.0, outcome="invalid"),
        past.check("p99", 9.0, None, None, outcome="fail"),
    )
    load = past.load(checks=checks)
    assert "fail" == load.verdict
    assert ("undecided", "no interval: the limit of p95 is INVALID") == _compared(load, past.load())


@pytest.mark.parametrize(
    ("before", "after", "slow", "expected"),
    [
        (200.0, 200.0, "before", "undecided"),
        (200.0, 140.0, "before", "kept"),
        (200.0, 200.0, "after", "kept"),
        (200.0, 300.0, "after", "undecided"),
        (200.0, 500.0, "after", "broken"),
        (200.0, 300.0, "before", "broken"),
    ],
)
def test_clients_slowness_decides_nothing(before: float, after: float, slow: str, expected: str) -> None:
    """What is kept or broken must be so without what the client may have added to the side that makes it so."""
    loads = [past.load(p95_ms=before), past.load(p95_ms=after)]
    place = 0 if slow == "before" else 1
    loads[place] = replace(loads[place], client=replace(past.client(), bias_p95_ms=50.0, lag_bias_p95_ms=10.0))
    answer, why = _compared(*loads)
    assert expected == answer
    assert ("client's own slowness" in why) == (expected == "undecided")


def test_load_ended_early_is_not_good() -> None:
    """A load that abort_on ended has few and fast answers, and its check is of its end alone."""
    early = past.check("error_rate", 0.9, None, None, source="abort_on", limit="< 50% for 10s", outcome="fail")
    load = past.load(p95_ms=20.0)
    load = replace(load, checks=(*load.checks, early))
    assert "ended early" == unfit(load)
    assert ("undecided", "not compared: ended early now") == _compared(past.load(), load)


def test_check_of_the_end_alone_is_no_estimate() -> None:
    """A p95 over the last seconds of a load is not the load's."""
    load = past.load(within=None)
    load = replace(load, checks=(past.check("p95", 900.0, 800.0, 1000.0, source="abort_on"),))
    figure = figure_of(load, "p95")
    assert (200.0, None) == (figure.value, figure.interval)


def test_check_of_a_part_is_no_estimate_of_the_whole() -> None:
    """Only a limit on the whole load tells its interval."""
    checks = (past.check("p95", 90.0, 80.0, 100.0, scope="model-1"), past.check("p99", 90.0, 80.0, 100.0))
    assert None is figure_of(past.load(checks=checks), "p95").interval


def spread(slices: int, *, requests: int = 3000, seed: int = 1) -> tuple[Distribution, Bound]:
    """Latencies drawn with a seed, by slice, and the interval of the p95 of these very latencies."""
    latencies_ms = np.exp(np.random.default_rng(seed).normal(size=requests) * 0.5) * 90
    bins = bins_of(latencies_ms) // 4
    first = int(bins.min())
    rows = [np.bincount(part - first) for part in np.array_split(bins, slices)]
    over_time = tuple(trimmed(first, row, bins_each=4) for row in rows)
    return Distribution(trimmed(first, np.bincount(bins - first)), {}, 1.0, over_time, {}, {}, {}), quantile_bound(
        latencies_ms, 950
    )


def test_percentiles_need_no_limit() -> None:
    """From the slices of the window: the interval of the samples themselves, as much wider as the bins are."""
    distribution, known = spread(60)
    load = past.load(p95_ms=known.observed, within=None, distribution=distribution)
    interval = figure_of(load, "p95").interval
    assert interval is not None
    assert known.observed == interval.value
    assert known.lower / 1.1 < interval.lower <= known.lower * 1.001
    assert known.upper * 0.999 <= interval.upper < known.upper * 1.1
    assert "kept" == _compared(load, load, "p95 +20%")[0]
    assert "broken" == _compared(load, past.load(p95_ms=400.0), "p95 +10%")[0]


@pytest.mark.parametrize(("slices", "requests"), [(19, 3000), (60, 2999)])
def test_slices_that_do_not_tell_are_not_believed(slices: int, requests: int) -> None:
    """Too few of them, or not as many answers as the load had."""
    distribution, _ = spread(slices, requests=requests)
    load = past.load(within=None, distribution=distribution)
    figure = figure_of(load, "p95")
    assert (None, "without a limit on p95 it takes 20 s of load, and enough requests") == (
        figure.interval,
        figure.why_not,
    )


def test_rate_and_errors_come_from_the_timeline_too() -> None:
    """Their intervals need no limit, but 20 seconds."""
    load = past.load(within=None, timeline=past.timeline(41, errors=1), errors=60)
    for metric, value in (("tps", 50.0), ("error_rate", 0.02)):
        interval = figure_of(load, metric).interval
        assert interval is not None
        assert interval.lower <= value <= interval.upper
        assert interval.upper - interval.lower < value
    short = past.load(within=None, timeline=past.timeline(20))
    assert (None, None) == (figure_of(short, "tps").interval, figure_of(short, "error_rate").interval)


@pytest.mark.parametrize(
    ("demand", "after", "expected"),
    [
        ("tps -10%", {"tps": 50.0, "timeline": past.timeline(60)}, "kept"),
        ("tps -10%", {"tps": 25.0, "timeline": past.timeline(60, tps=25)}, "broken"),
        ("error_rate +1%", {}, "kept"),
        ("error_rate +1%", {"errors": 300, "timeline": past.timeline(60, tps=45, errors=5)}, "broken"),
        ("p95 +1% floor 100ms", {"p95_ms": 240.0}, "kept"),
    ],
)
def test_other_demands(demand: str, after: dict[str, Any], expected: str) -> None:
    """A rate may fall, a share of errors rise by percentage points, a latency grow by its floor in any case."""
    assert expected == _compared(past.load(), past.load(**after), demand)[0]


def test_allowed_errors_do_not_taint_latencies() -> None:
    """Who demands that no more than so many requests fail has said how many may."""
    before, after = (past.run(past.attempt(past.load(errors=errors))) for errors in (0, 30))
    (pair,) = compare_runs(before, after, [parse_demand(each) for each in ("p95 +10%", "error_rate +5%")])
    assert ["kept", "kept"] == [held.answer for held in pair.held]


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        ("p95 +10%", Demand("p95 +10%", "p95", 0.1)),
        (" p99_9 +2.5 % ", Demand("p99_9 +2.5 %", "p99_9", 0.025)),
        ("p95 10% floor 5ms", Demand("p95 10% floor 5ms", "p95", 0.1, 5.0)),
        ("tps -5%", Demand("tps -5%", "tps", 0.05)),
        ("error_rate +0.5%", Demand("error_rate +0.5%", "error_rate", 0.005)),
    ],
)
def test_demands_are_regression_budgets(text: str, demand: Demand) -> None:
    """A sign may say which way is worse."""
    assert demand == parse_demand(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p95", "is no change for the worse; write one like"),
        ("p95 +10", "is no change for the worse; write one like"),
        ("p95 -10%", 'would fail on what is better; write "p95 +10%"'),
        ("tps +5%", 'would fail on what is better; write "tps -5%"'),
        ("p96 +10%", "unknown key 'p96'; did you mean 'p9"),
        ("max +10%", "unknown key 'max'"),
        ("p95 +0%", "two runs are never the same"),
        ("tps -100%", "would be none at all"),
        ("tps -5% floor 5ms", "the floor is for latencies"),
        ("error_rate +1% floor 5ms", "a floor is for latencies"),
        ("error_rate +100%", "allow more than 0% and less than 100% of requests"),
        ("p95 +1.2.3%", "is not a change in percent"),
        ("p95 +10% floor 5", "floor"),
    ],
)
def test_bad_demand_is_refused(text: str, message: str) -> None:
    """One sentence says what is wrong and what to write."""
    with pytest.raises(ConfigurationError, match="--fail-on: ") as refused:
        parse_demand(text)
    assert message in str(refused.value)


def test_bad_demands_are_told_together(smload: Smload, tmp_path: Path) -> None:
    """Before any report is read."""
    answer = smload("compare", "a", "b", "--fail-on", "p95", "--fail-on", "x +1%")
    assert (2, "", 2) == (answer.code, answer.out, answer.err.count("\n"))


def test_exit_code_and_table(smload: Smload, tmp_path: Path) -> None:
    """Kept is 0, broken and undecided are 1; without a demand it is 0."""
    runs = {
        "a": past.run(past.attempt(past.load(usd=2.0))),
        "b": past.run(past.attempt(past.load(p95_ms=300.0, usd=3.0)), commit="def456"),
    }
    answer = _smload_compare(smload, tmp_path, **runs)
    assert (0, "") == (answer.code, answer.err)
    rows = {line.split()[0]: line.split() for line in answer.out.splitlines() if line.startswith("  ")}
    assert ["p95", "200", "ms", "300", "ms", "1.5", "[1.24,", "1.59]"] == rows["p95"]
    assert ["p99", "280", "ms", "420", "ms", "1.5", "(no", "interval)"] == rows["p99"]
    assert ["$/million", "2", "3", "1.5"] == rows["$/million"]
    assert "B  b  2026-01-02T03:04:00+00:00, commit def456, PASS" in answer.out
    assert 0 == _smload_compare(smload, tmp_path, "--fail-on", "p95 +60%", **runs).code
    answer = _smload_compare(smload, tmp_path, "--fail-on", "p95 +10%", **runs)
    assert (1, "demands: 1 broken") == (answer.code, answer.out.splitlines()[-1])
    assert "  BROKEN B p95 +10%" in answer.out


def test_undecided_is_no_pass(smload: Smload, tmp_path: Path) -> None:
    """Unless asked for, and then only where more requests would have decided it."""
    base = past.run(past.attempt(past.load()))
    vague = {"a": base, "b": past.run(past.attempt(past.load(p95_ms=215.0)))}
    blind = {"a": base, "b": past.run(past.attempt(past.load(within=None)))}
    invalid = {"a": base, "b": past.run(past.attempt(past.load(client=past.client(valid=False))))}
    for runs, allowed in ((vague, 0), (blind, 1), (invalid, 1)):
        answer = _smload_compare(smload, tmp_path, "--fail-on", "p95 +10%", **runs)
        assert (1, "demands: 1 undecided") == (answer.code, answer.out.splitlines()[-1])
        assert allowed == _smload_compare(smload, tmp_path, "--fail-on", "p95 +10%", "--allow-undecided", **runs).code


def test_loads_without_a_partner(smload: Smload, tmp_path: Path) -> None:
    """They are named; one that is not run any more keeps no demand, a new one has none to keep."""
    a = past.run(past.attempt(past.load()), past.attempt(past.load(), nodeid="t.py::gone"))
    b = past.run(past.attempt(past.load()), past.attempt(past.load(), nodeid="t.py::new"))
    answer = _smload_compare(smload, tmp_path, "--fail-on", "p95 +10%", a=a, b=b)
    assert 1 == answer.code
    assert "t.py::gone: A PASS, B has no such load" in answer.out
    assert "  UNDECIDED B p95 +10%: no partner to compare with" in answer.out
    assert "t.py::new: A has no such load, B PASS" in answer.out
    assert "demands: 1 undecided, 1 kept" in answer.out


def test_nothing_in_common_is_an_error(smload: Smload, tmp_path: Path) -> None:
    """A comparison of nothing passes nothing."""
    a, b = (past.run(past.attempt(past.load(), nodeid=f"t.py::{name}")) for name in "ab")
    answer = _smload_compare(smload, tmp_path, a=a, b=b)
    assert (2, "") == (answer.code, answer.out)
    assert answer.err.endswith("another; a has t.py::a; b has t.py::b\n")


def test_last_attempt_is_compared() -> None:
    """As the run's verdict is of it."""
    before = past.run(past.attempt(past.load()))
    after = past.run(past.attempt(past.load(p95_ms=900.0)), past.attempt(past.load(), number=2))
    (pair,) = compare_runs(before, after)
    assert 200.0 == next(row.after for row in pair.rows if row.metric == "p95")


def test_equal_labels_are_told_apart_by_order() -> None:
    """The second load of a label is compared with the second."""
    loads = [past.load(label="x", p95_ms=p95_ms) for p95_ms in (100.0, 200.0)]
    run = past.run(past.attempt(*loads))
    pairs = compare_runs(run, run)
    assert ["x", "x #2"] == [pair.name.key for pair in pairs]
    assert [1.0, 1.0] == [row.change for pair in pairs for row in pair.rows if row.metric == "p95"]


def test_different_settings_are_named(smload: Smload, tmp_path: Path) -> None:
    """Profile, endpoint, transport and version: what is not known differs from nothing."""
    a = past.run(past.attempt(past.load()))
    other = past.load(
        profile={"users": 5, **{name: value for name, value in past.PROFILE.items() if name != "tps"}},
        endpoint=replace(past.STAGING, endpoint_name="abalone-c6i", account=None),
        transport="boto3",
    )
    answer = _smload_compare(smload, tmp_path, a=a, b=past.run(past.attempt(other), version="0.2.0"))
    (line,) = [line for line in answer.out.splitlines() if " differs in " in line]
    assert (
        "  B differs in tps: 50 -> not given; users: not given -> 5; endpoint_name: abalone-staging -> abalone-c6i; "
        "pytest-smload: 0.1.0 -> 0.2.0; transport: http -> boto3"
    ) == line


def test_three_reports_share_a_table_where_there_is_room(
    smload: Smload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is held against the first; a narrow terminal has a table for each."""
    runs = {name: past.run(past.attempt(past.load(p95_ms=ms))) for name, ms in (("a", 100), ("b", 200), ("c", 300))}
    wide = _smload_compare(smload, tmp_path, **runs).out
    monkeypatch.setenv("COLUMNS", "70")
    narrow = _smload_compare(smload, tmp_path, **runs).out
    assert (1, 2) == tuple(out.count("\n  metric ") for out in (wide, narrow))
    assert max(map(len, narrow.splitlines())) <= 70


def test_markdown_for_a_pull_request(smload: Smload, tmp_path: Path) -> None:
    """A heading with what the demands came to, a table, a list."""
    runs = {"a": past.run(past.attempt(past.load())), "b": past.run(past.attempt(past.load(p95_ms=300.0)))}
    answer = _smload_compare(smload, tmp_path, "--markdown", "--fail-on", "p95 +10%", **runs)
    assert 1 == answer.code
    lines = answer.out.splitlines()
    assert "## smload compare: 1 broken" == lines[0]
    assert "| p95 | 200 ms | 300 ms | 1.5 [1.24, 1.59] |" in lines
    assert "- BROKEN B p95 +10%" in lines


def test_markdown_fits_into_a_comment(smload: Smload, tmp_path: Path) -> None:
    """GitHub takes 65,536 characters; of hundreds of loads those that are not kept stay."""
    loads = [past.load(label=f"load {number}") for number in range(400)]
    slow = past.load(label="load 399", p95_ms=300.0)
    runs = {"a": past.run(past.attempt(*loads)), "b": past.run(past.attempt(*loads[:-1], slow))}
    answer = _smload_compare(smload, tmp_path, "--markdown", "--fail-on", "p95 +10%", **runs)
    assert len(answer.out.encode()) < 65_536
    assert answer.out.startswith("## smload compare: 1 broken, 399 kept\n")
    assert "load 399" in answer.out
    assert "parts of this report were left out for its size; report.json has all." in answer.out


def test_the_same_report_twice(smload: Smload, tmp_path: Path) -> None:
    """A folder and the file in it are one report, as is what a link leads to: it would keep every demand."""
    file = past.write(tmp_path / "a", past.run(past.attempt(past.load())))
    (tmp_path / "latest").symlink_to("a")
    assert 2 == smload("compare", tmp_path / "a", tmp_path / "latest", "--fail-on", "p95 +10%").code
    assert 2 == smload("compare", tmp_path / "a", tmp_path / "a" / ".." / "a", "--fail-on", "p95 +10%").code
    assert (2, "", f"smload: {file.parent} is given twice\n") == smload("compare", file.parent, file)
