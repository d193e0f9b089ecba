"""Leaves out of a text what matters least, until it fits where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

LONGEST_COMMENT_BYTES: Final = 60_000
"""GitHub takes 65,536 characters of a comment, and nothing of a longer one."""
HEAD: Final = 0
_LEFT_OUT_BYTES = 200


class Part(NamedTuple):
    """A part of a text.

    Attributes:
        rank: The lower, the sooner it is kept; `HEAD` always is.
        text: It, with the line breaks around it.
    """

    rank: int
    text: str


def fitted(parts: Sequence[Part], longest_bytes: int) -> str:
    """Join the parts that fit into *longest_bytes* of UTF-8, and say so where some did not."""
    sizes = [len(part.text.encode("utf-8", "backslashreplace")) for part in parts]
    if sum(sizes) <= longest_bytes:
        return "".join(part.text for part in parts)
    room = longest_bytes - _LEFT_OUT_BYTES
    kept = set()
    for place in sorted(range(len(parts)), key=lambda place: parts[place].rank):
        if parts[place].rank == HEAD or sizes[place] <= room:
            kept.add(place)
            room -= sizes[place]
    text = "".join(part.text for place, part in enumerate(parts) if place in kept)
    return f"{text}\n{len(parts) - len(kept):,} parts of this report were left out for its size; report.json has all.\n"
