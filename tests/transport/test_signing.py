"""Signatures are botocore's, byte for byte, and cached for no longer than they hold."""

from __future__ import annotations

import hashlib
import string
from datetime import UTC, datetime
from unittest import mock
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_peer import ROUTE, ROW, StaticSource, payload_of

from pytest_smload.aws.target import Credentials, EndpointTarget
from pytest_smload.core.request.invocation import Payload, Route
from pytest_smload.core.request.members import MEMBERS
from pytest_smload.errors import EndpointError
from pytest_smload.transport.http.signing import SIGNED_FOR_S, RequestSigner

printable = st.text(alphabet=string.printable[:95], min_size=1, max_size=60).filter(
    lambda text: text == text.strip(" ")
)
segments = st.text(min_size=1, max_size=30).filter(lambda text: text not in {".", ".."} and text.isprintable())
keys = st.text(alphabet=string.ascii_letters + string.digits + "+/=", min_size=1, max_size=80)
authorities = st.sampled_from(
    [
        "https://runtime.sagemaker.eu-west-1.amazonaws.com",
        "https://Runtime.SageMaker.example:443",
        "https://vpce-1.example.com:8443",
        "http://127.0.0.1:8080",
        "http://localhost:80",
        "http://[::1]:9000",
        "https://proxy.example.com/stage one".replace(" ", "%20"),
        "https://proxy.example.com//a/",
    ]
)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Any route that `validate_route` lets pass."""
    members = draw(st.lists(st.sampled_from(sorted(MEMBERS)), unique=True))
    return Route(0, "m", tuple((member, draw(printable)) for member in members))


def signer_at(second: float, **target: str | Credentials) -> RequestSigner:
    source = StaticSource(current=target.pop("credentials", StaticSource().current))
    fields = {"endpoint_name": "abalone", "region": "us-east-1", "url": "http://127.0.0.1:8080", **target}
    return RequestSigner(EndpointTarget(**fields, url_source="test", credentials=source), clock=lambda: second)


def parsed(wire: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = wire.partition(b"\r\n\r\n")
    request_line, *lines = head.decode("ascii").split("\r\n")
    return request_line, dict(line.split(": ", 1) for line in lines), body


@settings(max_examples=150, deadline=None)
@given(
    route=routes(),
    url=authorities,
    name=segments,
    body=st.binary(max_size=200),
    region=st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-3"]),
    access_key=keys,
    secret_key=keys,
    token=st.none() | keys,
    second=st.integers(0, 4_000_000_000),
)
def test_every_request_is_signed_as_botocore_signs_it(
    route: Route,
    url: str,
    name: str,
    body: bytes,
    region: str,
    access_key: str,
    secret_key: str,
    token: str | None,
    second: int,
) -> None:
    """For any route, address, name, body, credentials and second the Authorization header equals SigV4Auth's."""
    credentials = Credentials(access_key, secret_key, token)
    signer = signer_at(second, url=url, endpoint_name=name, region=region, credentials=credentials)
    request_line, headers, sent_body = parsed(signer.sign(route, payload_of(body)))

    full_url = f"{url.rstrip('/')}/endpoints/{quote(name, safe='-._~')}/invocations"
    reference = AWSRequest(
        "POST", full_url, data=body, headers={MEMBERS[member].header: value for member, value in route.fields}
    )
    moment = datetime.fromtimestamp(second, UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(ReadOnlyCredentials(access_key, secret_key, token), "sagemaker", region).add_auth(reference)
    expected = dict(reference.headers.items())

    assert expected == {key: value for key, value in headers.items() if key in expected}
    assert set(headers) - set(expected) == {"Host", "User-Agent", "Content-Length"}
    assert (f"POST {urlsplit(full_url).path} HTTP/1.1", str(len(body)), body) == (
        request_line,
        headers["Content-Length"],
        sent_body,
    )


def test_a_request_is_made_once_a_time_stamp() -> None:
    """The same route and payload give the same bytes until the signer is renewed, and then others."""
    seconds = iter([1_000.0, 1_010.0])
    target = EndpointTarget("abalone", "us-east-1", "http://127.0.0.1:8080", "test", StaticSource())
    signer = RequestSigner(target, clock=lambda: next(seconds))
    first = signer.sign(ROUTE, ROW)

    assert signer.sign(ROUTE, ROW) is first

    signer.renew()

    assert (b"19700101T001640Z" in first, b"19700101T001650Z" in signer.sign(ROUTE, ROW)) == (True, True)


@settings(max_examples=50, deadline=None)
@given(now=st.floats(0, 4e9))
def test_a_time_stamp_is_used_for_ten_seconds_of_one_day_at_most(now: float) -> None:
    """AWS takes it for five minutes, and its key for its day."""
    with mock.patch("pytest_smload.transport.http.signing.time.perf_counter", return_value=0.0):
        left_s = signer_at(now).valid_until

    assert 0 < left_s <= SIGNED_FOR_S
    assert now + left_s <= (now // 86_400 + 1) * 86_400


def test_new_credentials_sign_after_renewal() -> None:
    """Once the source's credentials are replaced and the signer renewed, nothing of the old ones is sent."""
    source = StaticSource(Credentials("AKIDOLD", "old", "old-token"))
    signer = RequestSigner(
        EndpointTarget("abalone", "us-east-1", "http://127.0.0.1:8080", "test", source), clock=lambda: 0.0
    )
    signer.sign(ROUTE, ROW)
    source.current = Credentials("AKIDNEW", "new", None)
    signer.renew()
    wire = signer.sign(ROUTE, ROW)

    assert (b"AKIDNEW" in wire, b"AKIDOLD" in wire, b"Token" in wire) == (True, False, False)


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes of distinct requests than the cache may hold are signed, and not kept."""
    monkeypatch.setattr("pytest_smload.transport.http.signing.CACHED_BYTES", 20_000)
    signer = signer_at(0)
    wires = [signer.sign(ROUTE, Payload(index, b"", hashlib.sha256(b"").hexdigest())) for index in range(200)]

    assert 20_000 <= sum(map(len, signer.wires.values())) < 20_000 + len(wires[0]) + 10
    assert len(set(wires)) == 1


def test_a_large_body_is_not_copied_behind_its_head() -> None:
    """Of a body over 16 KiB only the head is made and kept."""
    wire = signer_at(0).sign(ROUTE, payload_of(b"x" * 20_000))

    assert (wire[-27:], wire.endswith(b"\r\n\r\n")) == (b"\r\nContent-Length: 20000\r\n\r\n", True)


def test_requests_hide_their_bytes_from_tracebacks() -> None:
    """The repr of a signed request shows neither signature nor session token."""
    wire = signer_at(0, credentials=Credentials("AKID", "secret", "planted-token")).sign(ROUTE, ROW)

    assert f"SecretiveBytes({len(wire)} bytes, redacted)" == repr(wire)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"endpoint_name": ".."}, "'..'"),
        ({"endpoint_name": ""}, "empty"),
        ({"url": "https://host/path?query=1"}, "query"),
        ({"url": "https://user@host"}, "user"),
        ({"url": "https://"}, "no host"),
        ({"url": "https://host:99999"}, "1..65535"),
        ({"url": "https://höst"}, "no host"),
        ({"credentials": Credentials("AKID\n", "secret")}, "access key"),
        ({"credentials": Credentials("AKID", "secret", "to\r\nken")}, "session token"),
    ],
)
def test_an_address_or_key_that_cannot_be_sent_is_refused(fields: dict[str, str], said: str) -> None:
    """What would change the meaning of a request line or header is refused before any load, and keys are not shown."""
    with pytest.raises(EndpointError, match=said) as caught:
        signer_at(0, **fields)

    assert "AKID" not in str(caught.value)
