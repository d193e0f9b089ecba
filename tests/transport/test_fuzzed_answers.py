"""Whatever an endpoint sends, a request ends as one counted outcome: fuzzed, with what once went wrong as examples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scripted_peer import OK_RESPONSE, ROUTE, ROW, StaticSource, payload_of

from pytest_smload.aws.target import Credentials, EndpointTarget
from pytest_smload.core.request.error_kinds import OWN_NAMES, is_wire_kind
from pytest_smload.transport.errors import response_failure
from pytest_smload.transport.http.head import read_head
from pytest_smload.transport.outside_text import MAX_MESSAGE_CHARS
from pytest_smload.transport.registry import TRANSPORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripted_peer import Peer, PeerConnection

    StartPeer = Callable[..., Peer]

HELD = Credentials("ASIAPLANTEDKEY000001", "PLANTED/SECRET+KEY/0123456789", "IQoJb3JpZ2luX2VjE/TOKEN+" + "Zx9" * 30)
AWKWARD = [
    *OWN_NAMES,
    *("Task", "Other", "", "500", "a" * 70, "ModelError", "aws#ok:x", "\u202eko", "\ud83d", "::error::"),
    HELD.access_key,
    str(HELD.token),
]
words = st.sampled_from(AWKWARD) | st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["code", "Code", "__type", "message", "Message", "OriginalStatusCode"])
bodies = st.dictionaries(keys, values, max_size=5).map(lambda content: json.dumps(content).encode()) | st.binary(
    max_size=80
)
dates = st.sampled_from([
    "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
    "Mon, 01 Jan 2026 00:00:00 +99999999999999",
    "Mon, 01 Jan 99999 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 -0000",
    "Mon, 01 Jan 0001 00:00:00 +2359",
]) | st.text(max_size=40)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    status=st.integers(100, 999),
    header=st.none() | words,
    date=st.none() | dates,
    body=bodies,
)
@example(status=500, header=None, date=None, body=b'{"code": "ok"}')
@example(status=500, header="ok", date=None, body=b"{}")
@example(status=400, header=None, date=None, body=b"[" * 60_000)
@example(status=400, header=None, date=None, body=b'{"message":' * 9_000)
@example(status=400, header=None, date=None, body=b'{"message":' + b"[" * 900 + b"]" * 900 + b"}")
@example(status=400, header=None, date=None, body=b'{"code": ' + b"9" * 5_000 + b"}")
@example(status=403, header="RequestExpired", date="Mon, 99999999999999999999 Jan 2026 00:00:00 GMT", body=b"{}")
@example(status=403, header="RequestExpired", date="Mon, 01 Jan 2026 00:00:00 +99999999999999", body=b"{}")
@example(status=424, header="ModelError", date=None, body=b'{"OriginalStatusCode": 1e999, "Message": "\\ud83d"}')
def test_error_answers(status: int, header: str | None, date: str | None, body: bytes) -> None:
    """Any status, headers and body are one failure: an acceptable kind, one bounded line of visible text, no secret."""
    given_headers = {"x-amzn-errortype": header, "date": date}
    headers = {name: value for name, value in given_headers.items() if value is not None}
    failure = response_failure(status, headers, body, now=1.8e9, credentials=HELD)

    assert failure.kind == str(status) or is_wire_kind(failure.kind)
    assert failure.kind not in OWN_NAMES
    assert failure.message.isprintable()
    assert failure.message
    # The clause on clocks comes behind the endpoint's own words.
    assert len(failure.message) <= MAX_MESSAGE_CHARS + 120
    assert not any(secret in f"{failure.kind} {failure.message}" for secret in (HELD.access_key, "IQoJb3JpZ2luX2VjE"))


def test_depths_around_the_interpreters_limit() -> None:
    """A message that can just be read, and just not be written again, is no exception either."""
    for depth in range(600, 1_000):
        body = b'{"code": 1, "message": ' + b"[" * depth + b"]" * depth + b"}"
        assert "400" == response_failure(400, {}, body).kind


pieces = [
    b"HTTP/1.1 ",
    b"HTTP/1.0 ",
    b"200",
    b"099",
    b"1",
    b"9" * 40,
    b" OK",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b": ",
]
names = [b"Content-Length", b"4", b"Transfer-Encoding: chunked", b"\x00", b"\xff"]
head_bytes = st.lists(st.sampled_from(pieces + names) | st.binary(max_size=8), max_size=24).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(raw=head_bytes)
@example(raw=b"HTTP/1.1 " + b"9" * 5_000 + b" OK\r\n\r\n")
@example(raw=b"HTTP/1.1 099 X\r\n\r\n")
@example(raw=b"\r\n\r\n")
def test_response_heads(raw: bytes) -> None:
    """Any bytes are a head or none."""
    head = read_head(raw)

    assert head is None or 0 <= head.status


class MutatingPeer:
    """Answers each request with what *answer* says at that time, then closes."""

    def __init__(self, start_peer: StartPeer) -> None:
        self.answer: list[bytes] = [OK_RESPONSE]
        self.peer = start_peer(self._play)

    def _play(self, connection: PeerConnection) -> None:
        connection.receive_some()
        for piece in self.answer:
            connection.send(piece)


LARGE = bytes(3_000_000)
SEEDS = [
    OK_RESPONSE,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n4.57\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n4.57",
    b'HTTP/1.1 500 X\r\nx-amzn-errortype: ok\r\nContent-Length: 14\r\n\r\n{"code": "ok"}',
    b"HTTP/1.0 503 X\r\n\r\n<html>",
    b"HTTP/1.1 204 X\r\n\r\n",
    b"HTTP/1.1 101 X\r\n\r\n",
]
cuts = st.integers(0, 120)
inserts = st.binary(max_size=6) | st.sampled_from(
    [
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"HTTP/1.1 099 X\r\n",
        b"HTTP/1.1 000 X\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 100 X\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"\x16\x03\x01",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> list[bytes]:
    """Return a response with bytes left out, put in and repeated, in pieces."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 3))):
        begin, end = sorted((draw(cuts), draw(cuts)))
        inserted = data[:begin] + draw(inserts) + data[begin:]
        data = draw(st.sampled_from([inserted, data[:begin] + data[end:], data + data]))
    at = draw(cuts)
    return [data[:at], data[at:]]


