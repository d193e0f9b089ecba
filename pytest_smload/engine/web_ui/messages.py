"""What the process that loads says to the one that serves the web UI: a line of JSON, then so many bytes as it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

READY: Final = b"r"
"""The server's word that it serves; after that..."""
STOP: Final = b"s"
"""...its word that somebody pressed Stop."""


def message(kind: str, body: bytes = b"", **facts: Any) -> bytes:
    """Return the bytes of one message."""
    return json.dumps({"kind": kind, "bytes": len(body), **facts}).encode() + b"\n" + body


class Messages:
    """Puts messages together again."""

    def __init__(self) -> None:
        self._left = bytearray()

    def take(self, piece: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield facts and body of each message that *piece* makes whole."""
        self._left += piece
        while (end := self._left.find(b"\n")) >= 0:
            facts = json.loads(self._left[:end])
            begin, size = end + 1, facts["bytes"]
            if len(self._left) < begin + size:
                return
            body = bytes(self._left[begin : begin + size])
            del self._left[: begin + size]
            yield facts, body
