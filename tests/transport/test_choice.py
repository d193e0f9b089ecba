"""Which transport sends: ours, unless a mock stands between us and the endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError
from pytest_smload.transport.choice import SIMULATED, choose_transport
from pytest_smload.transport.detours import mock_is_active


def target_at(url: str) -> EndpointTarget:
    return local_target(url, access_key="a", secret_key="b", endpoint_name="c", region="us-east-1")


AWS = target_at("https://runtime.sagemaker.us-east-1.amazonaws.com")
LOOPBACK = target_at("http://127.0.0.1:8080")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the proxies a test sets."""
    for name in list(os.environ):
        if name.lower() in {"http_proxy", "https_proxy", "no_proxy", "all_proxy"}:
            monkeypatch.delenv(name)


@pytest.fixture
def mocked_by_fixture() -> Iterator[None]:
    """The way most projects use moto."""
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").close()
        yield


def test_ours_is_the_default() -> None:
    """Nothing in between, nothing asked for."""
    assert choose_transport(None, AWS) == ("http", "default", False, False)
    assert choose_transport("http", AWS) == ("http", "asked for", False, False)
    assert choose_transport("boto3", AWS) == ("boto3", "asked for", False, False)


@mock_aws
def test_a_mock_as_decorator() -> None:
    """boto3 hears the mock; the reason says that figures are simulated."""
    assert choose_transport(None, AWS) == ("boto3", SIMULATED, True, False)


def test_a_mock_as_context() -> None:
    """The mock counts for as long as it is active, nested or not."""
    with mock_aws():
        with mock_aws():
            assert choose_transport(None, AWS) == ("boto3", SIMULATED, True, False)
        assert choose_transport(None, AWS) == ("boto3", SIMULATED, True, False)

    assert choose_transport(None, AWS) == ("http", "default", False, False)


def test_a_mock_started_by_hand() -> None:
    """start and stop are the same to us."""
    mock = mock_aws()
    mock.start()
    try:
        during = mock_is_active()
    finally:
        mock.stop()

    assert (during, mock_is_active()) == (True, False)


def test_a_mock_of_a_fixture(mocked_by_fixture: None) -> None:
    """A fixture's mock is active in the test."""
    assert choose_transport("boto3", AWS) == ("boto3", f"asked for; {SIMULATED}", True, False)


@mock_aws
def test_http_under_a_mock_is_refused() -> None:
    """It would leave the mock and reach the network."""
    with pytest.raises(EndpointError) as caught:
        choose_transport("http", AWS)

    assert str(caught.value) == (
        "transport 'http' would leave moto's mock and reach the network (moto mock_aws is active: simulated); ask for "
        "transport 'boto3', or for none"
    )


@mock_aws
def test_loopback_is_never_mocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto lets loopback addresses through, and proxies are not for them."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")

    assert choose_transport(None, LOOPBACK) == ("http", "default", False, False)
    assert choose_transport("http", LOOPBACK) == ("http", "asked for", False, False)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("requested", [None, "http", "boto3"])
def test_every_transport_goes_through_a_proxy(
    requested: str | None, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names proxy and host, without the proxy's password."""
    monkeypatch.setenv(variable, "http://me:PLANTED@proxy.example:3128/")
    detour = "proxy http://proxy.example:3128 for runtime.sagemaker.us-east-1.amazonaws.com"

    assert choose_transport(requested, AWS) == (
        requested or "http",
        f"asked for; {detour}" if requested else detour,
        False,
        True,
    )


@pytest.mark.parametrize("exempt", ["*", ".amazonaws.com", "runtime.sagemaker.us-east-1.amazonaws.com"])
def test_no_proxy_is_honoured(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What NO_PROXY exempts is sent directly."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", exempt)

    assert choose_transport(None, AWS) == ("http", "default", False, False)


def test_a_proxy_for_the_other_scheme_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is not for https URLs; a proxy without a scheme is understood."""
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")

    assert choose_transport(None, AWS) == ("http", "default", False, False)
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert choose_transport(None, AWS)[1].startswith("proxy http://proxy.example:3128 for ")


def test_asking_for_the_mock_imports_nothing() -> None:
    """Neither moto nor botocore is imported to find out that no mock is active."""
    script = (
        "import sys; from pytest_smload.transport.detours import mock_is_active; "
        "print(mock_is_active(), 'moto' in sys.modules, 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False", "False"]
