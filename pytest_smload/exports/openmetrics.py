"""Writes a run's gauges as OpenMetrics text, which Prometheus and its textfile collector read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smload.exports.gauges import gauges
from pytest_smload.exports.plain import on_its_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smload.core.results.result import RunResult
    from pytest_smload.exports.gauges import Gauge

_PREFIX: Final = "smload"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def openmetrics(run: RunResult) -> str:
    """Return *run* as OpenMetrics 1.0 text."""
    lines = [line for gauge in gauges(run) for line in _family(gauge)]
    return "\n".join([*lines, "# EOF", ""])


def _family(gauge: Gauge) -> Iterator[str]:
    name = "_".join(filter(None, (_PREFIX, *gauge.name.split("."), gauge.unit)))
    yield f"# TYPE {name} gauge"
    if gauge.unit:
        yield f"# UNIT {name} {gauge.unit}"
    yield f"# HELP {name} {gauge.help}"
    for labels, value in gauge.points:
        # An empty label is the same as none.
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items() if text)
        yield f"{name}{{{pairs}}} {value!r}"


def _escaped(text: str) -> str:
    return on_its_line(text).translate(_ESCAPES)
