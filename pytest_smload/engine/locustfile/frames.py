"""Puts what the process of a locustfile says into bytes: a line of JSON, then as many bytes as it says."""

from __future__ import annotations

import json
import pickle
from typing import Any, NamedTuple

from pytest_smload.core.samples.recording import Recording


class Frame(NamedTuple):
    """One thing said: its kind, facts, and content in bytes."""

    kind: str
    facts: dict[str, Any]
    content: bytes


def frame(kind: str, content: bytes = b"", **facts: Any) -> bytes:
    """Return the bytes of one frame."""
    return json.dumps({"kind": kind, "bytes": len(content), **facts}).encode() + b"\n" + content


class Frames:
    """Puts frames together again."""

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
            facts = json.loads(self._left[:end])
            size = facts.pop("bytes")
            if len(self._left) < end + 1 + size:
                break
            found.append(Frame(facts.pop("kind"), facts, bytes(self._left[end + 1 : end + 1 + size])))
            del self._left[: end + 1 + size]
        return found


def recording_bytes(recording: Recording) -> bytes:
    """Return *recording* as bytes."""
    return pickle.dumps(recording)


def recording_of(content: bytes) -> Recording:
    """Return the recording that `recording_bytes` wrote; the process is this one's child, and of the same user."""
    recording = pickle.loads(content)  # noqa: S301 - see above
    if not isinstance(recording, Recording):
        raise ValueError("this is no recording")  # noqa: TRY004 - what was read is wrong
    return recording
