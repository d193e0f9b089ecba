"""What an answer says of itself: its status alone decides, its words are kept clean and bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from scripted_peer import ROUTE, ROW, StaticSource, answers

from pytest_smload.aws.target import Credentials, EndpointTarget
from pytest_smload.core.request.error_kinds import OWN_NAMES
from pytest_smload.errors import InvocationError
from pytest_smload.transport.errors import response_failure
from pytest_smload.transport.outside_text import MAX_MESSAGE_CHARS
from pytest_smload.transport.registry import TRANSPORTS
from pytest_smload.transport.sdk.single import invoke_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_peer import Peer

    StartPeer = Callable[..., Peer]

TOKEN = "IQoJb3JpZ2luX2VjE/PLANTED+TOKEN/" + "Zx9" * 40 + "=="
HELD = Credentials("ASIAPLANTEDKEY000001", "PLANTED/SECRET+KEY/0123456789abcdefghijkl", TOKEN)
DEEP = b"[" * 60_000
MODEL, EXPIRED = b"x-amzn-errortype: ModelError", b"x-amzn-errortype: RequestExpired"
ABSURD_DAY = b"Date: Mon, 99999999999999999999 Jan 2026 00:00:00 GMT"
ABSURD_ZONE = b"Date: Mon, 01 Jan 2026 00:00:00 +99999999999999"
CLAIMED = [
    *OWN_NAMES,
    "Task",
    "Other",
    "a b",
    "a" * 65,
    "Fehler\u200b",
    "",
    "200",
    "5xx",
    "<script>",
    "a\tb",
    "ko\u202eo",
]


def answer(status: int | str, body: bytes, *headers: bytes) -> bytes:
    """Return a whole response."""
    status = f"{status:03}" if isinstance(status, int) else status
    return b"\r\n".join([b"HTTP/1.1 %s X" % status.encode(), *headers, b"Content-Length: %d" % len(body), b"", body])


def seen_by(peer: Peer, transport: str, source: StaticSource | None = None) -> tuple[str, str]:
    """Return kind and message of one request, by a transport or by ``"invoke"``."""
    source = source or StaticSource()
    target = EndpointTarget("abalone", "us-east-1", f"http://127.0.0.1:{peer.port}", "test", source)
    if transport == "invoke":
        with pytest.raises(InvocationError) as caught:
            invoke_once(target, {}, ROW.body, timeout_s=20)
        return caught.value.kind, str(caught.value)
    made = TRANSPORTS[transport].make(target, timeout_s=20, most_in_flight=1, mocked=False)
    try:
        connection = made.connection()
        code = connection.invoke(ROUTE, ROW)
        assert connection.failure is not None
        return made.kinds.name(code), connection.failure.message
    finally:
        made.close()


@pytest.mark.parametrize("way", ["http", "boto3", "invoke"])
@pytest.mark.parametrize(
    "response",
    [
        pytest.param(answer(500, b'{"code": "ok"}'), id="body"),
        pytest.param(answer(500, b"{}", b"x-amzn-errortype: ok"), id="header"),
        pytest.param(answer(500, b'{"__type": "aws#ok:http://x"}'), id="type"),
    ],
)
def test_an_error_that_calls_itself_ok_is_an_error(response: bytes, way: str, start_peer: StartPeer) -> None:
    """A 500 with the code ``ok`` is a 500."""
    assert "500" == seen_by(start_peer(answers(response)), way)[0]


@pytest.mark.parametrize("way", ["http", "boto3", "invoke"])
@pytest.mark.parametrize(
    ("response", "kind"),
    [
        pytest.param(answer(400, DEEP), "400", id="deep list"),
        pytest.param(answer(400, b'{"message":' * 9_000), "400", id="deep object"),
        pytest.param(answer(424, b'{"OriginalStatusCode": 1e999, "Message": "x"}', MODEL), "ModelError", id="infinity"),
        pytest.param(answer(424, b'{"OriginalStatusCode": "five", "Message": [1]}', MODEL), "ModelError", id="words"),
        pytest.param(answer(400, b'{"code": ' + b"9" * 5_000 + b"}"), "400", id="5,000 digits"),
        pytest.param(answer(403, b"{}", EXPIRED, ABSURD_DAY), "RequestExpired", id="absurd day"),
        pytest.param(answer(403, b"{}", EXPIRED, ABSURD_ZONE), "RequestExpired", id="absurd zone"),
        pytest.param(answer(99, b"4.57"), "BadResponse", id="099"),
        pytest.param(answer("000", b""), "BadResponse", id="000"),
    ],
)
def test_nothing_in_an_answer_ends_a_user(response: bytes, kind: str, way: str, start_peer: StartPeer) -> None:
    """What no parser can take is one failed request, named by its status."""
    assert kind == seen_by(start_peer(answers(response)), way)[0]


@pytest.mark.parametrize("name", CLAIMED)
@pytest.mark.parametrize("place", ["header", "code", "__type"])
def test_kinds_that_are_ours_or_no_words_are_refused(name: str, place: str) -> None:
    """The status names such an error."""
    headers = {"x-amzn-errortype": name} if place == "header" else {}
    body = b"{}" if place == "header" else json.dumps({place: name}).encode()

    assert "418" == response_failure(418, headers, body).kind


@pytest.mark.parametrize("name", ["ModelError", "a.b-c_D9", "Ok", "x" * 64])
def test_other_words_are_kept_as_they_are(name: str) -> None:
    """A kind of the service's own is verbatim."""
    assert name == response_failure(418, {"x-amzn-errortype": name}, b"{}").kind


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\x1b[31mred\x07\x00", "a[31mred"),
        ("one\r\n::error::two\u2028three\x85four", "one ::error::two three four"),
        ("abc\u202ecba\u2066x\u2069", "abccbax"),
        ("pass\u200bword\ufeff\u00ad\u2060\u180e\u3164", "password"),
        ("half \ud83d", "half"),
        ("Ünïcödé 模型 ok", "Ünïcödé 模型 ok"),
        ("\u200b\x00", "I'm a Teapot"),
    ],
)
def test_messages_hold_what_can_be_seen(said: str, kept: str) -> None:
    """Control, bidirectional and zero-width characters and lone surrogates are gone; line ends are spaces."""
    assert kept == response_failure(418, {}, json.dumps({"message": said}).encode()).message


