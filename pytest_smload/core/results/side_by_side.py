"""Compares the loads of a run with those of an earlier one: ratios with intervals, and whether demands are kept.

The intervals are those of a regression budget held against a single recorded run: both runs' own sampling and the noise
between runs, of which two runs show nothing and which is therefore assumed. No rerun confirms what is found here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, isfinite, nan
from typing import TYPE_CHECKING, Literal

from pytest_smload.core.baselines.comparison import compare
from pytest_smload.core.baselines.disturbance import MOST_DISTURBED
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.results.estimates import (
    COST,
    ERROR_RATE,
    FIGURES,
    Figure,
    figure_of,
    times_by_client,
    unfit,
    usd_per_million,
)
from pytest_smload.core.results.pairing import LoadId, Settings, asked_otherwise, changed_settings, loads_of_run
from pytest_smload.core.units import format_ms, format_share

if TYPE_CHECKING:
    from pytest_smload.core.baselines.estimate import Estimate
    from pytest_smload.core.results.demands import Demand
    from pytest_smload.core.results.result import LoadResult, RunResult

Answer = Literal["kept", "broken", "undecided"]
_ANY_BUDGET = 0.1
"""The interval of a ratio does not depend on it."""
MORE_ERRORS = 0.001
"""Share of requests more that may fail where nothing is demanded of it, or of p99.9, of which it is the whole tail, a
tenth of that."""
_P99_9 = "p99_9"


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one load in two runs.

    Attributes:
        metric: Its name.
        before, after: The figures.
        change: after / before; of ``error_rate`` after - before; NaN where they cannot be compared.
        lower, upper: Its interval; None where the records carry none.
    """

    metric: str
    before: float
    after: float
    change: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What one demand came to.

    Attributes:
        demand: The demand.
        answer: ``kept`` and ``broken`` are shown by an interval; all else is undecided.
        why: For its reader.
        vague: Whether more requests would decide it: both have intervals, and these reach over the budget.
    """

    demand: Demand
    answer: Answer
    why: str = ""
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """One load in two runs, or in one of them alone.

    Attributes:
        name: What it is known by.
        before, after: It in each; None where it is not.
        rows: Its figures; empty without a partner.
        settings: What differs besides, a text each.
        held: The demands on it.
        unfit: Why it is not compared, or ``""``.
    """

    name: LoadId
    before: LoadResult | None
    after: LoadResult | None
    rows: tuple[Row, ...] = ()
    settings: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()
    unfit: str = ""


@dataclass(frozen=True, slots=True)
class ComparedLoad:
    """One load in the first run and in each of the others.

    Attributes:
        name: What it is known by.
        first: It in the first run; None where it is not there.
        others: A pair for each other run, in order.
    """

    name: LoadId
    first: LoadResult | None
    others: tuple[Pair, ...]


def compare_with_first(runs: Sequence[RunResult], demands: Sequence[Demand] = ()) -> list[ComparedLoad]:
    """Return every load of any of *runs*, held against it in the first of them, in the order they appear."""
    by_run = [{pair.name: pair for pair in compare_runs(runs[0], other, demands)} for other in runs[1:]]
    first = loads_of_run(runs[0])
    names = dict.fromkeys(name for pairs in by_run for name in pairs)
    return [
        ComparedLoad(name, first.get(name), tuple(pairs.get(name, Pair(name, None, None)) for pairs in by_run))
        for name in names
    ]


def compare_runs(before: RunResult, after: RunResult, demands: Sequence[Demand] = ()) -> list[Pair]:
    """Return every load of either run, those of *before* first and in its order.

    A demand on a load that is not in *after* is undecided: what was not run has not kept it.
    """
    old, new = loads_of_run(before), loads_of_run(after)
    pairs = []
    for name, load in old.items():
        if name in new:
            pairs.append(_pair(name, load, new[name], demands, (before.version, after.version)))
        else:
            held = tuple(Held(demand, "undecided", "no partner to compare with") for demand in demands)
            pairs.append(Pair(name, load, None, held=held))
    return pairs + [Pair(name, None, load) for name, load in new.items() if name not in old]


def _pair(
    name: LoadId,
    before: LoadResult,
    after: LoadResult,
    demands: Sequence[Demand],
    versions: tuple[str | None, str | None],
) -> Pair:
    unfits = (unfit(before), "before"), (unfit(after), "now")
    problem = ", ".join(f"{why} {when}" for why, when in unfits if why)
    metrics = [*FIGURES, *(demand.metric for demand in demands if demand.metric not in FIGURES)]
    rows = [_row(metric, figure_of(before, metric), figure_of(after, metric), problem) for metric in metrics]
    usd = usd_per_million(before), usd_per_million(after)
    if any(map(isfinite, usd)):
        rows.append(Row(COST, *usd, nan if problem else _ratio(*usd)))
    settings = Settings.of(before, versions[0]), Settings.of(after, versions[1])
    changed, otherwise = changed_settings(*settings), asked_otherwise(*settings)
    why = f"not compared: {problem}" if problem else f"another load was asked for: {otherwise}" if otherwise else ""
    more = max((demand.budget for demand in demands if demand.metric == ERROR_RATE), default=None)
    held = tuple(hold(demand, before, after, problem=why, more_errors=more) for demand in demands)
    return Pair(name, before, after, tuple(dict.fromkeys(rows)), tuple(changed), held, problem)


def _row(metric: str, before: Figure, after: Figure, problem: str) -> Row:
    if problem:
        return Row(metric, before.value, after.value, nan)
    if metric == ERROR_RATE:
        return Row(metric, before.value, after.value, after.value - before.value, *_difference(before, after))
    if before.interval is not None and after.interval is not None and 0 < before.value < inf:
        found = compare(
            after.interval, [before.interval], budget=_ANY_BUDGET, higher_is_better=METRICS[metric].at_least
        )
        return Row(metric, before.value, after.value, found.ratio, found.lower, found.upper)
    return Row(metric, before.value, after.value, _ratio(before.value, after.value))


def hold(
    demand: Demand, before: LoadResult, after: LoadResult, *, problem: str = "", more_errors: float | None = None
) -> Held:
    """Return what *demand* comes to between two loads.

    Args:
        demand: The demand.
        before, after: The loads.
        problem: Why they cannot be compared, if they cannot.
        more_errors: Share of requests more that may fail; beyond, what succeeded is not as good as it looks. None for
            `MORE_ERRORS`.
    """
    if problem:
        return Held(demand, "undecided", problem)
    old, new = figure_of(before, demand.metric), figure_of(after, demand.metric)
    if old.interval is None or new.interval is None:
        return Held(demand, "undecided", f"no interval: {old.why_not or new.why_not}")
    if demand.metric == ERROR_RATE:
        return _hold_errors(demand, old, new)
    if not 0 < old.value < inf:
        return Held(demand, "undecided", "there is no value before to compare with")
    held = _hold_ratio(demand, old.interval, new.interval)
    doubt = _by_limits(old, new, before, after) or _by_client(
        held,
        (old.interval, times_by_client(before, demand.metric)),
        (new.interval, times_by_client(after, demand.metric)),
    )
    if held.answer != "broken":
        doubt = doubt or _grown(held, old, new) or _errors_beyond(_allowed(demand, more_errors), before, after)
    return Held(demand, "undecided", doubt) if doubt else held


def _allowed(demand: Demand, more_errors: float | None) -> float:
    if more_errors is not None:
        return more_errors
    return MORE_ERRORS / 10 if demand.metric == _P99_9 else MORE_ERRORS


def _grown(held: Held, old: Figure, new: Figure) -> str:
    """Why a latency that *held* says is kept is so only for the length of the window, or ``""``."""
    if held.answer != "kept" or new.projected is None or old.projected is not None:
        return ""
    return f"it grows: twice as long, it would be {format_ms(new.projected)}"


def _hold_ratio(demand: Demand, old: Estimate, new: Estimate) -> Held:
    better = demand.higher_is_better
    found = compare(new, [old], budget=demand.budget, floor=demand.floor_ms, higher_is_better=better)
    if found.decision != "undecided":
        return Held(demand, "broken" if found.decision == "fail" else "kept")
    why = "the interval reaches over it"
    if found.attainable_now < 1:
        why += f"; with these requests unchanged code is shown to keep {found.attainable_now * 100:.2g}%"
    return Held(demand, "undecided", why, vague=True)


def _by_limits(old: Figure, new: Figure, before: LoadResult, after: LoadResult) -> str:
    """Why latencies are not of the same requests, or ``""``: with a limit, those that failed later than that count."""
    if old.limit_ms == new.limit_ms or max(before.error_rate, after.error_rate) <= MORE_ERRORS:
        return ""
    return "requests fail, and count as slow by its limit, which is another now"


def _by_client(held: Held, old: tuple[Estimate, float], new: tuple[Estimate, float]) -> str:
    """Why what *held* says may be the client's doing, or ``""``; both with `times_by_client`."""
    if held.answer == "undecided":
        return ""
    when, (estimate, times) = ("before", old) if held.answer == "kept" else ("now", new)
    if times <= MOST_DISTURBED:
        return ""
    if times < inf:
        without = estimate.scaled(times if held.demand.higher_is_better else 1 / times)
        pair = (without, new[0]) if when == "before" else (old[0], without)
        if _hold_ratio(held.demand, *pair).answer == held.answer:
            return ""
    share = format_share(1 - 1 / times)
    return f"not {held.answer} if the client's own slowness is in it: it may be {share} of p95 {when}"


