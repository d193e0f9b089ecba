"""report.json: its keys, its place, and what is said where it cannot be written."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.version import __version__

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

    from pytest_smload.emulator.process import EmulatorProcess

STATS = {
    "requests", "ok", "errors", "error_rate", "tps", "mean_ms", "min_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms",
    "p99_9_ms", "max_ms", "service_p50_ms", "service_p95_ms", "bytes_in", "bytes_out", "cold",
}  # fmt: skip
LOAD = {
    "label", "verdict", "endpoint", "profile", "transport", "transport_reason", "window_s", "offered_tps", "scheduled",
    "sent", "unsent", "cap_hits", "connects", "in_flight_at_end", "warmup", "total", "models", "mix", "errors",
    "client", "timeline", "checks",
}  # fmt: skip
CLIENT = {
    "cpu",
    "delay_p95_ms",
    "delay_p99_ms",
    "bias_p95_ms",
    "loop_lag_p95_ms",
    "loop_lag_p99_ms",
    "valid",
    "reasons",
}
TIMELINE = {"t_s", "offered", "tps", "p50_ms", "p95_ms", "p99_ms", "min_ms", "max_ms", "errors", "in_flight"}
COLD = {"touched", "p50_ms", "p95_ms", "max_ms", "suspected"}
CHECK = {
    "scope", "metric", "limit", "source", "observed", "lower", "upper", "n", "n_eff", "outcome", "proven", "note",
    "at_least", "at_most", "unit", "base", "undecided", "cause", "projected",
    "valid",
}  # fmt: skip
TESTS = """
import pytest

from pytest_smload.version import __version__

@pytest.mark.perf(tps=200, duration="500ms", warmup="200ms")
@pytest.mark.perf_budget(error_rate="100%")  # a machine that stalls leaves arrivals unsent
def test_open(): pass

@pytest.mark.perf(users=2, duration="200ms", warmup="0s", models={"a.tar.gz": 1, "broken.tar.gz": 1})
def test_broken(): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject, emulator: EmulatorProcess) -> PytestRun:
    """An open load that passes and a closed one that meets errors; the endpoint's log begins with them."""
    emulator.reset()
    return project({"test_it.py": TESTS}).run("-m", "perf", "-v")


def keys_within(value: Any) -> set[str]:
    """All keys of a record at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(keys_within(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(keys_within(item) for item in value))
    return set()


def test_keys(run: PytestRun) -> None:
    """The record has the documented keys; baselines only where there is a regression budget."""
    report = run.report
    assert {"schema", "started_at", "interrupted", "version", "verdict", "tests"} == set(report) - {"commit", "branch"}
    assert (__version__, "fail") == (report["version"], report["verdict"])
    assert (1, False) == (report["schema"], report["interrupted"])
    assert [{"nodeid", "attempt", "verdict", "loads"}] * 2 == [set(test) for test in report["tests"]]
    for name in ("test_open", "test_broken"):
        (load,) = run.loads(name)
        assert set(load) >= LOAD
        assert STATS == set(load["total"]) == set(next(iter(load["models"].values())))
        assert set(load["client"]) >= CLIENT
        assert TIMELINE == set(load["timeline"][0])
        assert COLD == set(load["total"]["cold"]) == set(next(iter(load["models"].values()))["cold"])
        assert CHECK == set(load["checks"][0])
        assert {"target_share", "achieved_share"} == set(load["mix"]["a.tar.gz"])
        assert {"sent", "errors", "models"} == set(load["warmup"])
    assert set() == keys_within(report) & {"baseline", "reruns"}


def test_endpoint_and_region_are_named(run: PytestRun, emulator: EmulatorProcess) -> None:
    """Every report names the endpoint and region it measured; the account only where it is known."""
    (load,) = run.loads("test_open")
    names = {"name": "staging", "endpoint_name": "abalone-mme-staging", "region": "us-east-1", "url": emulator.url}
    assert names == load["endpoint"]
    assert "staging (abalone-mme-staging) in us-east-1" in run.out


def test_endpoints_log_is_warmup_plus_window(run: PytestRun, emulator: EmulatorProcess) -> None:
    """What the endpoint received is what the report has, warm-up and window, model by model."""
    counted: dict[str, int] = {}
    for test in run.report["tests"]:
        for load in test["loads"]:
            for name, stats in load["models"].items():
                counted[name] = counted.get(name, 0) + stats["requests"] + load["warmup"]["models"].get(name, 0)
    assert counted == dict(emulator.log().models)


def test_errors_by_kind(run: PytestRun) -> None:
    """Errors are counted by botocore's code, and the failure says which."""
    (load,) = run.loads("test_broken")
    assert {"ModelError"} == set(load["errors"])
    assert load["errors"]["ModelError"] == load["models"]["broken.tar.gz"]["requests"]
    assert "ModelError" in run.section("test_broken")
    assert "see the scenario's faults" in run.section("test_broken")