@pytest.fixture
def mutating(start_peer: StartPeer) -> MutatingPeer:
    """A peer whose answer each example sets."""
    return MutatingPeer(start_peer)


@pytest.fixture(params=["http", "boto3"])
def invoke(request: pytest.FixtureRequest, mutating: MutatingPeer) -> Iterator[Callable[[bytes], tuple[str, bool]]]:
    """Send a body to `mutating`, and return the kind and whether the outcome is a success."""
    url = f"http://127.0.0.1:{mutating.peer.port}"
    target = EndpointTarget("abalone", "us-east-1", url, "test", StaticSource())
    transport = TRANSPORTS[request.param].make(target, timeout_s=20, most_in_flight=1, mocked=False)

    def send(body: bytes) -> tuple[str, bool]:
        connection = transport.connection()
        code = connection.invoke(ROUTE, payload_of(body))
        connection.close()
        return transport.kinds.name(code), connection.failure is None

    yield send
    transport.close()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=mutated(), body=st.sampled_from([ROW.body, LARGE]))
@example(answer=[b"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n"], body=LARGE)
@example(answer=[b'HTTP/1.1 500 X\r\nContent-Length: 14\r\n\r\n{"code": "ok"}'], body=ROW.body)
@example(answer=[b"HTTP/1.1 500 X\r\nx-amzn-errortype: ok\r\nContent-Length: 2\r\n\r\n{}"], body=ROW.body)
@example(answer=[b"HTTP/1.1 101 X\r\n\r\n"], body=ROW.body)
@example(answer=[b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"], body=ROW.body)
@example(answer=[b"HTTP/1.1 099 X\r\nContent-Length: 4\r\n\r\n4.57"], body=ROW.body)
@example(answer=[b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n"], body=ROW.body)
@example(answer=[b"HTTP/1.1 400 X\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000], body=ROW.body)
def test_the_exchange(
    answer: list[bytes], body: bytes, mutating: MutatingPeer, invoke: Callable[[bytes], tuple[str, bool]]
) -> None:
    """A mutated answer is a success or a failure, never an exception; and no success unless its status is 2xx."""
    mutating.answer = answer
    kind, succeeded = invoke(body)
    whole = b"".join(answer)

    assert succeeded == (kind == "ok")
    if succeeded:
        assert any(status in whole for status in (b" 200", b" 204"))
