"""What a CI server gets to see: exit code, JUnit properties, report.md and the summary of a GitHub Actions step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_runs import MakeProject, PytestRun

WHERE = "staging (abalone-mme-staging) in us-east-1"
TESTS = """
import pytest

pytestmark = pytest.mark.perf(users=2, duration="100ms", warmup="0s")
LIMIT_ON_RARE = {"models": {"rare.tar.gz": {"requests": 1}}}

@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("the teardown's own mistake")

def test_kept(load_result): pass

@pytest.mark.perf_budget(p50="1us")
def test_breached(load_result): pass

@pytest.mark.perf_budget(p50="1us")
def test_breached_and_broken(load_result, broken_teardown): pass

@pytest.mark.perf(models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_invalid(load_result): pass

def test_two_loads(sm_endpoint, load_profile, record_property):
    record_property("own", "kept")
    sm_endpoint.load(load_profile, label="calm")
    sm_endpoint.load(load_profile, budget={"p50": "1us"})

def test_body(load_result):
    assert load_result.ok < 0, "the body's own claim"

def test_no_load(sm_endpoint): pass
"""
AGAIN = """
import pathlib
import pytest

@pytest.mark.perf(users=2, duration="100ms", warmup="0s")
def test_again(sm_endpoint, load_profile):
    first = not pathlib.Path("seen").exists()
    pathlib.Path("seen").touch()
    sm_endpoint.load(load_profile, budget={"p50": "1us"} if first else {})
"""


@pytest.fixture(scope="module")
def both_runs(project: MakeProject) -> list[PytestRun]:
    """One run of all the tests above, in a step whose summary has begun; and one that repeats a test."""
    made = project({"test_ci.py": TESTS, "summary.md": "what ran before"})
    again = project({"test_again.py": AGAIN})
    return side_by_side(
        partial(made.run, "-m", "perf", env={"GITHUB_STEP_SUMMARY": str(made.folder / "summary.md")}),
        partial(again.run, "-m", "perf", "--reruns", "1", plugins=["rerunfailures"]),
    )


@pytest.fixture
def run(both_runs: list[PytestRun]) -> PytestRun:
    """One run of all the tests above, in a step whose summary has begun."""
    return both_runs[0]


def test_breach_and_invalid_end_alike_and_read_apart(project: MakeProject) -> None:
    """Either alone makes the exit code 1; in terminal and JUnit one is a failure, the other an error named INVALID."""
    breached, invalid = side_by_side(
        partial(project({"test_ci.py": TESTS}).run, "-m", "perf", "-k", "test_breached and not broken"),
        partial(project({"test_ci.py": TESTS}).run, "-m", "perf", "-k", "invalid"),
    )
    assert (pytest.ExitCode.TESTS_FAILED, "1 failed, 6 deselected") == (breached.exit_code, breached.summary)
    outcome, text = breached.junit()["test_breached"]
    assert "failure" == outcome
    assert text.startswith("p50 was ")
    assert (pytest.ExitCode.TESTS_FAILED, "6 deselected, 1 error") == (invalid.exit_code, invalid.summary)
    outcome, text = invalid.junit()["test_invalid"]
    assert "error" == outcome
    assert text.startswith("INVALID: ")


def test_properties_of_a_check(run: PytestRun) -> None:
    """JUnit has verdict and endpoint of the load, and limit, observed, samples, verdict and source of each check."""
    found = dict(run.properties("test_breached"))
    assert ("fail", WHERE) == (found["smload.verdict"], found["smload.endpoint"])
    assert ("<= 0.001 ms", "fail") == (found["smload.total.p50.limit"], found["smload.total.p50.verdict"])
    assert float(found["smload.total.p50.observed"]) > float(found["smload.total.p50.at_most"])
    assert "ms" == found["smload.total.p50.unit"]
    assert int(found["smload.total.p50.n"]) > 0
    assert "perf_budget" in found["smload.total.p50.source"]
    assert ("<= 1%", "pass") == (found["smload.total.error_rate.limit"], found["smload.total.error_rate.verdict"])


def test_properties_of_other_outcomes(run: PytestRun) -> None:
    """Passed, INVALID and failed tests have theirs as well; a test without a load has none."""
    verdicts = {name: dict(run.properties(name)).get("smload.verdict") for name in run.junit()}
    assert {
        "test_kept": "pass",
        "test_breached": "fail",
        "test_breached_and_broken": "fail",
        "test_invalid": "invalid",
        "test_two_loads": "fail",
        "test_body": "pass",
        "test_no_load": None,
    } == verdicts
    assert "not judged" == dict(run.properties("test_invalid"))["smload.rare.tar.gz.requests.verdict"]


def test_properties_of_several_loads(run: PytestRun) -> None:
    """Each load has a place of its own by label or number; a test's own properties stay, and no name is there twice."""
    names = [name for name, _ in run.properties("test_two_loads")]
    assert sorted(set(names)) == sorted(names)
    found = dict(run.properties("test_two_loads"))
    assert ("pass", "fail", "kept") == (found["smload.calm.verdict"], found["smload.2.verdict"], found["own"])
    assert "smload.2.total.p50.limit" in found
    assert "smload.calm.total.p50.limit" not in found


def test_properties_are_the_last_attempts(both_runs: list[PytestRun]) -> None:
    """A repeated test has the properties of the attempt that decided, once."""
    _, run = both_runs
    names = [name for name, _ in run.properties("test_again")]
    assert sorted(set(names)) == sorted(names)
    found = dict(run.properties("test_again"))
    assert ("pass", "2") == (found["smload.verdict"], found["smload.attempt"])
    text = (run.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "## smload: 1 PASS" == text.splitlines()[0]


def test_report_folder_has_both_reports(run: PytestRun) -> None:
    """--smload-report writes report.json and report.md and says so; report.md tells every verdict."""
    folder = run.folder / "report"
    assert {"report.json", "report.md", "report.html"} == {path.name for path in folder.iterdir()}
    assert f"smload: wrote {folder / 'report.json'} and report.md" in run.out
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "## smload: 3 FAIL, 1 INVALID, 2 PASS, 3 failed besides the measurement" == text.splitlines()[0]
    assert "### FAIL `test_ci.py::test_breached`\n\np50 was " in text
    assert "| **FAIL** | total | p50 | <= 0.001 ms | " in text
    assert "### INVALID `test_ci.py::test_invalid`" in text
    assert "- **cause**: rare.tar.gz has a limit but got no request" in text


def test_report_tells_what_failed_besides(run: PytestRun) -> None:
    """A failing body or teardown, and a test without a load, are listed with their reason."""
    text = (run.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "| `test_ci.py::test_body` | AssertionError: the body's own claim" in text
    assert "| `test_ci.py::test_breached_and_broken` | RuntimeError: the teardown's own mistake |" in text
    assert "| `test_ci.py::test_no_load` | this perf test ran no load" in text
    assert (
        "| `test_ci.py::test_breached` |"
        not in text.partition("failed besides the measurement |")[2].partition("\n\n")[0]
    )


def test_step_summary_is_appended_to(run: PytestRun) -> None:
    """The step's summary gets the same markdown, below what it had."""
    report = (run.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert f"what ran before\n{report}" == (run.folder / "summary.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def summaries(project: MakeProject) -> dict[str, PytestRun]:
    """A test that passes, its step's summary in the run's folder: without and with a worker; and where none can be."""

    def run(summary: str, *args: str, **options: Any) -> partial[PytestRun]:
        made = project({"test_ci.py": TESTS})
        env = {"GITHUB_STEP_SUMMARY": str(made.folder / summary)}
        return partial(made.run, "-m", "perf", "-k", "kept", *args, env=env, **options)

    alone, worker, nowhere = side_by_side(
        run("summary.md", "-n0", plugins=["xdist"], report=False),
        run("summary.md", "-n1", plugins=["xdist"], report=False),
        run("."),
    )
    return {"-n0": alone, "-n1": worker, "nowhere": nowhere}


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_step_summary_is_written_once(summaries: dict[str, PytestRun], workers: str) -> None:
    """Without --smload-report too, and once under xdist."""
    run = summaries[workers]
    assert pytest.ExitCode.OK == run.exit_code
    assert 1 == (run.folder / "summary.md").read_text(encoding="utf-8").count("## smload: 1 PASS")
    assert not (run.folder / "report").exists()


def test_step_summary_that_cannot_be_written_changes_no_outcome(summaries: dict[str, PytestRun]) -> None:
    """One warning line; the run's exit code stays."""
    run = summaries["nowhere"]
    assert pytest.ExitCode.OK == run.exit_code
    (line,) = [line for line in run.out.splitlines() if "GITHUB_STEP_SUMMARY" in line]
    assert f"smload: warning: GITHUB_STEP_SUMMARY: cannot append to {run.folder}: Is a directory" == line


def test_step_summary_without_perf_tests_is_left_alone(project: MakeProject, tmp_path: Path) -> None:
    """A run that measured nothing writes no summary."""
    summary = tmp_path / "summary.md"
    made = project({"test_plain.py": "def test_plain(): pass"})
    assert pytest.ExitCode.OK == made.run("--smload", env={"GITHUB_STEP_SUMMARY": str(summary)}).exit_code
    assert not summary.exists()
