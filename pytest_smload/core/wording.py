"""Sentences that several rooms say: an unknown name with the nearest one, a list cut short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def unknown_field(name: str, allowed: Iterable[str]) -> str:
    """Return the sentence for an unknown key, with the nearest allowed one."""
    names = list(allowed)
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key {name!r}{hint} (allowed: {', '.join(names)})"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a *name* no table of this *kind* (endpoint, profile) has, with the nearest one."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no {kind} {name!r}{hint} (known: {', '.join(names) or 'none'})"


def some(names: Sequence[str]) -> str:
    """Return *names* for a sentence: the first three, and how many more."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
