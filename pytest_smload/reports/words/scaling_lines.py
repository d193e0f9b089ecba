"""Says what held an endpoint's instances during a load, what scaled, and latency before, during and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.scaling.wish import counted
from pytest_smload.core.units import format_duration
from pytest_smload.reports.words.cells import format_count, format_latency, plain_text

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.scaling.record import ScalingActivity, ScalingPhase, ScalingRecord

MAX_ACTIVITIES = 10
_LONGEST_CAUSE = 120


def scaling_lines(load: LoadResult) -> list[str]:
    """Return the lines on a load's scaling: how it was held, each activity, latency around them; none without."""
    record = load.scaling
    if record is None:
        return []
    asked = f"{record.asked}; " if record.asked else ""
    lines = [f"scaling: {asked}{plain_text(record.variant)} ran on {_counts(record)}"]
    lines += [_activity(each, record.load_begin_s) for each in record.activities[:MAX_ACTIVITIES]]
    left_out = len(record.activities) - MAX_ACTIVITIES
    if left_out > 0:
        lines.append(f"{left_out:,} more scaling activities are in report.json")
    if record.phases:
        lines.append("latency " + "; ".join(map(_phase, record.phases)))
    return lines


def _counts(record: ScalingRecord) -> str:
    first, *rest = record.instances
    later = [f"{each.instances} from {_after(each.t_s - record.load_begin_s)} on" for each in rest]
    return ", ".join([counted(first.instances), *later])


def _activity(activity: ScalingActivity, begin_s: float) -> str:
    words = f"{activity.from_instances} -> {counted(activity.to_instances)}: begun {_after(activity.t_s - begin_s)}, "
    if activity.end_s is None:
        words += f"not ended with the load ({activity.status})"
    else:
        ended = "in service" if activity.done_s is not None else activity.status
        words += f"{plain_text(ended)} {_after(activity.end_s - begin_s)} after the load's begin"
    return f"{words}; {plain_text(activity.cause, _LONGEST_CAUSE)}" if activity.cause else words


def _phase(phase: ScalingPhase) -> str:
    latencies = f"p50 {format_latency(phase.p50_ms)}, p95 {format_latency(phase.p95_ms)}"
    return f"{phase.name} scaling {latencies} ({format_count(phase.requests)} requests)"


def _after(seconds: float) -> str:
    return format_duration(round(seconds)) if seconds >= 0 else f"-{format_duration(round(-seconds))}"
