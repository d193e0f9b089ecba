"""Credentials never appear: not in output, logs, shown locals, JUnit or reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smload.emulator.credentials import SECRET_KEY

if TYPE_CHECKING:
    from pytest_runs import MakeProject

TOKEN = "PLANTED-SESSION-TOKEN-0123456789"
SECRET = "PLANTED-SECRET-KEY-0123456789"
TESTS = """
import logging
import pytest
pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")

@pytest.fixture(autouse=True)
def open_log():
    logging.getLogger("test").debug("the log is open")

def test_body_fails(sm_endpoint, load_profile, load_result):
    seen = repr([sm_endpoint, load_profile, load_result, vars(sm_endpoint), sm_endpoint._target])
    print(seen)
    assert not seen

@pytest.mark.perf_budget(p50="1us")
def test_breach(load_result): pass

def test_invoke_fails(sm_endpoint):
    sm_endpoint.invoke(b"1,2,3", target_model="broken.tar.gz")

def test_payload_function_fails(sm_endpoint, load_profile):
    def rows(model):
        raise LookupError("no rows")
    sm_endpoint.load(load_profile.replace(payload=rows))

@pytest.mark.perf(endpoint="refused")
def test_refused(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)

def test_hook_fails(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile.replace(seed=13))
"""
CONFTEST = """
def pytest_smload_environment(environment, profile):
    if profile.seed == 13:
        raise LookupError("the hook's own mistake")
"""
REFUSED = """
[endpoints.refused]
region = "us-east-1"
endpoint_url = "http://127.0.0.1:1"
payload = ["x"]
"""


@pytest.mark.parametrize(
    ("transport", "secret"), [("http", SECRET_KEY), ("boto3", SECRET)], ids=["http-right", "boto3-wrong"]
)
def test_planted_credentials_never_appear(project: MakeProject, staging: str, transport: str, secret: str) -> None:
    """Secret and token stay out of everything a run writes, whatever fails and however much is shown."""
    files = {"smload.toml": staging + REFUSED, "conftest.py": CONFTEST, "test_it.py": TESTS}
    args = ("-m", "perf", "--showlocals", "--full-trace", "--log-level=DEBUG", "-rA", "--smload-transport", transport)
    env = {"AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": TOKEN}
    run = project(files).run(*args, env=env)
    assert "the log is open" in run.out
    assert 6 == len(run.junit())
    assert "passed" not in run.summary
    written = [
        run.out,
        *(path.read_text() for path in (run.folder / "junit.xml", run.folder / "report" / "report.json")),
    ]
    for text in written:
        assert TOKEN not in text
        assert secret not in text