def test_messages_are_bounded() -> None:
    """One line of a thousand characters is kept of the longest body."""
    kept = response_failure(418, {}, b"x" * 60_000).message

    assert (MAX_MESSAGE_CHARS, "…") == (len(kept), kept[-1])


@pytest.mark.parametrize("way", ["http", "boto3", "invoke"])
@pytest.mark.parametrize(
    "echo",
    [
        f"token {TOKEN} is invalid",
        f"headers: x-amz-security-token: {TOKEN[:60]}… Credential={HELD.access_key}/20260101/us-east-1",
        f"bad key {HELD.access_key}",
        f"url ?X-Amz-Security-Token={TOKEN.replace('/', '%2F').replace('+', '%2B').replace('=', '%3D')}",
        f"hidden {TOKEN[:9]}\u200b{TOKEN[9:]}",
        f"secret {HELD.secret_key}",
        f"{'x' * 990} {TOKEN}",
    ],
)
@pytest.mark.parametrize("raw", [True, False], ids=["text", "json"])
def test_credentials_that_are_echoed_are_redacted(echo: str, way: str, start_peer: StartPeer, *, raw: bool) -> None:
    """The access key and the token of the request do not come back in what is kept of its answer."""
    body = echo.encode() if raw else json.dumps({"message": echo}).replace("/", "\\/").encode()
    kind, message = seen_by(start_peer(answers(answer(403, body))), way, StaticSource(HELD))

    assert "403" == kind
    assert "[redact" in message
    assert not any(part in message for part in ("PLANTED", "IQoJb3J", "Zx9Zx9"))


def test_a_kind_never_repeats_the_access_key() -> None:
    """An error code that is the key's id is replaced by the status."""
    assert "403" == response_failure(403, {"x-amzn-errortype": HELD.access_key}, b"{}", credentials=HELD).kind
