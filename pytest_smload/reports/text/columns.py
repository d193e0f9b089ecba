"""How many columns of a terminal text takes, and what of it fits."""

from __future__ import annotations

from unicodedata import combining, east_asian_width


def columns_of(text: str) -> int:
    """Return how many columns *text*, which has no control characters, takes."""
    return sum(map(_columns, text)) if not text.isascii() else len(text)


def cut(text: str, columns: int) -> str:
    """Return *text*, or what of it fits into *columns* with an ellipsis behind."""
    if columns_of(text) <= columns:
        return text
    kept, left = [], columns - 1
    for character in text:
        left -= _columns(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + "…" if columns > 0 else ""


def padded(text: str, columns: int) -> str:
    """Return *text* cut or filled up with spaces to exactly *columns*."""
    text = cut(text, columns)
    return text + " " * (columns - columns_of(text))


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
