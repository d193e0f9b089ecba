"""Sentences that several rooms say: an unknown name with the nearest one, a list cut short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pytest_smload.core.quoting import quoted


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return which of *known* the user most likely meant by *name*, or None where none is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return near[0] if near else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return ``"; did you mean 'tps'?"`` with the nearest of *known*; *otherwise* where none is near."""
    near = nearest(name, known)
    return f"; did you mean {near!r}?" if near is not None else otherwise


def unknown_field(name: str, allowed: Iterable[str]) -> str:
    """Return the sentence for an unknown key, with the nearest allowed one."""
    names = list(allowed)
    return f"unknown key {quoted(name)}{did_you_mean(name, names)} (allowed: {', '.join(names)})"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a *name* no table of this *kind* (endpoint, profile) has, with the nearest one."""
    names = list(known)
    return f"there is no {kind} {quoted(name)}{did_you_mean(name, names)} (known: {', '.join(names) or 'none'})"


def some(names: Sequence[str], most: int = 3) -> str:
    """Return *names* for a sentence: the first *most*, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
