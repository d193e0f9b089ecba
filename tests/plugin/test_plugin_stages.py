"""Stages, open loads and addresses set by AWS's own variables, as a user meets them; under ``-W error``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

    from pytest_smload.emulator.process import EmulatorProcess

PROFILES = """
[profiles.steps]
warmup = "0s"
stages = [{ duration = "200ms", users = 1, name = "low" }, { duration = "200ms", users = 3 }]

[profiles.shaped]
warmup = "0s"
stages = ["steps(1..3 users by 2 each 100ms)", "soak(1 users over 100ms)"]
"""
TESTS = """
import pytest
from pytest_smload import Stage, ramp

@pytest.mark.perf(warmup="0s", stages=[Stage("200ms", tps=50, name="low"), Stage("200ms", tps=100)])
@pytest.mark.perf_budget(error_rate="100%")
@pytest.mark.perf_budget(stage="low", requests=1)
@pytest.mark.perf_budget(stage="2", p50="1us")
def test_stages_of_the_mark(load_result): pass

@pytest.mark.perf(warmup="0s", stages=ramp(tps=(50, 150), over="300ms"))
@pytest.mark.perf_budget(error_rate="100%")
@pytest.mark.perf_budget(stage="ramp", requests=30)
def test_shape_of_the_mark(load_result): pass

@pytest.mark.perf(profile="shaped")
def test_shapes_of_the_file(load_result): pass

@pytest.mark.perf(profile="steps")
def test_stages_of_the_file(load_result): pass

@pytest.mark.perf(users=2, duration="200ms", warmup="0s")
@pytest.mark.perf_budget(tps="96%")
def test_share_of_a_closed_load(load_result): pass

@pytest.mark.perf(tps=100, duration="300ms", warmup="100ms", arrivals="uniform")
@pytest.mark.perf_budget(tps="1%", error_rate="100%")
def test_share_of_an_open_load(load_result): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject, staging: str, emulator: EmulatorProcess) -> PytestRun:
    """One run; the endpoint's address comes from the environment."""
    settings = staging.replace("endpoint_url", "# endpoint_url") + PROFILES
    env = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": emulator.url}
    return project({"smload.toml": settings, "test_it.py": TESTS}).run("-m", "perf", "-W", "error", env=env, fresh=True)


def test_stages_are_reported_and_limited(run: PytestRun) -> None:
    """Each stage is reported under its name or number; a limit that names a stage is held against it alone."""
    (load,) = run.loads("test_stages_of_the_mark")
    assert ["low", "2"] == list(load["stages"])
    outcomes = {(check["scope"], check["metric"]): check["outcome"] for check in load["checks"]}
    assert {
        ("total", "error_rate"): "pass",
        ("stage low", "requests"): "pass",
        ("stage 2", "p50"): "fail",
    } == outcomes
    assert "FAIL     stage 2" in run.section("test_stages_of_the_mark")


def test_stages_of_a_named_profile(run: PytestRun) -> None:
    """The file's stages are a load of their own, without a duration."""
    (load,) = run.loads("test_stages_of_the_file")
    assert ["low", "2"] == list(load["stages"])
    assert "passed" == run.junit()["test_stages_of_the_file"][0]


def test_shapes_are_stages_with_names(run: PytestRun) -> None:
    """A shape's stages are reported and limited by the shape's names, whichever way it is written."""
    (load,) = run.loads("test_shape_of_the_mark")
    outcomes = {(check["scope"], check["metric"]): check["outcome"] for check in load["checks"]}
    assert "pass" == outcomes["stage ramp", "requests"]
    assert 30 == load["stages"]["ramp"]["requests"]
    assert 100 == round(load["offered_tps"])
    (load,) = run.loads("test_shapes_of_the_file")
    assert ["step-1", "step-2", "soak"] == list(load["stages"])


def test_share_needs_an_offered_rate(run: PytestRun) -> None:
    """tps as a share of the offered rate is for open loads only; it is told before the load."""
    assert "error" == run.junit()["test_share_of_a_closed_load"][0]
    (line,) = run.section("test_share_of_a_closed_load").strip().splitlines()
    assert "tps '96%' is a share of the offered rate, and a closed load (users) offers none" in line
    assert "passed" == run.junit()["test_share_of_an_open_load"][0]


def test_override_of_the_address_is_named(run: PytestRun, emulator: EmulatorProcess) -> None:
    """The line before a load says which variable set the address."""
    assert f"{emulator.url} set by AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME; credentials from env; transport http" in run.out
