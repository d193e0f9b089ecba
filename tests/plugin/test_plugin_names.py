"""Names a user chooses take nobody's place: a TargetModel called as a scope is, labels of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
from pathlib import Path
import pytest

STAGES = [dict(duration="500ms", tps=40, name="a")]

@pytest.mark.perf(stages=STAGES, warmup="0s", models=["total", "stage a", "each model"])
@pytest.mark.perf_budget(requests=20, p50="60s")
@pytest.mark.perf_budget(stage="a", requests=19)
@pytest.mark.perf_budget(model="total", requests=2, p50="1us")
@pytest.mark.perf_budget(model="stage a", requests=3)
@pytest.mark.perf_budget(model="each", requests=1)
def test_scopes(): pass

LOAD = dict(users=2, duration="100ms", warmup="0s")

@pytest.mark.perf(**LOAD)
@pytest.mark.parametrize("label", [5, Path("calm"), "", "  ", b"calm"], ids=["int", "path", "empty", "blank", "bytes"])
def test_label(sm_endpoint, load_profile, label):
    sm_endpoint.load(load_profile, label=label)

@pytest.mark.perf(**LOAD)
def test_good_label(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, label="calm")
    sm_endpoint.load(load_profile, label=None)
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of the tests above."""
    return project({"test_it.py": TESTS}).run("-m", "perf")


def test_models_called_like_scopes_have_checks_of_their_own(run: PytestRun) -> None:
    """In report.json each model keeps its figures, and every scope its checks."""
    (load,) = run.loads("test_scopes")
    assert {"total", "stage a", "each model"} == set(load["models"])
    assert 20 == load["total"]["requests"] == sum(stats["requests"] for stats in load["models"].values())
    assert ["a"] == list(load["stages"])
    checks = {(check["scope"], check["metric"]): (check["outcome"], check["limit"]) for check in load["checks"]}
    assert {
        ("total", "requests"): ("pass", ">= 20"),
        ("total", "p50"): ("pass", "<= 60 s"),
        ("total", "error_rate"): ("pass", "<= 1%"),
        ("stage a", "requests"): ("pass", ">= 19"),
        ("model total", "requests"): ("pass", ">= 2"),
        ("model total", "p50"): ("fail", "<= 0.001 ms"),
        ("model stage a", "requests"): ("pass", ">= 3"),
        ("model each model", "requests"): ("pass", ">= 1"),
    } == checks


def test_they_are_told_apart_on_the_terminal_and_in_junit(run: PytestRun) -> None:
    """The failing check is the model's; each check has properties under a name of its own."""
    assert "FAIL     model total " in run.section("test_scopes")
    properties = [name for name, _ in run.properties("test_scopes")]
    assert len(properties) == len(set(properties))
    values = dict(run.properties("test_scopes"))
    assert "pass" == values["smload.total.p50.verdict"]
    assert "fail" == values["smload.model total.p50.verdict"]
    assert ">= 19" == values["smload.stage a.requests.limit"]
    assert ">= 3" == values["smload.model stage a.requests.limit"]


@pytest.mark.parametrize("name", ["int", "path", "empty", "blank", "bytes"])
def test_a_label_is_text(run: PytestRun, name: str) -> None:
    """Anything else is an error of that test in one line, and the session goes on with its record."""
    outcome, text = run.junit()[f"test_label[{name}]"]
    assert "error" == outcome
    assert "sm_endpoint.load: label is text such as 'calm', or None; not " in text
    assert "INTERNALERROR" not in run.out
    assert ["calm", None] == [load["label"] for load in run.loads("test_good_label")]
