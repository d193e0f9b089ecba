"""What holding a load against its baseline came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_smload.core.baselines.comparison import Comparison, Decision
from pytest_smload.core.baselines.runs import BaselineRun

BaselineState = Literal["compared", "missing", "changed", "not compared", "updating"]
"""Compared with recorded runs; none recorded; those recorded are not comparable; this run is not fit to be compared;
it is to be recorded instead."""


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One regression budget compared with the baseline.

    Attributes:
        scope, metric: What was compared.
        budget: The change allowed, as the user wrote it.
        decision: What came of it: ``"fail"`` only where the rerun failed as well.
        against: Whether the latest runs decided, or the anchor, on the cumulative budget; or the load's control.
        latest, anchor: The comparison with each; no *anchor* where it is the only run. With the control, where there is
            one, it is *latest*.
        rerun: The confirming rerun's comparison with what decided, where there was one.
    """

    scope: str
    metric: str
    budget: str
    decision: Decision
    against: Literal["latest", "anchor", "control"]
    latest: Comparison
    anchor: Comparison | None = None
    rerun: Comparison | None = None

    @property
    def deciding(self) -> Comparison:
        """The comparison that decided."""
        return self.anchor if self.against == "anchor" and self.anchor is not None else self.latest


@dataclass(frozen=True, slots=True)
class BaselineOutcome:
    """A load and its baseline.

    Attributes:
        state: What was done.
        key: The load's key in the baseline file.
        fingerprint: Its facts, as in the file.
        changes: What makes the recorded runs incomparable: ``"duration: 60s -> 120s"``.
        runs: Recorded runs it was compared with.
        comparisons: One per metric compared.
        anew: The run is to start the baseline anew: its regression was accepted.
        run: This load as a baseline would keep it; None where it must not be recorded.
    """

    state: BaselineState
    key: str
    fingerprint: Mapping[str, Any]
    changes: tuple[str, ...] = ()
    runs: int = 0
    comparisons: tuple[MetricComparison, ...] = field(default=())
    run: BaselineRun | None = None
    anew: bool = False

    @property
    def regressed(self) -> tuple[MetricComparison, ...]:
        """The comparisons that failed."""
        return tuple(each for each in self.comparisons if each.decision == "fail")
