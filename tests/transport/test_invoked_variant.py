"""Which production variant answered: read from the answer's head by both transports, whatever else the answer holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from scripted_peer import ROUTE, ROW, answers

from pytest_smload.aws.endpoint import local_target
from pytest_smload.core.request.variant_names import VariantNames
from pytest_smload.transport.sdk.transport import Boto3Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_peer import Peer, PeerConnection

    from pytest_smload.transport.http.transport import HttpTransport

    StartPeer = Callable[..., Peer]
    MakeTransport = Callable[..., HttpTransport]

HEADER = b"x-Amzn-Invoked-Production-Variant"


def answer(variant: bytes = b"", body: bytes = b"4.57", before: bytes = b"", name: bytes = HEADER) -> bytes:
    named = b"%s: %s\r\n" % (name, variant) if variant else b""
    return b"HTTP/1.1 200 OK\r\n%s%sContent-Length: %d\r\n\r\n%s" % (before, named, len(body), body)


FAILURE = b"HTTP/1.1 400 Bad Request\r\n%s: red\r\nContent-Length: 2\r\n\r\n{}" % HEADER
LINE = b"\r\n%s: green\r\n" % HEADER
SEEN: dict[str, tuple[list[bytes], list[str]]] = {
    "the same": ([answer(b"blue")] * 3, ["blue"] * 3),
    "in turn": ([answer(b"blue"), answer(b"green")] * 3, ["blue", "green"] * 3),
    "none": ([answer()] * 2, ["", ""]),
    "moved": ([answer(b"blue"), answer(b"blue", before=b"Date: now\r\n"), answer(b"green")], ["blue", "blue", "green"]),
    "in any case": ([answer(b"blue", name=HEADER.upper()), answer(b"blue", name=HEADER.lower())], ["blue", "blue"]),
    "a longer name": ([answer(b"blue"), answer(b"blue-2"), answer(b"blue")], ["blue", "blue-2", "blue"]),
    "in the body": ([answer(b"blue", body=LINE), answer(b"blue", body=LINE * 9)], ["blue", "blue"]),
    "in a body alone": ([answer(body=LINE)], [""]),
    "a large body": ([answer(b"blue", body=b"y" * 300_000), answer(b"green", body=LINE * 9_000)], ["blue", "green"]),
    "no name at all": ([answer(b"-x"), answer(b"a b"), answer(b"x" * 64), answer(b"\xff")], [""] * 4),
    "after a failure": ([answer(b"blue"), FAILURE, answer(b"green")], ["blue", "failed", "green"]),
    "a header that ends alike": ([answer(b"blue", name=b"not-" + HEADER)], [""]),
    "behind an interim answer": ([b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"blue")], ["blue"]),
}


@pytest.mark.parametrize(("responses", "expected"), SEEN.values(), ids=SEEN)
@pytest.mark.parametrize("tls", [False, True])
def test_the_http_transport_tells_who_answered(
    responses: list[bytes], expected: list[str], tls: bool, start_peer: StartPeer, http_transport: MakeTransport
) -> None:
    """On one connection, answer by answer."""
    transport = http_transport(start_peer(answers(*responses), tls=tls), tls=tls)
    connection = transport.connection()
    seen = []
    for _ in responses:
        failed = connection.invoke(ROUTE, ROW)
        seen.append("failed" if failed else transport.variants.names[connection.variant])

    assert (seen, transport.connects) == (expected, 1)


def test_pieces_of_a_head_are_one(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """The header is read wherever the head was cut."""

    def script(connection: PeerConnection) -> None:
        while True:
            connection.read()
            for byte in answer(b"blue"):
                connection.send(bytes([byte]))

    transport = http_transport(start_peer(script))
    connection = transport.connection()

    assert [(connection.invoke(ROUTE, ROW), transport.variants.names[connection.variant]) for _ in range(3)] == [
        (0, "blue")
    ] * 3


def test_a_new_connection_looks_anew(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """What the last connection's answers named is not taken for what the next one's do not."""

    def script(connection: PeerConnection) -> None:
        connection.read()
        connection.send(answer(b"blue") if connection.number == 1 else answer())
        connection.wait_until_closed()

    transport = http_transport(start_peer(script))
    connection = transport.connection()
    seen = []
    for _ in range(2):
        assert connection.invoke(ROUTE, ROW) == 0
        seen.append(transport.variants.names[connection.variant])
        connection.close()

    assert seen == ["blue", ""]


def test_nobody_looks_once_told_so(start_peer: StartPeer, http_transport: MakeTransport) -> None:
    """Open connections and later ones know of no variant any more, and answer all the same."""
    transport = http_transport(start_peer(answers(answer(b"blue"))))
    first, later = transport.connection(), transport.connection()
    codes = [first.invoke(ROUTE, ROW)]
    before = first.variant
    transport.stop_looking_for_variants()
    codes += [connection.invoke(ROUTE, ROW) for connection in (first, later)]

    assert codes == [0, 0, 0]
    assert (transport.variants.names[before], first.variant, later.variant) == ("blue", 0, 0)


def test_boto3_tells_who_answered(start_peer: StartPeer) -> None:
    """From the SDK's own parsed answer."""
    peer = start_peer(answers(answer(b"blue"), answer(b"green"), answer(b"blue")))
    target = local_target(
        f"http://127.0.0.1:{peer.port}", access_key="AKID", secret_key="x", endpoint_name="abalone", region="us-east-1"
    )
    transport = Boto3Transport(target, timeout_s=10, pool_size=1)
    connection = transport.connection()
    seen = []
    for _ in range(3):
        assert connection.invoke(ROUTE, ROW) == 0
        seen.append(transport.variants.names[connection.variant])
    transport.stop_looking_for_variants()
    assert (connection.invoke(ROUTE, ROW), connection.variant) == (0, 0)
    transport.close()

    assert seen == ["blue", "green", "blue"]


def test_names_are_few_and_such_as_variants_have() -> None:
    """An endpoint that names another variant with every answer costs no memory, and no code stands for two."""
    names = VariantNames()
    codes: list[Any] = [names.code(f"v{number}") for number in range(1_000)]

    assert codes == [*range(1, 256), *[0] * 745]
    assert len(names.names) == 256
    assert [names.code(name) for name in ("", "v1", "a b", "x" * 64, "é", json.dumps("v1"))] == [0, 2, 0, 0, 0, 0]
