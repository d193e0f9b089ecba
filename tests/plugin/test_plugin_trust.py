"""What makes a verdict one to trust, as marks ask for it: proof, longer windows, early ends, cold starts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject, PytestRun

    from pytest_smload.emulator.process import EmulatorProcess

TESTS = """
import pytest

CALM = dict(users=2, warmup="0s", models={"a.tar.gz": 1, "b.tar.gz": 1})

# Enough requests in 3 s to judge a p95 (72), too few to bound it where each look has a third of the level (94).
@pytest.mark.perf(users=1, wait="30ms", duration="1s", warmup="200ms", max_duration="3s")
@pytest.mark.perf_budget(p95="60s", error_rate="50%")
def test_extended(load_result):
    assert load_result.window_s > 2

@pytest.mark.perf(tps=20, duration="1s", warmup="200ms", max_duration="4s")
@pytest.mark.perf_budget(p90="60s", error_rate="100%")
def test_extended_open(load_result): pass

@pytest.mark.perf(**CALM, duration="1s", max_duration="4s")
@pytest.mark.perf_budget(p50="60s", error_rate="50%")
def test_proven_at_once(load_result): pass

@pytest.mark.perf(**CALM, duration="200ms", on_unproven="fail")
@pytest.mark.perf_budget(p99_9="60s", error_rate="50%")
def test_too_few(): pass

# As many as a p95 takes at one look; one that may go on has a third of the level.
@pytest.mark.perf(**CALM, duration="500ms", max_requests=80, max_duration="600ms", on_unproven="fail")
@pytest.mark.perf_budget(p95="60s", error_rate="50%")
def test_unproven_fails(): pass

@pytest.mark.perf(**CALM, duration="500ms", max_requests=80, max_duration="600ms")
@pytest.mark.perf_budget(p95="60s", error_rate="50%")
def test_unproven_passes(): pass

BROKEN = dict(users=2, models=["broken.tar.gz"], duration="20s", abort_on={"error_rate": "50%", "for": "300ms"})

@pytest.mark.perf(**BROKEN, warmup="0s")
@pytest.mark.perf_budget(error_rate="100%")
def test_aborted(): pass

@pytest.mark.perf(**BROKEN, warmup="10s")
@pytest.mark.perf_budget(error_rate="100%")
def test_aborted_in_warmup(): pass

@pytest.mark.perf(**CALM | dict(abort_on={"error_rate": 0.5, "for": "100ms"}), duration="300ms")
def test_not_aborted(): pass
"""
COLD_TESTS = """
import pytest

LOAD = dict(users=2, duration="500ms", warmup="100ms")

@pytest.mark.perf(**LOAD, models=["first-{0..3}.tar.gz"])
@pytest.mark.perf_budget(cold_p95="10s", max="10s")
def test_primed(): pass

@pytest.mark.perf(**LOAD, models=["second-{0..3}.tar.gz"])
@pytest.mark.perf_budget(cold_p95="100ms")
def test_too_cold(): pass

@pytest.mark.perf(**LOAD | dict(users=1, warmup="0s", duration="2s"), models=["third-{0..3}.tar.gz"], prime=False)
@pytest.mark.perf_budget(cold_p95="10s", error_rate="50%")
def test_unprimed(): pass
"""
COLD_SCENARIO = """
latency = "4ms"
[cold]
load_time = "300ms"
"""


@pytest.fixture(scope="module")
def cold_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An endpoint that takes 300 ms to load a model."""
    from pytest_smload.emulator.process import EmulatorProcess

    scenario = tmp_path_factory.mktemp("cold") / "scenario.toml"
    scenario.write_text(COLD_SCENARIO)
    with EmulatorProcess.start(scenario) as process:
        yield process


@pytest.fixture(scope="module")
def both(
    project: MakeProject, staging: str, emulator: EmulatorProcess, cold_endpoint: EmulatorProcess
) -> list[PytestRun]:
    """A run of the tests above and one of those of cold starts; each endpoint's log is of the one."""
    emulator.reset()
    settings = staging.replace(emulator.url, cold_endpoint.url)
    return side_by_side(
        partial(project({"test_it.py": TESTS}).run, "-m", "perf", "-v"),
        partial(project({"smload.toml": settings, "test_cold.py": COLD_TESTS}).run, "-m", "perf", "-v"),
    )