def _hold_errors(demand: Demand, old: Figure, new: Figure) -> Held:
    lower, upper = _difference(old, new)
    if lower is None or upper is None:
        return Held(demand, "undecided", "no interval")
    if lower > 0 and new.value - old.value > demand.budget:
        return Held(demand, "broken")
    if upper <= demand.budget:
        return Held(demand, "kept")
    return Held(demand, "undecided", "the interval reaches over it", vague=True)


def _difference(before: Figure, after: Figure) -> tuple[float | None, float | None]:
    """Interval of after - before, from those of both (Zou and Donner 2008)."""
    if before.interval is None or after.interval is None:
        return None, None
    old, new = before.interval, after.interval
    change = new.value - old.value
    return change - _reach(new, old), change + _reach(old, new)


def _reach(down: Estimate, up: Estimate) -> float:
    return hypot(down.value - down.lower, up.upper - up.value)


def _errors_beyond(allowed: float, before: LoadResult, after: LoadResult) -> str:
    """Why what succeeded is not as good as it looks, or ``""``."""
    old, new = figure_of(before, ERROR_RATE), figure_of(after, ERROR_RATE)
    more = new.value - old.value
    if more <= max(allowed, _by_chance(old.interval, new.interval)):
        return ""
    return f"more requests fail than before ({format_share(old.value)} -> {format_share(new.value)})"


def _by_chance(old: Estimate | None, new: Estimate | None) -> float:
    """How many more may fail where nothing changed: a burst of failures is not explained by how vague it is itself."""
    if old is None or new is None:
        return 0.0
    up = old.upper - old.value
    return hypot(up, min(up, new.value - new.lower))


def _ratio(before: float, after: float) -> float:
    return after / before if 0 < before < inf else nan
