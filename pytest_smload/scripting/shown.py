"""A load's result as a notebook shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Literal

from pytest_smload.core.measure.figures import TimelinePoint
from pytest_smload.core.results.result import LoadResult
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

Table = Literal["figures", "checks", "timeline"]


class ShownTimeline(tuple[TimelinePoint, ...]):
    """A result's seconds, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from pytest_smload.reports.html.fragment import timeline_html

        return timeline_html(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return a row per second.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        return _frame([asdict(point) for point in self], index="t_s")


class ShownResult(LoadResult):
    """A load's result that a notebook shows as its verdict, its checks and its figures."""

    @classmethod
    def of(cls, result: LoadResult) -> ShownResult:
        """Return *result* as such."""
        values = {each.name: getattr(result, each.name) for each in fields(result)}
        shown = {name: ShownTimeline(values[name]) for name in ("timeline", "warmup_timeline")}
        return cls(**values | shown)

    def _repr_html_(self) -> str:
        from pytest_smload.reports.html.fragment import load_html

        return load_html(self)

    def to_pandas(self, table: Table = "figures") -> pd.DataFrame:
        """Return its figures per scope, its checks, or its timeline, a row each.

        Raises:
            ConfigurationError: pandas is not installed, or *table* is none of these.
        """
        if table == "timeline":
            return ShownTimeline(self.timeline).to_pandas()
        if table == "checks":
            return _frame([asdict(check) for check in self.checks], index="scope")
        if table != "figures":
            raise ConfigurationError(f'to_pandas: {table!r} is none of "figures", "checks" and "timeline"')
        scopes = {"total": self.total, **self.routes, **{f"stage {name}": each for name, each in self.stages.items()}}
        rows = []
        for name, stats in scopes.items():
            row = {"scope": name, **asdict(stats)}
            cold = row.pop("cold")
            rows.append(row | {"cold_p95_ms": cold["p95_ms"]})
        return _frame(rows, index="scope")


def _frame(rows: Sequence[dict[str, Any]], *, index: str) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError:
        raise ConfigurationError("to_pandas needs pandas: pip install pandas") from None
    frame = pd.DataFrame(rows)
    return frame.set_index(index) if len(rows) else frame
