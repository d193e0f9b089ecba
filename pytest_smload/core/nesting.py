"""Tells whether tables lie within one another deeper than anybody writes them."""

from __future__ import annotations

DEEPEST = 64
"""Of ours none is deeper than six; what reads them calls itself a few times for each level."""


def is_too_deep(tables: object) -> bool:
    """Return whether tables and lists, as TOML and JSON have them, lie more than `DEEPEST` deep in *tables*.

    Readers refuse brackets by the thousand themselves; dotted keys of TOML they take in any number.
    """
    level = [tables]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return False
    return True


def _within(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
