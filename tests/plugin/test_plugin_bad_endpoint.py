"""Endpoints and payloads that cannot be used: one line, no traceback, an ERROR, in fixtures and bodies."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_runs import MakeProject, PytestRun

    from pytest_smload.emulator.process import EmulatorProcess

SETTINGS = """
[endpoints.refused]
region = "us-east-1"
endpoint_url = "http://127.0.0.1:{refused}"
payload = ["x"]
[endpoints.tls]
region = "us-east-1"
endpoint_url = "{tls}"
payload = ["x"]
[endpoints.plain]
region = "us-east-1"
endpoint_url = "http://sagemaker.example"
payload = ["x"]
[endpoints.no-file]
region = "us-east-1"
endpoint_url = "{url}"
payload = "payloads/none.csv"
[endpoints.empty-file]
region = "us-east-1"
endpoint_url = "{url}"
payload = "empty.csv"
[endpoints.no-function]
region = "us-east-1"
endpoint_url = "{url}"
payload = "nowhere:rows"
"""
TESTS = """
import pytest
perf = lambda endpoint: pytest.mark.perf(users=2, duration="100ms", warmup="0s", endpoint=endpoint)

@perf("refused")
def test_refused(load_result): pass

@perf("refused")
def test_refused_in_body(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)

@pytest.mark.xfail
@perf("refused")
def test_refused_in_body_xfail(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)

@perf("tls")
def test_tls(load_result): pass

@perf("plain")
def test_plain_http(load_result): pass

@perf("no-file")
def test_no_file(load_result): pass

@perf("empty-file")
def test_empty_file(load_result): pass

@perf("no-function")
def test_no_function(load_result): pass

@perf("staging")
def test_header(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile.replace(custom_attributes="line\\nbreak"))
"""


def closed_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def tls_url(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A local endpoint whose certificate nobody trusts."""
    import trustme

    from pytest_smload.emulator.process import EmulatorProcess

    folder: Path = tmp_path_factory.mktemp("tls")
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for chain in certificate.cert_chain_pems:
        chain.write_to_path(folder / "cert.pem", append=True)
    with EmulatorProcess.start(tls_cert=folder / "cert.pem", tls_key=folder / "key.pem") as process:
        yield process.url


@pytest.fixture(scope="module", params=["http", "boto3"])
def run(
    request: pytest.FixtureRequest, project: MakeProject, staging: str, emulator: EmulatorProcess, tls_url: str
) -> PytestRun:
    """One run of all the tests above, over each transport."""
    settings = staging + SETTINGS.format(refused=closed_port(), tls=tls_url, url=emulator.url)
    made = project({"smload.toml": settings, "test_it.py": TESTS, "empty.csv": ""})
    stale = made.folder / "report" / "report.json"
    stale.parent.mkdir()
    stale.write_text('{"tests": ["of an earlier run"]}')
    return made.run("-m", "perf", "--smload-transport", request.param)


SENTENCES = {
    "test_refused": "check the URL, and that it is reachable from here",
    "test_refused_in_body": "Connection refused",
    "test_refused_in_body_xfail": "Connection refused",
    "test_tls": "TLS certificate refused",
    "test_plain_http": "http:// would send signed requests in the clear; use https://",
    "test_no_file": "payloads/none.csv",
    "test_empty_file": "empty.csv",
    "test_no_function": "nowhere:rows",
    "test_header": "custom",
}


@pytest.mark.parametrize("test", SENTENCES)
def test_one_line_says_what_is_wrong(run: PytestRun, test: str) -> None:
    """The text of the error is one line without a traceback, and JUnit has an error."""
    outcome, junit = run.junit()[test]
    assert "error" == outcome
    text = run.section(test).strip()
    assert SENTENCES[test].lower() in text.lower()
    assert 1 == len(text.splitlines())
    assert SENTENCES[test].lower() in junit.lower()


def test_nothing_was_sent(run: PytestRun) -> None:
    """No load began: every mistake is known before its first request."""
    assert f"{len(SENTENCES)} errors" == run.summary
    assert "smload: load on" not in run.out
    assert "Traceback" not in run.out


def test_earlier_report_is_replaced(run: PytestRun) -> None:
    """A run that measured nothing says so in report.json instead of leaving an earlier run's verdicts there."""
    assert set(SENTENCES) == set(run.tests())
    assert {"invalid"} == {test["verdict"] for test in run.tests().values()}


def test_no_credentials(project: MakeProject) -> None:
    """Without credentials one line names boto3's chain."""
    tests = "import pytest\n@pytest.mark.perf(users=2, duration='100ms')\ndef test_it(): pass\n"
    empty = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    run = project({"test_it.py": tests}).run("-m", "perf", env=empty, report=False)
    assert "1 error" == run.summary
    (line,) = run.section("test_it").strip().splitlines()
    assert line.startswith("no AWS credentials were found: boto3's chain")


def test_account_is_checked_first(project: MakeProject, staging: str) -> None:
    """With ``account`` set and STS out of reach nothing is sent."""
    tests = "import pytest\n@pytest.mark.perf(users=2, duration='100ms')\ndef test_it(): pass\n"
    control = f'account = "111122223333"\ncontrol_url = "http://127.0.0.1:{closed_port()}"'
    settings = staging.replace('region = "us-east-1"', f'region = "us-east-1"\n{control}')
    run = project({"smload.toml": settings, "test_it.py": tests}).run("-m", "perf", report=False)
    assert "1 error" == run.summary
    assert "111122223333" in run.section("test_it")
    assert "smload: load on" not in run.out
