"""Recognises a misspelt name of our marks: pytest itself takes any name for a mark, and the test would send no load."""

from __future__ import annotations

from functools import lru_cache

MARKS = ("perf", "perf_budget")


@lru_cache(maxsize=1024)
def meant(name: str) -> str | None:
    """Return which of `MARKS` was meant by *name*, or None where it is one of them, or a name of its own.

    Of ``perf`` it is a slip of the fingers (two letters swapped, one left out or doubled, a plural, capitals); of the
    longer ``perf_budget`` any two slips.
    """
    if name in MARKS:
        return None
    bare = name.casefold().replace("-", "_")
    if bare in MARKS or bare in _slips("perf"):
        return "perf_budget" if bare == "perf_budget" else "perf"
    if abs(len(bare) - len("perf_budget")) <= 2 and _distance(bare, "perf_budget") <= 2:
        return "perf_budget"
    return None


@lru_cache(maxsize=1)
def _slips(word: str) -> frozenset[str]:
    places = range(len(word))
    swapped = [word[:at] + word[at : at + 2][::-1] + word[at + 2 :] for at in places[:-1]]
    left_out = [word[:at] + word[at + 1 :] for at in places]
    doubled = [word[:at] + word[at] + word[at:] for at in places]
    return frozenset({*swapped, *left_out, *doubled, f"{word}s"})


def _distance(one: str, other: str) -> int:
    """Letters to change, add, leave out or swap with the next (Damerau and Levenshtein's)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and wanted == one[i - 2]:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
