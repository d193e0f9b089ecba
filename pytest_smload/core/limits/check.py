"""One limit and what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "fail", "invalid"]
"""Kept; broken, whatever the client did; left undecided, for a `Cause`."""
Unit = Literal["ms", "requests/s", "ratio", "requests", "requests/min", "models", "instances", "usd"]
"""Of a check's numbers: a latency, a rate, a share 0..1, a count of requests, a rate a minute, counts of models
and instances, US dollars."""
Cause = Literal["client", "few requests", "incomplete", "control", "failures", "rerun"]
"""Why a check is undecided: the client's own slowness, too few requests for a percentile, CloudWatch not having all of
them, a control without the like, failures that latencies leave out, a rerun that confirms
nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One limit held against what was observed.

    Attributes:
        scope: The text of a `pytest_smload.core.measure.scope_name.ScopeName`: ``"total"``, a model's name, or
            ``"stage NAME"``.
        metric: The limit's metric (``p95``, ``tps``, ``error_rate``, ``errors.ModelError``, ...).
        limit: The limit as people read it, ``"<= 250 ms"``.
        source: Where the limit was written.
        observed: The value measured, in the metric's unit (ms, requests/s, ratio 0..1, count); inf or NaN possible.
        n: Samples behind it.
        outcome: From the estimate; ``on_unproven="fail"`` fails what is not proven.
        lower, upper: The interval of the value, in its unit, inf where the samples do not bound it; None for a fact
            (a count, an extreme), which has none.
        n_eff: How many independent samples would tell as much, None for a fact.
        proven: Whether the interval lies wholly on one side of the limit; a fact always does.
        note: What a reader needs besides (too few samples and how many are needed, ...), or "".
        at_least, at_most: The limit's bounds in the unit of *observed*, inclusive; None where it has none on that side.
            A limit that is a share has them multiplied by *base*.
        unit: Of *observed*, *lower*, *upper*, *at_least* and *at_most*.
        base: What the limit is a share of (the offered rate, the number of requests, the baseline's value); None where
            it is no share.
        undecided: It compares with a baseline, and the comparison settles nothing: its *outcome* is what
            ``on_unproven`` makes of that, and is not counted among what passed.
        cause: Why its *outcome* is ``"invalid"``; None where it is not.
        projected: What *observed* would be in a window twice as long, where latency grows towards the limit; else None.
    """

    scope: str
    metric: str
    limit: str
    source: str
    observed: float
    n: int
    outcome: Outcome
    note: str = ""
    lower: float | None = None
    upper: float | None = None
    n_eff: int | None = None
    proven: bool = True
    at_least: float | None = None
    at_most: float | None = None
    unit: Unit = "ms"
    base: float | None = None
    undecided: bool = False
    cause: Cause | None = None
    projected: float | None = None

    @property
    def valid(self) -> bool:
        """Whether it is decided."""
        return self.outcome != "invalid"
