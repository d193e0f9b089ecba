"""Secrets in odd places: no message, and no local of a frame of ours that fails, repeats one."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from _pytest._io.saferepr import saferepr
from botocore.exceptions import (
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
    ProxyConnectionError,
)
from scripted_peer import ROUTE, ROW, StaticSource

import pytest_smload
from pytest_smload.aws.account import check_account
from pytest_smload.aws.control_plane import ControlPlane
from pytest_smload.aws.credentials import credentials_problem, find_credentials
from pytest_smload.aws.endpoint import resolve_target
from pytest_smload.aws.shown_url import SecretiveUrl, shown_url, without_urls
from pytest_smload.aws.target import Credentials, EndpointTarget
from pytest_smload.errors import EndpointError
from pytest_smload.settings.tables import EndpointSettings
from pytest_smload.transport.choice import choose_transport
from pytest_smload.transport.detours import proxy_for
from pytest_smload.transport.errors import error_failure
from pytest_smload.transport.http.signing import RequestSigner
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.sdk.single import invoke_once
from pytest_smload.transport.sdk.transport import Boto3Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_peer import Peer, PeerConnection

SECRETS = ("PLANTED", b64encode(b"PLANTED").decode()[:8])
ODD_URLS = [
    "https://me:PLANTED@host.example",
    "https://PLANTED@host.example",
    "https://me:PLANTED@host.example:8443/base",
    "https://me:x/PLANTED@host.example",
    "https://me:x?PLANTED@host.example",
    "https://me:x#PLANTED@host.example",
    "https://me:PLANTED/x@host.example",
    "https://me:PLANTED?x@host.example",
    "https://me:PLANTED#x@host.example",
    "https://me:PLANTED\\x@host.example",
    "https://me:PLANTED x@host.example",
    "https://me:x@y:PLANTED@host.example",
    "https://me:PLANTED@host.example:99999",
    "https://me:PLANTED@ho st.example",
    "https://me:PLANTED@[::1",
    "https://me:PLANTED\uff20host.example",
    "https://host.example:PLANTED",
    "https://[PLANTED]",
    "https://[::1]PLANTED",
    "https://host.example/?X-Amz-Signature=PLANTED",
    "https://host.example/base?X-Amz-Security-Token=PLANTED&X-Amz-Expires=60",
    "https://host.example?PLANTED",
    "https://host.example#PLANTED",
    "https://?PLANTED",
    "me:PLANTED@host.example",
    "//me:PLANTED@host.example",
    "https:me:PLANTED@host.example",
    "https:/me:PLANTED@host.example",
    "host.example/?sig=PLANTED",
    "PLANTED",
    "ftp://me:PLANTED@host.example",
    "http://me:PLANTED@10.0.0.1",
]
ODD_PROXIES = [
    "http://me:PLANTED/x@127.0.0.1:1",
    "http://me:PLANTED?x@127.0.0.1:1",
    "http://me:PLANTED#x@127.0.0.1:1",
    "http://me:x#PLANTED@127.0.0.1:1",
    "http://me:x/PLANTED@127.0.0.1:1",
    "http://me:PLANTED\\x@127.0.0.1:1",
    "http://DOMAIN\\me:PLANTED@127.0.0.1:1",
    "me:PLANTED#x@127.0.0.1:1",
    "http://127.0.0.1:PLANTED",
    "http://[PLANTED]:1",
]
PROXIES = [
    "http://me:PLANTED@127.0.0.1:1",
    "http://me:PLANTED%23x@127.0.0.1:1",
    "http://me:PLANTED@x@127.0.0.1:1",
    "me:PLANTED@127.0.0.1:1",
    "http://127.0.0.1:1/?PLANTED",
]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for AWS's shared files, and no settings but a test's own."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in {"http_proxy", "https_proxy", "no_proxy", "all_proxy"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def told(step: Callable[[], object]) -> str:
    """Return what *step* fails with, after a look at all that pytest would show of it: causes, and locals of ours."""
    with pytest.raises(EndpointError) as caught:
        step()
    error: BaseException | None = caught.value
    assert error is not None
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    ours = str(Path(pytest_smload.__file__).parent)
    for entry in caught.traceback:
        if str(entry.path).startswith(ours):
            shown = {name: saferepr(value) for name, value in entry.locals.items()}
            assert not any(secret in str(shown) for secret in SECRETS), entry
    assert "PLANTED" not in str(error)
    assert "\n" not in str(error)
    return str(error)


def settings(url: str | None = None) -> EndpointSettings:
    return EndpointSettings(
        name="staging",
        endpoint_name="abalone",
        source="smload.toml [endpoints.staging]",
        region="us-east-1",
        endpoint_url=None if url is None else SecretiveUrl(url),
    )


def aws(url: str = "https://runtime.sagemaker.us-east-1.amazonaws.com") -> EndpointTarget:
    return EndpointTarget("abalone", "us-east-1", url, "smload.toml", StaticSource())


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("place", ["table", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL", "profile"])
@pytest.mark.parametrize("url", ODD_URLS)
def test_an_endpoint_url_is_refused_without_its_secret(
    url: str, place: str, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is written, the URL is refused before any request, and its scheme and host are all that is told."""
    if place == "profile":
        (environment / "config").write_text(f"[default]\nendpoint_url = {url}\n", encoding="utf-8")
    elif place != "table":
        monkeypatch.setenv(place, url)
    message = told(lambda: resolve_target(settings(url if place == "table" else None)))

    assert message.startswith("smload.toml [endpoints.staging]: ")
    assert "write https://host" in message or "remove it" in message or "use https://" in message


