"""Seals the messages between master and workers: Locust's protocol authenticates nobody."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final, NamedTuple

LEAST_TOKEN: Final = 16
"""Characters of a token that is not guessed."""
_NONCE_BYTES = 16
_MASTER, _WORKER = b"master", b"worker"


class ForgedMessageError(Exception):
    """A message that does not bear the seal of who is meant to have sent it, or was sent before."""


class Opened(NamedTuple):
    """A message whose seal is right."""

    kind: str
    facts: Mapping[str, Any]
    body: bytes


def nonce() -> bytes:
    """Return what makes one conversation's key another than that of all others."""
    return token_bytes(_NONCE_BYTES)


class Seal:
    """The seal of one conversation; messages of each side are numbered, so that none counts twice.

    HMAC-SHA256 (RFC 2104) under a key made of the shared token and both sides' nonces, over the sender's role, the
    message's number, its head and its body.

    Args:
        token: What both sides share.
        nonces: Of both sides, the worker's first; none yet in the first message.
        by_master: Whether this side is the master.
    """

    def __init__(self, token: str, nonces: bytes, *, by_master: bool) -> None:
        self._key = hmac.digest(token.encode(), b"pytest-smload " + nonces, sha256)
        self._own, self._other = (_MASTER, _WORKER) if by_master else (_WORKER, _MASTER)
        self._sent = self._received = 0

    def __repr__(self) -> str:
        return "Seal(redacted)"

    def seal(self, kind: str, facts: Mapping[str, Any], body: bytes = b"") -> dict[str, Any]:
        """Return the message to send."""
        self._sent += 1
        head = json.dumps({"kind": kind, "facts": facts}).encode()
        return {"number": self._sent, "head": head, "body": body, "seal": self._mac(self._own, self._sent, head, body)}

    def opened(self, message: object) -> Opened:
        """Return what *message*, of the other side, says.

        Raises:
            ForgedMessageError: it is not of the other side, or an old one.
        """
        if not isinstance(message, dict):
            raise ForgedMessageError("no message")
        number, head, body, seal = (message.get(name) for name in ("number", "head", "body", "seal"))
        if not (isinstance(number, int) and all(isinstance(part, bytes) for part in (head, body, seal))):
            raise ForgedMessageError("no sealed message")
        assert isinstance(head, bytes)  # noqa: S101 - looked at above
        assert isinstance(body, bytes)  # noqa: S101
        assert isinstance(seal, bytes)  # noqa: S101
        if not 0 < number < 1 << 63 or not hmac.compare_digest(seal, self._mac(self._other, number, head, body)):
            raise ForgedMessageError("the seal is wrong")
        if number <= self._received:
            raise ForgedMessageError("the message was received before")
        self._received = number
        read = json.loads(head)
        return Opened(str(read["kind"]), read["facts"], body)

    def _mac(self, role: bytes, number: int, head: bytes, body: bytes) -> bytes:
        mac = hmac.new(self._key, role + number.to_bytes(8) + len(head).to_bytes(8) + head, sha256)
        mac.update(body)
        return mac.digest()
