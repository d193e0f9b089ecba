"""Makes of one probe's load a level of the search: its verdict, and its figures with intervals."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING

from pytest_smload.core.capacity.backlog import backlog
from pytest_smload.core.capacity.level import Interval, Level, is_kept
from pytest_smload.core.capacity.verdict import KEPT_ALPHA, falls_behind, judge_level
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.statistics.bound import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.core.capacity.level import LevelVerdict
    from pytest_smload.core.capacity.search import Probe
    from pytest_smload.core.limits.budget import ScopedLimit
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.measure.scope import Scope
    from pytest_smload.core.results.result import LoadResult


def level_of(
    probe: Probe, result: LoadResult, judged: Assessment, limits: Sequence[ScopedLimit], most_in_flight: int
) -> Level:
    """Return the level of *probe*, whose load came to *result*, of the run that was *judged* by *limits*.

    Args:
        most_in_flight: The in-flight cap of its load.
    """
    scope = judged.measurement.scopes[TOTAL]
    behind = falls_behind(backlog(judged.recording, most_in_flight))
    checks = _at_the_level_of_a_search(result.checks, judged, limits)
    if behind is not None:
        checks = (*checks, behind)
    verdict = judge_level(checks, valid=result.client.valid)
    return Level(
        offered_tps=probe.tps,
        purpose=probe.purpose,
        verdict=verdict,
        why=_why(verdict, checks, result),
        tps=_interval(scope, "tps"),
        p50_ms=_interval(scope, "p50"),
        p95_ms=_interval(scope, "p95"),
        p99_ms=_interval(scope, "p99"),
        error_rate=_interval(scope, "error_rate"),
        requests=result.requests,
        window_s=result.window_s,
        started_at=result.started_at,
        errors=dict(result.errors),
        checks=checks,
        reasons=result.client.reasons,
    )


def _at_the_level_of_a_search(
    checks: Sequence[Check], judged: Assessment, limits: Sequence[ScopedLimit]
) -> tuple[Check, ...]:
    """The checks of a load, those of what was measured judged anew; others (of a server, of an abort) as they are."""
    anew = judge(limits, judged.measurement, alpha=KEPT_ALPHA, slowness=judged.slowness)
    found = {(check.scope, check.metric, check.limit): check for check in anew}
    return tuple(found.get((check.scope, check.metric, check.limit), check) for check in checks)


def _interval(scope: Scope, metric: str) -> Interval:
    row = METRICS[metric]
    if not scope.stats.requests:
        return Interval(nan, 0.0, inf)
    value, bound = row.observe(scope), row.bound(scope, ALPHA)
    return Interval(value, 0.0, inf) if bound is None else Interval(value, bound.lower, bound.upper)


def _why(verdict: LevelVerdict, checks: Sequence[Check], result: LoadResult) -> str:
    if verdict == "kept":
        return ""
    if verdict == "invalid" and result.client.reasons:
        return result.client.reasons[0].cause
    wanted = {"broken": "fail", "invalid": "invalid"}.get(verdict)
    rest = (
        [each for each in checks if each.outcome == wanted]
        if wanted
        else [each for each in checks if not is_kept(each)]
    )
    return "; ".join(_words(each) for each in rest[:3])


def _words(check: Check) -> str:
    of = "" if check.scope == "total" else f" of {check.scope}"
    note = f" ({check.note})" if check.note else ""
    return (
        f"{check.metric}{of} is not {check.limit}{note}"
        if check.outcome != "pass"
        else (f"{check.metric}{of} {check.limit} is not proven")
    )
