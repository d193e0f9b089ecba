"""Says how a load compares with its baseline, a line per metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.baselines.words import change_words, ratio_text, runs_words, sensitivity
from pytest_smload.reports.words.cells import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.baselines.outcome import MetricComparison
    from pytest_smload.core.results.result import LoadResult

MAX_LINES = 12


def baseline_lines(load: LoadResult) -> list[str]:
    """Return the lines of a load that was compared with recorded runs or its control, undecided ones first.

    A confirmed regression is a failed check, which says the same beside its limit.
    """
    comparisons = [each for word in ("undecided", "pass") for each in _comparisons(load) if each.decision == word]
    lines = [_line(each) for each in comparisons[:MAX_LINES]]
    left_out = len(comparisons) - MAX_LINES
    return [*lines, f"{left_out:,} more comparisons are in report.json"] if left_out > 0 else lines


def undecided_lines(load: LoadResult) -> list[str]:
    """Return those of `baseline_lines` that leave open whether the load has become worse."""
    undecided = [each for each in _comparisons(load) if each.decision == "undecided"]
    return [_line(each) for each in undecided[:MAX_LINES]]


def _comparisons(load: LoadResult) -> Sequence[MetricComparison]:
    if load.control is not None:
        return load.control.comparisons
    return load.baseline.comparisons if load.baseline is not None else ()


def _line(each: MetricComparison) -> str:
    deciding = each.deciding
    if each.against == "control":
        parts = [f"control: {plain_text(change_words(each))}", f"x{ratio_text(deciding)} of it", *sensitivity(deciding)]
        return "; ".join([*parts, *([f"rerun x{ratio_text(each.rerun)}"] if each.rerun is not None else [])])
    what = "the first run" if each.against == "anchor" else runs_words(deciding.runs)
    parts = [
        f"baseline: {plain_text(change_words(each))}",
        f"x{ratio_text(deciding)} of {what}",
        *sensitivity(deciding),
    ]
    if each.rerun is not None:
        parts.append(f"rerun x{ratio_text(each.rerun)}")
    return "; ".join(parts)
