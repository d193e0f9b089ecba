"""Adds up what ended in the window of a running load: of the whole load, and of each of its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_smload.core.request.error_kinds import OWN_NAMES, TIMEOUT
from pytest_smload.core.samples.ended import BINS
from pytest_smload.core.samples.recording import TASKS
from pytest_smload.core.statistics.octaves import (
    COARSE_BITS,
    FINE_BITS,
    LOST,
    middles_ms,
    number_of_bins,
    quantile_ms,
    quantiles_ms,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.samples.ended import Ended
    from pytest_smload.core.statistics.columns import Floats, Integers

MOST_ROUTES = 1_000
"""Of more routes none is followed by itself: their bins would be too much to look through once a second."""
_COARSE = number_of_bins(COARSE_BITS)
_LOST = OWN_NAMES[TIMEOUT]
_FEWER = FINE_BITS - COARSE_BITS


class Tally:
    """What ended in one window so far.

    Attributes:
        names: Of the routes; there may be more from look to look.
        ok, errors: Per route, successes and failures; of more than `MOST_ROUTES` none.
        by_kind: Failures of the whole load per error kind.
        fine: Latencies of the whole load per fine bin, what was lost in the last.
    """

    def __init__(self) -> None:
        self.names: Sequence[str] = ()
        self.ok, self.errors = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self.by_kind: dict[str, int] = {}
        self.fine = np.zeros(BINS, dtype=np.int64)
        self._coarse = np.zeros((0, _COARSE), dtype=np.int32)
        self._low, self._high = _COARSE, 0

    @property
    def follows_routes(self) -> bool:
        """Whether each of the routes is followed."""
        return len(self.names) <= MOST_ROUTES

    @property
    def requests(self) -> int:
        """Requests of the whole load that ended."""
        return self.total_ok + self.total_errors

    @property
    def total_ok(self) -> int:
        """Successes of the whole load."""
        return int(self.fine[:LOST].sum())

    @property
    def total_errors(self) -> int:
        """Failures of the whole load."""
        return sum(self.by_kind.values())

    def add(self, ended: Ended) -> None:
        """Take what ended since the last look."""
        self.names = ended.names
        rows = ended.rows[ended.rows["window"]]
        if not len(rows):
            self._grow()
            return
        kinds, count, bins = rows["kind"], rows["count"].astype(np.int64), rows["bin"].astype(np.int64)
        failed = kinds != 0
        lost = np.isin(kinds, [code for code, name in enumerate(ended.kinds) if name == _LOST])
        # Timeouts stand among latencies, as slower than all; other failures do not.
        timed = ~failed | lost
        bins = np.where(lost, LOST, bins)
        self.fine += np.bincount(bins[timed], weights=count[timed], minlength=BINS).astype(np.int64)
        for code, failures in enumerate(np.bincount(kinds[failed], weights=count[failed])):
            if failures:
                name = ended.kinds[code]
                self.by_kind[name] = self.by_kind.get(name, 0) + int(failures)
        self._grow()
        if self.follows_routes:
            self._add_to_routes(rows["route"].astype(np.int64), bins >> _FEWER, count, failed, timed)

    def _grow(self) -> None:
        more = len(self.names) - len(self.ok)
        if more <= 0 or not self.follows_routes:
            return
        self.ok, self.errors = (np.concatenate((each, np.zeros(more, each.dtype))) for each in (self.ok, self.errors))
        self._coarse = np.concatenate((self._coarse, np.zeros((more, _COARSE), self._coarse.dtype)))

    def _add_to_routes(
        self, route: Integers, bins: Integers, count: Integers, failed: Integers, timed: Integers
    ) -> None:
        routes = len(self.names)
        self.ok += np.bincount(route[~failed], weights=count[~failed], minlength=routes).astype(np.int64)
        self.errors += np.bincount(route[failed], weights=count[failed], minlength=routes).astype(np.int64)
        np.add.at(self._coarse, (route[timed], bins[timed]), count[timed].astype(np.int32))
        if np.any(timed):
            self._low, self._high = min(self._low, int(bins[timed].min())), max(self._high, int(bins[timed].max()))

    def quantile_ms(self, per_mille: int) -> float:
        """Return a percentile of the whole load; NaN of none."""
        return quantile_ms(self.fine, per_mille, FINE_BITS)

    @property
    def samples(self) -> int:
        """How many the percentiles of the whole load are of."""
        return int(self.fine.sum())

    def mean_ms(self) -> float:
        """Return the mean of the whole load's answers; NaN of none."""
        answered = self.fine[:LOST]
        return float(answered @ middles_ms(np.arange(LOST)) / answered.sum()) if answered.any() else float("nan")

    def slowest_ms(self) -> float:
        """Return the middle of the last bin of the whole load's answers; NaN of none."""
        filled = np.flatnonzero(self.fine[:LOST])
        return float(middles_ms(filled[-1:])[0]) if len(filled) else float("nan")

    def per_route(self, *per_milles: int) -> tuple[Integers, list[Floats]]:
        """Return how many samples the percentiles of each route are of, and each of *per_milles* per route."""
        if self._low > self._high:
            empty = np.full(len(self.ok), np.nan)
            return np.zeros(len(self.ok), dtype=np.int64), [empty for _ in per_milles]
        # In its own type: widened on the way it takes ten times as long.
        sums = np.cumsum(self._coarse[:, self._low : self._high + 1], axis=1, dtype=self._coarse.dtype)
        return sums[:, -1], [quantiles_ms(sums, each, COARSE_BITS, self._low) for each in per_milles]

    def is_request(self, route: int) -> bool:
        """Whether the route at that place stands for requests."""
        return self.names[route] != TASKS
