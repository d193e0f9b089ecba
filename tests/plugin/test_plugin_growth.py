"""An open load whose queue only ever grows is not passed for what it shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

SETTINGS = """
endpoint = "local"
[endpoints.local]
scenario = "scenario.toml"
payload = ["1,2"]
content_type = "text/csv"
"""
SCENARIO = """
latency = "10ms"
instances = 1
workers = 1
"""
TESTS = """
import pytest

LOAD = dict(arrivals="uniform", warmup="0s", prime=False)

# A fifth more than the endpoint can do: 0.8 s behind after 4 s, which is far more than a busy machine adds at once.
@pytest.mark.perf(**LOAD, tps=120, duration="4s")
@pytest.mark.perf_budget(p95="1s", mean="700ms", max="1200ms")
def test_diverging(): pass

@pytest.mark.perf(**LOAD, tps=50, duration="2s")
@pytest.mark.perf_budget(p95="500ms", mean="350ms", max="5s")
def test_settled(): pass

@pytest.mark.perf(**LOAD, tps=120, duration="1s", max_duration="3s")
@pytest.mark.perf_budget(p95="60s")
@pytest.mark.perf_budget(p50="350ms")
def test_extended(): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of the tests above."""
    return project({"smload.toml": SETTINGS, "scenario.toml": SCENARIO, "test_it.py": TESTS}).run("-m", "perf")


def checks_of(run: PytestRun, name: str) -> dict[str, Any]:
    (load,) = run.loads(name)
    return {check["metric"]: check for check in load["checks"]}


def test_a_load_beyond_what_the_endpoint_can_do_fails(run: PytestRun) -> None:
    """Though every limit is kept so far: what each is in a window twice as long, and why, is in report and terminal."""
    checks = checks_of(run, "test_diverging")
    for metric in ("p95", "mean", "max"):
        assert ("fail", True) == (checks[metric]["outcome"], checks[metric]["proven"]), checks
        assert checks[metric]["observed"] < checks[metric]["at_most"] < checks[metric]["projected"]
    assert "latency grows, by " in run.section("test_diverging")
    assert "the endpoint does not keep up with the rate" in " ".join(run.section("test_diverging").split())


def test_a_load_it_can_do_passes(run: PytestRun) -> None:
    """Nothing is projected of it."""
    checks = checks_of(run, "test_settled")
    assert {"pass"} == {check["outcome"] for check in checks.values()}
    assert {None} == {check["projected"] for check in checks.values()}


def test_a_queue_does_not_drain_where_an_unproven_load_goes_on(run: PytestRun) -> None:
    """It is as long at the end as after three seconds in one, so that the last second is the slowest."""
    (load,) = run.loads("test_extended")
    points = load["timeline"]

    assert pytest.approx(3) == load["window_s"]
    assert [point["p50_ms"] for point in points] == sorted(point["p50_ms"] for point in points)
    assert points[-1]["p50_ms"] > 250
