"""Under ``moto.mock_aws`` a load goes to the mock through boto3, and time means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

SETTINGS = """
endpoint = "mocked"
[endpoints.mocked]
name = "mocked"
region = "us-east-1"
payload = ["1,2,3"]
content_type = "text/csv"
"""
TESTS = """
import socket
import pytest
from moto import mock_aws

LOAD = dict(users=2, duration="300ms", warmup="0s")

@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError(f"the network was reached for: {args}")
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)

@pytest.fixture
def mock(no_network):
    with mock_aws():
        yield

@pytest.mark.perf(**LOAD)
@pytest.mark.perf_budget(p50="1us", p99="1us", requests=1)
def test_mocked(mock, load_result):
    assert load_result.ok == load_result.requests > 0

@pytest.mark.perf(**LOAD)
@mock_aws
def test_decorated(sm_endpoint, load_profile):
    assert sm_endpoint.load(load_profile).transport == "boto3"
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run with the mock active around the load."""
    return project({"smload.toml": SETTINGS, "test_it.py": TESTS}).run("-m", "perf", fresh=True)


def test_mock_answers_through_boto3(run: PytestRun) -> None:
    """boto3 carries the load into the mock; no name is resolved and no socket connected."""
    assert ["passed", "passed"] == [run.junit()[name][0] for name in ("test_mocked", "test_decorated")], run.out
    (load,) = run.loads("test_mocked")
    assert "boto3" == load["transport"]
    assert "moto" in load["transport_reason"]
    assert "simulated" in load["transport_reason"]


def test_time_is_not_judged(run: PytestRun) -> None:
    """Latency limits and the client's health are left alone, and the report says simulated; counts are judged."""
    (load,) = run.loads("test_mocked")
    assert load["client"]["judged"] is False
    assert ["error_rate", "requests"] == sorted(check["metric"] for check in load["checks"])
    assert "simulated" in run.out.partition(" smload ===")[2]
    assert "simulated: p50, p99 not judged" in " ".join(load["notes"])


def test_http_is_refused_under_the_mock(project: MakeProject) -> None:
    """The http transport would leave the mock: never."""
    run = project({"smload.toml": SETTINGS, "test_it.py": TESTS}).run(
        "-m", "perf", "-k", "test_mocked", "--smload-transport", "http", report=False
    )
    (line,) = run.section("test_mocked").strip().splitlines()
    assert "transport 'http' would leave moto's mock and reach the network" in line


def test_asked_for_or_not_boto3_is_simulated(project: MakeProject) -> None:
    """Naming the transport changes nothing: no name is resolved, no socket connected, and time is not judged."""
    run = project({"smload.toml": SETTINGS, "test_it.py": TESTS}).run("-m", "perf", "--smload-transport", "boto3")
    (load,) = run.loads("test_mocked")

    assert "passed" == run.junit()["test_mocked"][0], run.out
    assert (load["transport_reason"], load["client"]["judged"]) == (
        "asked for; moto mock_aws is active: simulated",
        False,
    )
