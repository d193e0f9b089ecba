"""The folder of a run's reports: test, endpoint, region, time, and nothing that could lead out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from finished import result

from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.result import OtherFailure, RunResult, TestResult
from pytest_smload.core.results.run_folder import run_folder


def run(*nodeids: str, endpoints: tuple[tuple[str, str], ...] = (("abalone", "us-east-1"),)) -> RunResult:
    loads = tuple(replace(result(), endpoint=EndpointFacts("x", name, region, "")) for name, region in endpoints)
    tests = tuple(TestResult(nodeid, 1, "pass", loads) for nodeid in nodeids)
    return RunResult(started_at="2026-01-02T03:04:05+00:00", tests=tests)


@pytest.mark.parametrize(
    ("nodeids", "expected"),
    [
        (["tests/perf/test_a.py::test_x"], "tests-perf-test_a.py-test_x"),
        (["tests/perf/test_a.py::test_x", "tests/perf/test_a.py::test_y"], "tests-perf-test_a.py"),
        (["tests/perf/test_a.py::test_x", "tests/perf/test_b.py::test_x"], "tests-perf"),
        (["test_a.py::test_x", "test_b.py::test_x"], "tests"),
        (["test_a.py::test_x[it's | 1]"], "test_a.py-test_x-it-s-1"),
        (["../../etc/passwd"], "etc-passwd"),
        (["é" * 10], "none"),
        (["a" * 500], "a" * 150),
    ],
)
def test_of_its_tests(nodeids: list[str], expected: str) -> None:
    """What their ids have in common, as a part of a path."""
    assert f"{expected}/abalone/us-east-1/20260102T030405Z-1f" == run_folder(run(*nodeids), "1f")


def test_of_several_endpoints() -> None:
    """Endpoints and regions are joined."""
    found = run("t", endpoints=(("blue", "us-east-1"), ("green", "eu-west-1"), ("blue", "us-east-1")))
    assert "t/blue+green/eu-west-1+us-east-1/20260102T030405Z-1f" == run_folder(found, "1f")


def test_without_a_load() -> None:
    """A run that only failed has a folder as well."""
    found = replace(run(), failures=(OtherFailure("a.py::x", "why"),))
    assert "a.py-x/none/none/20260102T030405Z-1f" == run_folder(found, "1f")
    assert "tests/none/none/20260102T030405Z-1f" == run_folder(run(), "1f")
