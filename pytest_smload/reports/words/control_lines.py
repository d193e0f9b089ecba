"""Says what a load's control was sent and answered, in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.units import format_ms, format_share
from pytest_smload.reports.words.cells import plain_text
from pytest_smload.reports.words.headline import endpoint_words

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult


def control_lines(load: LoadResult) -> list[str]:
    """Return both sides of a load with a control, the figures of each in the same order; nothing without one."""
    control = load.control
    if control is None:
        return []
    own, other = load.total, control.total
    pairs = [
        f"{name} {write(ours)} against {write(theirs)}"
        for name, ours, theirs, write in (
            ("p50", own.p50_ms, other.p50_ms, format_ms),
            ("p95", own.p95_ms, other.p95_ms, format_ms),
            ("p99", own.p99_ms, other.p99_ms, format_ms),
            ("errors", own.error_rate, other.error_rate, format_share),
        )
    ]
    counts = f"{load.sent:,} and {control.sent:,} sent"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in control.errors.items())
    name = "" if control.name == control.endpoint.name else f"{control.name} of "
    where = f"against control {name}{endpoint_words(control.endpoint)}, in the same window"
    return [plain_text(f"{where}: {'; '.join([*pairs, counts])}" + (f"; its errors: {kinds}" if kinds else ""))]