@pytest.fixture
def run(both: list[PytestRun]) -> PytestRun:
    """One run of the tests above."""
    return both[0]


@pytest.fixture
def cold_run(both: list[PytestRun]) -> PytestRun:
    """One run of the tests of cold starts."""
    return both[1]


def only_load(run: PytestRun, test: str) -> dict[str, Any]:
    (load,) = run.loads(test)
    return load


def checks(run: PytestRun, test: str) -> dict[str, dict[str, Any]]:
    return {check["metric"]: check for check in only_load(run, test)["checks"]}


def received(run: PytestRun) -> dict[str, int]:
    """Requests per model, warm-up and window, of all loads of a run; none is unsent at these rates."""
    counted: dict[str, int] = {}
    for test in run.report["tests"]:
        for load in test["loads"]:
            for name, stats in load["models"].items():
                counted[name] = counted.get(name, 0) + stats["requests"] + load["warmup"]["models"].get(name, 0)
    return counted


def test_verdicts(run: PytestRun) -> None:
    """Unproven checks fail only where asked to; an aborted load fails and is not INVALID."""
    verdicts = {name: test["verdict"] for name, test in run.tests().items()}
    assert {
        "test_extended": "pass",
        "test_extended_open": "pass",
        "test_proven_at_once": "pass",
        "test_too_few": "invalid",
        "test_unproven_fails": "fail",
        "test_unproven_passes": "pass",
        "test_aborted": "fail",
        "test_aborted_in_warmup": "fail",
        "test_not_aborted": "pass",
    } == verdicts, run.out


def test_an_unproven_check_extends_the_window(run: PytestRun) -> None:
    """A percentile that its interval does not settle makes the window longer, up to max_duration, and that is said."""
    load = only_load(run, "test_extended")
    assert load["window_s"] == pytest.approx(3, abs=0.2)
    assert not checks(run, "test_extended")["p95"]["proven"]
    assert ", extended to " in run.out.partition("PASS test_it.py::test_extended\n")[2].partition("PASS ")[0]


def test_an_open_load_keeps_its_rate_when_extended(run: PytestRun) -> None:
    """Its further stretches offer as much as its first."""
    load = only_load(run, "test_extended_open")
    assert load["window_s"] > 1.5
    assert load["scheduled"] == pytest.approx(load["offered_tps"] * load["window_s"], rel=0.3)
    assert load["scheduled"] == load["total"]["requests"]


def test_a_proven_load_is_not_extended(run: PytestRun) -> None:
    """Its window is its duration."""
    load = only_load(run, "test_proven_at_once")
    assert load["window_s"] == pytest.approx(1, abs=0.1)
    assert ", extended to" not in run.out.partition("PASS test_it.py::test_proven_at_once\n")[2].partition("FAIL ")[0]
    assert {check["proven"] for check in load["checks"]} == {True}


def test_the_endpoint_received_what_the_report_counts(run: PytestRun, emulator: EmulatorProcess) -> None:
    """Warm-up and window of all stretches of all loads, model by model."""
    assert received(run) == dict(emulator.log().models)


def test_unproven_fails_where_asked(run: PytestRun) -> None:
    """on_unproven="fail" fails a kept limit that too few samples bound, and says how many it takes."""
    kept, failed = (checks(run, test)["p95"] for test in ("test_unproven_passes", "test_unproven_fails"))
    assert (kept["outcome"], kept["proven"]) == ("pass", False)
    assert (failed["outcome"], failed["proven"], failed["upper"]) == ("fail", False, "inf")
    note = "not proven, which on_unproven counts as a failure: an interval takes "
    assert failed["note"].startswith(note)
    assert note in run.section("test_unproven_fails")
    assert "FAIL?" in run.section("test_unproven_fails")
    assert checks(run, "test_unproven_fails")["error_rate"]["proven"]
    assert checks(run, "test_unproven_fails")["error_rate"]["outcome"] == "pass"


