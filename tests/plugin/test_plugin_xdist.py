"""Load comes from one process: several xdist workers are refused, one works."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest
@pytest.mark.perf(users=2, duration="200ms", warmup="0s")
@pytest.mark.perf_budget(p50="1us")
def test_breach(): pass

@pytest.mark.perf(users=2, duration="200ms", warmup="0s", models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_invalid(): pass

def test_plain(): pass
"""


@pytest.mark.parametrize(
    "workers", [["-n2"], ["--dist", "load", "--tx", "2*popen"], ["-d", "--tx", "popen", "--tx", "popen"]], ids=" ".join
)
def test_several_workers_are_refused_in_one_line(project: MakeProject, workers: list[str]) -> None:
    """However they are asked for, with opt-in they are a usage error naming -n0; without, nobody's business."""
    made = project({"test_it.py": TESTS})
    refused, plain = side_by_side(
        partial(made.run, "-m", "perf", *workers, plugins=["xdist"], report=False),
        partial(made.run, *workers, plugins=["xdist"], report=False),
    )
    assert pytest.ExitCode.USAGE_ERROR == refused.exit_code
    (line,) = [line for line in refused.out.splitlines() if "smload" in line]
    assert "-n0" in line
    assert "1 passed, 2 skipped" == plain.summary


@pytest.fixture(scope="module")
def at_most_one(project: MakeProject) -> dict[str, PytestRun]:
    """Runs with one worker, and with none."""
    one, none = side_by_side(
        *(
            partial(project({"test_it.py": TESTS}).run, "-m", "perf", workers, plugins=["xdist"], fresh=True)
            for workers in ("-n1", "-n0")
        )
    )
    return {"-n1": one, "-n0": none}


@pytest.mark.parametrize("workers", ["-n1", "-n0"])
def test_one_worker_reports_in_full(at_most_one: dict[str, PytestRun], workers: str) -> None:
    """-n1 and -n0 run the load; summary, verdicts, JUnit and report.json are there in the main process."""
    run = at_most_one[workers]
    assert run.summary.startswith("1 failed")
    assert run.summary.endswith("1 error")
    assert {"test_breach": "fail", "test_invalid": "invalid"} == {n: test["verdict"] for n, test in run.tests().items()}
    assert ["failure", "error"] == [run.junit()[name][0] for name in ("test_breach", "test_invalid")]
    assert re.search(r"^FAIL +test_it.py::test_breach", run.out, re.MULTILINE)
    assert f"smload: wrote {run.folder / 'report' / 'report.json'}" in run.out
