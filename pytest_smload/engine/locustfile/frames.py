"""Puts what the process of a locustfile says into bytes: a line of JSON, then as many bytes as it says."""

from __future__ import annotations

import json
from types import NoneType
from typing import Any, Final, NamedTuple

_NUMBER: Final = (int, float)
_FACTS: Final[dict[str, dict[str, tuple[type, ...]]]] = {
    "refused": {"text": (str,)},
    "ready": {"shape": (str, NoneType)},
    "running": {
        "elapsed_s": _NUMBER, "total_s": _NUMBER, "phase": (str,), "users": (int,), "tps": _NUMBER,
        "p95_ms": (*_NUMBER, NoneType), "errors": (int,), "sent": (int,), "recent_s": _NUMBER, "window_s": _NUMBER,
        "ended": (dict,), "names": (list,),
    },
    "recorded": {"notes": (list,)},
    "ended": {"notes": (list,)},
}  # fmt: skip
"""What is said, with the facts of each."""


class Frame(NamedTuple):
    """One thing said: its kind, facts, and content in bytes."""

    kind: str
    facts: dict[str, Any]
    content: bytes


def frame(kind: str, content: bytes = b"", **facts: Any) -> bytes:
    """Return the bytes of one frame."""
    return json.dumps({"kind": kind, "bytes": len(content), **facts}).encode() + b"\n" + content


class Frames:
    """Puts frames together again; nothing in them is executed."""

    def __init__(self) -> None:
        self._left = bytearray()

    def take(self, piece: bytes) -> list[Frame]:
        """Return the frames that *piece* makes whole.

        Raises:
            ValueError: this is no frame.
        """
        self._left += piece
        found = []
        while (end := self._left.find(b"\n")) >= 0:
            kind, size, facts = _head(bytes(self._left[:end]))
            if len(self._left) < end + 1 + size:
                break
            found.append(Frame(kind, facts, bytes(self._left[end + 1 : end + 1 + size])))
            del self._left[: end + 1 + size]
        return found


def _head(line: bytes) -> tuple[str, int, dict[str, Any]]:
    """Return kind, length of the content, and facts."""
    try:
        read = json.loads(line)
    except RecursionError:
        raise ValueError("this is no frame") from None
    if not isinstance(read, dict):
        raise ValueError("this is no frame")  # noqa: TRY004 - what was read is wrong
    kind, size = read.pop("kind", None), read.pop("bytes", None)
    wanted = _FACTS.get(kind) if isinstance(kind, str) else None
    if wanted is None or not isinstance(size, int) or size < 0 or read.keys() != wanted.keys():
        raise ValueError("this is no frame")
    if not all(isinstance(read[name], types) for name, types in wanted.items()):
        raise ValueError(f"a fact of this {kind} frame is of another type")
    return str(kind), size, read
