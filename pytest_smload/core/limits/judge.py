"""Holds a budget's limits against a measurement: each becomes a check, with what its reader must know."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pytest_smload.core.limits.budget import ScopedLimit
from pytest_smload.core.limits.check import Check, Unit
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import LATENCY_METRICS
from pytest_smload.core.limits.observed import (
    base_of,
    is_short,
    lost_note,
    metric_bound,
    observed_value,
    refusal,
    samples_behind,
)
from pytest_smload.core.measure.measurement import Measurement
from pytest_smload.core.samples.recording import Abort
from pytest_smload.core.statistics.intervals import ALPHA, Bound
from pytest_smload.core.statistics.percentiles import NAN
from pytest_smload.core.units import format_duration, format_share


def judge(
    limits: Iterable[ScopedLimit], measurement: Measurement, *, alpha: float = ALPHA, on_unproven: str = "estimate"
) -> list[Check]:
    """Return one check per limit, in the order given.

    A check passes when its estimate keeps to the limit. It fails besides, whatever the limit, when its scope has no
    sample, when requests were sent and none succeeded, and when a percentile has fewer than ceil(1 / (1 - p)) successes
    behind it.

    Args:
        limits: `pytest_smload.core.limits.budget.ResolvedBudget.limits` of this load.
        measurement: What was measured.
        alpha: What an interval may miss; less where a load is looked at more than once.
        on_unproven: ``"fail"`` where a check that its interval does not settle is to fail.
    """
    return [_check(str(name), limit, measurement, alpha, on_unproven) for name, limit in limits]


def abort_check(abort: Abort) -> Check:
    """Return the failing check of a load that ``abort_on`` ended."""
    span = format_duration(abort.span_s)
    return Check(
        scope="total",
        metric="error_rate",
        limit=f"< {format_share(abort.limit)} for {span}",
        source="abort_on",
        observed=abort.error_rate,
        n=abort.requests,
        outcome="fail",
        note=f"abort_on ended the load: that many of the requests of {span} had failed",
        at_most=abort.limit,
        unit="ratio",
    )


def _check(name: str, limit: Limit, measurement: Measurement, alpha: float, on_unproven: str) -> Check:
    scope = measurement.scopes.get(name)
    if scope is None:
        unit = _unit(limit.metric)
        return Check(name, limit.metric, limit.describe(), limit.source, NAN, 0, "fail", "no sample", unit=unit)
    base = base_of(limit, scope)
    observed = observed_value(limit.metric, scope)
    refused = refusal(limit.metric, scope, base)
    scale = NAN if base is None else base
    passed = not refused and limit.allows(observed, scale)
    bound = metric_bound(scope, limit.metric, alpha=alpha)
    settled = bool(refused) and not is_short(limit.metric, scope)
    proven = settled or bound is None or limit.settled_by(bound, scale)
    notes = [refused, lost_note(limit.metric, scope)]
    if not proven and not refused:
        notes.append(_unproven_note(bound, scope.stats.tps, counts=on_unproven == "fail"))
    return Check(
        scope=name,
        metric=limit.metric,
        limit=limit.describe(base),
        source=limit.source,
        observed=observed,
        n=samples_behind(limit.metric, scope),
        outcome="pass" if passed and (proven or on_unproven == "estimate") else "fail",
        note="; ".join(filter(None, notes)),
        lower=bound.lower if bound is not None else None,
        upper=bound.upper if bound is not None else None,
        n_eff=bound.n_eff if bound is not None else None,
        proven=proven,
        at_least=_scaled(limit.at_least, base),
        at_most=_scaled(limit.at_most, base),
        unit=_unit(limit.metric),
        base=base if limit.relative else None,
    )


def _scaled(bound: float | None, base: float | None) -> float | None:
    return None if bound is None or base is None else bound * base


def _unit(metric: str) -> Unit:
    family = metric.partition(".")[0]
    units: dict[str, Unit] = {"tps": "requests/s", "error_rate": "ratio"}
    return "ms" if metric in LATENCY_METRICS else units.get(family, "requests")


def _unproven_note(bound: Bound | None, tps: float, *, counts: bool) -> str:
    """How many samples it takes to bound a percentile, where that is what is missing, and how long that takes."""
    text = "not proven, which on_unproven counts as a failure" if counts else "not proven"
    if bound is None or not bound.needed:
        return text
    text += f": an interval takes {bound.needed:,} samples, {bound.n:,} are there"
    return f"{text}; at {tps:.3g} TPS that is {format_duration(math.ceil(bound.needed / tps))}" if tps > 0 else text
