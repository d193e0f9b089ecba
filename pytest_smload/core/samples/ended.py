"""What ended in a running load since somebody looked last, counted by route, outcome and latency."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_smload.core.request.error_kinds import OWN_NAMES
from pytest_smload.core.statistics.octaves import FINE_BITS, bins_of, number_of_bins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_smload.core.statistics.columns import Flags, Floats, Integers

BINS = number_of_bins(FINE_BITS)
_ROW = np.dtype([("route", "<u2"), ("kind", "u1"), ("window", "?"), ("bin", "<u2"), ("count", "<u4")])
_BIN_BITS = 12
_MOST_KINDS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Requests that ended, a row for those alike.

    Attributes:
        rows: ``route``; ``kind``, its place in *kinds*, 0 for success; ``window``, whether they are of the window;
            ``bin``, the latency's fine bin of `pytest_smload.core.statistics.octaves`; ``count``.
        kinds: Names of the error kinds.
        messages: What the first failure of each kind said.
        recent: Successes of the last seconds per fine bin, those that a `Progress` says its rate and p95 are of.
        names: What the routes are called.
    """

    rows: Any = field(default_factory=lambda: np.empty(0, dtype=_ROW))
    kinds: Sequence[str] = OWN_NAMES
    messages: Mapping[str, str] = field(default_factory=dict)
    recent: Integers = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    names: Sequence[str] = ()

    @classmethod
    def of(cls, *, took_ms: Floats, kind: Integers, route: Integers, in_window: Flags, **others: Any) -> Ended:
        """Return *took_ms* and its fellow columns counted; *others* as of the class."""
        rows = np.empty(len(took_ms), dtype=_ROW)
        rows["route"], rows["kind"], rows["window"], rows["count"] = route, kind, in_window, 1
        rows["bin"] = bins_of(took_ms)
        return cls(rows, **others)

    def packed(self) -> tuple[dict[str, Any], bytes]:
        """Return it as facts for JSON, names aside, and bytes."""
        given = self.rows
        key = (given["route"].astype(np.int64) << 8) | given["kind"]
        key = (((key << 1) | given["window"]) << _BIN_BITS) | given["bin"]
        alike, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        rows = given[first]
        rows["count"] = np.bincount(inverse, weights=given["count"], minlength=len(alike))
        bins = np.flatnonzero(self.recent)
        facts = {
            "rows": len(rows),
            "kinds": list(self.kinds),
            "messages": dict(self.messages),
            "recent": [bins.tolist(), self.recent[bins].tolist()],
        }
        return facts, rows.tobytes()

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], body: bytes, names: Sequence[str]) -> Ended:
        """Return what `packed` made *facts* and *body* of.

        Raises:
            ValueError, TypeError, KeyError, IndexError, OverflowError: it is none.
        """
        rows = np.frombuffer(body, dtype=_ROW)
        kinds = tuple(str(kind) for kind in facts["kinds"])
        bins, counts = facts["recent"]
        if len(bins) != len(counts):
            raise ValueError("what ended is not counted as it should be")
        recent = np.zeros(BINS, dtype=np.int64)
        recent[np.array(bins, dtype=np.uint16)] = np.array(counts, dtype=np.uint32)
        if len(rows) != facts["rows"] or np.any(rows["kind"] >= len(kinds)) or np.any(rows["bin"] >= BINS):
            raise ValueError("what ended is not counted as it should be")
        if np.any(rows["route"] >= len(names)):
            raise ValueError("it is of routes there are none of")
        messages = {str(kind): str(message) for kind, message in facts["messages"].items()}
        return cls(rows, kinds, messages, recent, names)

    def followed_by(self, later: Ended) -> Ended:
        """Return both as one of the same load, whose error kinds may be numbered otherwise."""
        kinds = list(self.kinds)
        codes = []
        for kind in later.kinds:
            if kind not in kinds and len(kinds) < _MOST_KINDS:
                kinds.append(kind)
            codes.append(kinds.index(kind) if kind in kinds else _MOST_KINDS - 1)
        rows = later.rows.copy()
        rows["kind"] = np.array(codes, dtype=np.int64)[later.rows["kind"]]
        return replace(
            later,
            rows=np.concatenate((self.rows, rows)),
            kinds=tuple(kinds),
            messages={**later.messages, **self.messages},
        )


def whole(parts: Sequence[Ended]) -> Ended | None:
    """Return what the generators of one load counted, as one; None of none."""
    if not parts:
        return None
    together = parts[0]
    for part in parts[1:]:
        together = replace(together.followed_by(part), recent=together.recent + part.recent)
    return together
