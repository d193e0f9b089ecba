"""Says what became of a run that was to confirm a regression, or was sent besides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pytest_smload.core.results.result import Rerun
from pytest_smload.core.units import format_ms, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.core.baselines.checks import ComparedBudget
    from pytest_smload.core.samples.recording import Abort

_REMEDY = "run the test again once the cause is gone"


def counts_of(run: Assessment, why: Literal["regression", "client", "control"]) -> Rerun:
    """Return what *run*, which is not the one judged, has sent."""
    measurement = run.measurement
    return Rerun(
        started_at=run.recording.started_at,
        sent=measurement.sent,
        unsent=measurement.unsent,
        errors=measurement.total.errors,
        models={name: stats.requests for name, stats in measurement.routes.items()},
        warmup=measurement.warmup,
        valid=run.health.valid,
        why=why,
    )


def why_of_no_use(again: Assessment) -> str:
    """Return why *again* confirms nothing, or ``""`` where it may."""
    if not again.health.valid:
        return f"it was INVALID: {again.health.reasons[0].cause}"
    return ended(again.recording.aborted) if again.recording.aborted is not None else ""


def ended(abort: Abort) -> str:
    """Return what ended a run early."""
    if abort.reason:
        return abort.reason
    what = f"a p95 above {format_ms(abort.p95_ms)}" if abort.p95_ms is not None else format_share(abort.error_rate)
    return f"abort_on ended it at {what}" + ("" if abort.p95_ms is not None else " errors")


def unconfirmed(budgets: Sequence[ComparedBudget], why: str) -> list[ComparedBudget]:
    """Return *budgets* as a rerun leaves them that is of no use: each of them undecided, and nothing else is."""
    return [replace(each, refused=f"{why}; {_REMEDY}", cause="rerun", latest=None, anchor=None) for each in budgets]