def test_a_model_has_its_own_first_failure(run: PytestRun) -> None:
    """Beside the kind's, where it failed; a load without a failure has none."""
    (load,), (calm,) = run.loads("test_broken"), run.loads("test_open")
    assert {"broken.tar.gz": load["examples"]} == load["examples_by_route"]
    assert "examples_by_route" not in calm


def test_the_warm_up_is_told_second_by_second(run: PytestRun) -> None:
    """Apart from the window, all that was sent in it; a load without one has none."""
    (load,), (none,) = run.loads("test_open"), run.loads("test_broken")
    points = load["warmup_timeline"]
    assert TIMELINE == set(points[0])
    begins_s = [point["t_s"] for point in points]
    assert sorted(begins_s) == begins_s
    assert begins_s[-1] < 0 == load["timeline"][0]["t_s"]
    lengths_s = [max(0.5, end - begin) for begin, end in pairwise([*begins_s, 0])]
    offered = [point["offered"] for point in points]
    assert load["warmup"]["sent"] == round(sum(rate * length for rate, length in zip(offered, lengths_s, strict=True)))
    assert "warmup_timeline" not in none


def test_summary_has_a_table_for_each_model(run: PytestRun) -> None:
    """With -v the summary shows share, requests, TPS and latency per model, and the checks."""
    summary = run.out.partition(" smload ===")[2]
    header = next(line for line in summary.splitlines() if "model" in line and "share" in line).split()
    assert ["model", "share", "requests", "TPS", "p50", "p95", "p99", "max", "errors"] == header
    assert "a.tar.gz" in summary
    assert "b.tar.gz" in summary
    assert "1 check passed: error_rate" in summary
    assert f"smload: wrote {run.folder / 'report' / 'report.json'}" in run.out


def test_quiet_run_shows_no_summary(project: MakeProject) -> None:
    """-q keeps the live output and the summary's tables away; the report is written, here by SMLOAD_REPORT."""
    made = project({"test_it.py": TESTS})
    run = made.run("-m", "perf", "-q", "-k", "open", env={"SMLOAD_REPORT": "report"}, report=False)
    assert "smload: load on" not in run.out
    assert "a.tar.gz" not in run.out
    assert "pass" == run.tests()["test_open"]["verdict"]


@pytest.mark.parametrize(
    ("folder", "why"), [("taken", "is, or lies under, a file"), ("taken/below", "is, or lies under, a file")]
)
def test_folder_that_cannot_be_written_is_told_before_any_load(project: MakeProject, folder: str, why: str) -> None:
    """The report's folder is tried at the start: a usage error, no load."""
    made = project({"test_it.py": TESTS, "taken": "a file"})
    run = made.run("-m", "perf", "--smload-report", folder, report=False)
    assert pytest.ExitCode.USAGE_ERROR == run.exit_code
    assert f"ERROR: smload: --smload-report: cannot write to {folder}: " in run.out
    assert why in run.out
    assert "smload: load on" not in run.out


@pytest.mark.parametrize("package", ["jinja2", "plotly"])
def test_without_its_extra_the_page_alone_is_missing(project: MakeProject, package: str) -> None:
    """One line says what it needs and what to type; the verdict stays, and the other reports are written."""
    hidden = f"import sys\nsys.modules[{package!r}] = None"
    run = project({"test_it.py": TESTS, "conftest.py": hidden}).run("-m", "perf", "-k", "open")
    assert pytest.ExitCode.OK == run.exit_code
    said = f"smload: report.html was not written: it needs {package}; pip install 'pytest-smload[report]'"
    assert 1 == run.out.splitlines().count(said)
    assert {"report.json", "report.md"} == {path.name for path in (run.folder / "report").iterdir()}
    assert "pass" == run.report["verdict"]


def test_a_page_in_whose_place_is_a_folder_is_told_before_any_load(project: MakeProject) -> None:
    """As of any report."""
    made = project({"test_it.py": TESTS, "report/report.html/x": ""})
    run = made.run("-m", "perf")
    assert pytest.ExitCode.USAGE_ERROR == run.exit_code
    assert "ERROR: smload: --smload-report: cannot write to " in run.out
    assert "smload: load on" not in run.out