def test_too_few_samples_are_undecided_whatever_is_asked(run: PytestRun) -> None:
    """A p99.9 needs 3,688 requests; the test is INVALID and says so."""
    check = checks(run, "test_too_few")["p99_9"]
    assert (check["outcome"], check["proven"]) == ("invalid", False)
    assert check["note"].startswith("too few requests: p99_9 needs 3,688, has ")
    assert "INVALID: undecided: p99.9 was " in run.section("test_too_few")
    assert "error" == run.junit()["test_too_few"][0]


@pytest.mark.parametrize("test", ["test_aborted", "test_aborted_in_warmup"])
def test_a_load_that_only_errs_is_ended_and_fails(run: PytestRun, test: str) -> None:
    """abort_on ends it long before its time, in the warm-up too; the first check is that, and it is no INVALID."""
    load = only_load(run, test)
    assert load["window_s"] < 10
    assert load["client"]["valid"]
    first = load["checks"][0]
    assert (first["source"], first["metric"], first["limit"]) == ("abort_on", "error_rate", "< 50% for 300ms")
    assert (first["outcome"], first["observed"], first["proven"]) == ("fail", 1.0, True)
    assert first["n"] >= 10
    assert "abort_on ended the load" in run.section(test)
    assert run.junit()[test][0] == "failure"


def test_a_load_without_errors_is_not_ended(run: PytestRun) -> None:
    """It runs its whole window, and abort_on is no check of it."""
    load = only_load(run, "test_not_aborted")
    assert load["window_s"] == pytest.approx(0.3, abs=0.1)
    assert "abort_on" not in {check["source"] for check in load["checks"]}


def test_cold_starts_are_limited_by_cold_p95(cold_run: PytestRun) -> None:
    """The first touch of each model is judged, a fact without an interval; loads that were primed are not slowed."""
    assert [("test_primed", "pass"), ("test_too_cold", "fail"), ("test_unprimed", "pass")] == [
        (name, test["verdict"]) for name, test in cold_run.tests().items()
    ], cold_run.out
    kept, broken = (checks(cold_run, test)["cold_p95"] for test in ("test_primed", "test_too_cold"))
    for check in (kept, broken):
        assert check["observed"] >= 300
        assert (check["n"], check["lower"], check["upper"], check["n_eff"]) == (4, None, None, None)
        assert check["proven"]
    assert (kept["limit"], broken["limit"], broken["outcome"]) == ("<= 10 s", "<= 100 ms", "fail")


@pytest.mark.parametrize("test", ["test_primed", "test_unprimed"])
def test_first_touches_are_in_the_record_and_the_summary(cold_run: PytestRun, test: str) -> None:
    """Whether in priming or in the window, each of the four models had one; the summary has a line on them."""
    load = only_load(cold_run, test)
    cold = load["total"]["cold"]
    assert cold["touched"] == 4
    assert 300 <= cold["p50_ms"] <= cold["p95_ms"] <= cold["max_ms"]
    assert {stats["cold"]["touched"] for stats in load["models"].values()} == {1}
    assert "cold starts: 4 models, p50 " in cold_run.out.partition(f"test_cold.py::{test}")[2]


def test_priming_keeps_cold_loads_out_of_the_window(cold_run: PytestRun) -> None:
    """Primed, each model's first request is among the warm-up's; with prime=False it is measured."""
    primed, unprimed = only_load(cold_run, "test_primed"), only_load(cold_run, "test_unprimed")
    assert all(count >= 1 for count in primed["warmup"]["models"].values())
    assert unprimed["warmup"]["sent"] == 0
    assert unprimed["total"]["max_ms"] >= 300
    assert unprimed["profile"]["prime"] is False


def test_a_cold_endpoint_received_what_the_report_counts(cold_run: PytestRun, cold_endpoint: EmulatorProcess) -> None:
    """Priming's requests are counted with the warm-up."""
    assert received(cold_run) == dict(cold_endpoint.log().models)