@pytest.mark.parametrize("url", ODD_URLS)
def test_the_http_transport_refuses_a_url_without_its_secret(url: str) -> None:
    """A target made by hand is held to the same."""
    assert "smload.toml" in told(lambda: HttpTransport(aws(url), timeout_s=1))


@pytest.mark.parametrize("proxy", ODD_PROXIES)
@pytest.mark.parametrize("way", ["load", "invoke", "account"])
def test_a_proxy_that_is_none_is_refused_without_its_password(
    proxy: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before the SDK could quote it, and the message says how to write such a password."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    if way == "account":
        assert "could not be checked with STS" in told(lambda: check_account(ControlPlane(aws()), "111122223333"))
        return
    steps = {
        "load": lambda: choose_transport(None, aws()),
        "invoke": lambda: invoke_once(aws(), {}, b"", timeout_s=1),
    }

    assert (
        "the proxy for runtime.sagemaker.us-east-1.amazonaws.com (from HTTPS_PROXY) is not "
        "http[s]://[user:password@]host[:port]; write / ? # \\ and @ of the password as %2F %3F %23 %5C and %40"
    ) == told(steps[way])


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_is_shown_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the reason for the transport nor what its requests, or STS, fail with repeats it."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    reason = choose_transport(None, aws()).reason
    transport = Boto3Transport(aws(), timeout_s=5, pool_size=1)
    try:
        connection = transport.connection()
        connection.invoke(ROUTE, ROW)
        said = str(connection.failure)
    finally:
        transport.close()
    said += told(lambda: check_account(ControlPlane(aws()), "111122223333"))

    assert "proxy http://127.0.0.1:1 for runtime.sagemaker.us-east-1.amazonaws.com" == reason
    assert "PLANTED" not in said


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 407 X\r\n\r\nPLANTED", b"PLANTED is no HTTP", b"HTTP/1.1 200 X\r\n\r\n"]
)
def test_a_proxy_that_opens_no_way_is_told_without_its_password(
    proxy: str, answer: bytes, start_peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the probe's error nor a request's failure, nor a frame on the way, holds the password."""

    def script(connection: PeerConnection) -> None:
        if b"Proxy-Authorization: Basic " in connection.receive_some():
            connection.send(answer)

    monkeypatch.setenv("HTTPS_PROXY", proxy.replace(":1", f":{start_peer(script).port}"))
    found = proxy_for(aws())
    transport = HttpTransport(aws(), timeout_s=5, proxy=found)
    try:
        said = told(transport.probe)
        connection = transport.connection()
        code = connection.invoke(ROUTE, ROW)
    finally:
        transport.close()
    shown = f"{said} {connection.failure} {found!r} {found} {vars(transport)!r}"

    assert "proxy http://127.0.0.1:" in said
    assert transport.kinds.name(code) in {"Client", "Connection"}
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize(
    "script",
    [
        "import sys; sys.exit('token PLANTED is refused')",
        "print('PLANTED not json')",
        """print('{"Version": 1, "SecretAccessKey": "PLANTED"}')""",
        """print('{"Version": 7, "SecretAccessKey": "PLANTED"}')""",
        """print('["PLANTED"]')""",
    ],
)
def test_what_a_credential_process_says_is_not_told(script: str, environment: Path) -> None:
    """Neither of its outputs is repeated."""
    (environment / "provider.py").write_text(script)
    command = f"{sys.executable} {environment / 'provider.py'}"
    (environment / "config").write_text(f"[default]\ncredential_process = {command}\n")

    assert told(lambda: find_credentials(botocore.session.Session())).startswith("AWS credentials: ")


@pytest.mark.parametrize("command", ["vault --token 'PLANTED", "/nowhere/PLANTED --x", "'' PLANTED"])
def test_a_credential_process_that_does_not_start_is_not_quoted(command: str, environment: Path) -> None:
    """Its command line may hold a secret too."""
    (environment / "config").write_text(f"[default]\ncredential_process = {command}\n")

    assert told(lambda: find_credentials(botocore.session.Session())).startswith("AWS credentials: ")


@pytest.mark.parametrize(
    "error",
    [
        CredentialRetrievalError(provider="custom-process", error_msg="PLANTED"),
        CredentialRetrievalError(provider="assume-role", error_msg="PLANTED"),
        MetadataRetrievalError(error_msg="status 500: PLANTED"),
        EndpointConnectionError(endpoint_url="https://sso.example/?t=PLANTED"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_provider_says_is_not_told(error: Exception) -> None:
    """A provider's words come from outside and may hold what it was to keep."""
    assert "PLANTED" not in credentials_problem(error)


@pytest.mark.parametrize("odd", ["PLANTED\nkey", "PLANTED key", "PLANTED-\u00e9", "PLANTED\udc80", "PLANTED\x00"])
@pytest.mark.parametrize("place", ["access_key", "secret_key", "token"])
def test_credentials_no_header_can_carry_are_in_no_local(place: str, odd: str) -> None:
    """The frame that refuses them, and those around it, hold none of their text."""
    given = {"access_key": "AKID", "secret_key": "secret", place: odd}
    target = EndpointTarget("a", "us-east-1", "https://host", "test", StaticSource(Credentials(**given)))

    assert told(lambda: RequestSigner(target)).startswith(f"the AWS {'session ' * (place == 'token')}")


@pytest.mark.parametrize(
    "error",
    [
        ProxyConnectionError(proxy_url="http://me:PLANTED#x@proxy.example"),
        ProxyConnectionError(proxy_url='http://me:"PLANTED@proxy.example'),
        EndpointConnectionError(endpoint_url="https://host.example/?X-Amz-Signature=PLANTED"),
        HTTPClientError(error=ValueError("bad URL http://me:x/PLANTED@proxy.example")),
        OSError("https://me:PLANTED@host.example, refused"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exceptions_urls_are_cut_to_their_host(error: Exception) -> None:
    """What a request failed with is kept without paths, queries and passwords."""
    assert "PLANTED" not in error_failure(error).message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host.example", "https://host.example"),
        ("https://HOST.example:8443/base/path", "https://host.example:8443"),
        ("https://me:pw@host.example/x", "https://host.example"),
        ("https://me:p@w@host.example", "https://host.example"),
        ("https://[::1]:8443/x", "https://[::1]:8443"),
        ("https://me:p/w@host.example", "https://…"),
        ("https://host.example/?sig=a@b", "https://…"),
        ("host.example", "…"),
    ],
)
def test_shown_urls(url: str, shown: str) -> None:
    """Scheme and host, where they can be told from a secret."""
    assert shown == shown_url(url)
    assert repr(shown) == repr(SecretiveUrl(url))


def test_urls_in_a_text() -> None:
    """Each URL is cut; the words around them stay."""
    text = 'no "https://a.example/x?y" and (https://b.example/z), nor https://c.example.'

    assert 'no "https://a.example" and (https://b.example nor https://c.example' == without_urls(text)
