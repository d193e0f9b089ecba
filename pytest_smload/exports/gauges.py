"""The figures of a run as gauges: one value per load and model, by labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Final

from pytest_smload.core.baselines.runs import load_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.core.measure.figures import Figures
    from pytest_smload.core.results.result import LoadResult, RunResult

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure.

    Attributes:
        name: Its words, joined by dots: ``"latency.p95"``.
        unit: As OpenMetrics spells it out, ``"seconds"``; ``""`` for a count.
        ucum: The same as OpenTelemetry has it, ``"s"``.
        help: One line for people.
        points: Values by labels: ``test``, ``load``, ``endpoint``, and ``model`` for those of one.
    """

    name: str
    unit: str
    ucum: str
    help: str
    points: tuple[tuple[Labels, float], ...]


_FIGURES: Final[tuple[tuple[str, str, str, str, Callable[[Figures], float]], ...]] = (
    ("latency.p50", "seconds", "s", "50th percentile of successes", lambda figures: figures.p50_ms / 1000),
    ("latency.p95", "seconds", "s", "95th percentile of successes", lambda figures: figures.p95_ms / 1000),
    ("latency.p99", "seconds", "s", "99th percentile of successes", lambda figures: figures.p99_ms / 1000),
    ("tps", "", "{request}/s", "Successes that ended in the window, per second of it", lambda figures: figures.tps),
    ("error", "ratio", "1", "Failures per request", lambda figures: figures.error_rate),
    ("requests", "", "{request}", "Requests of the window", lambda figures: float(figures.requests)),
)
"""Of each load, and of each model, or whatever else its weights name."""
_OUTCOMES: Final = {"passed": "pass", "failed": "fail", "undecided": "invalid"}


def gauges(run: RunResult) -> list[Gauge]:
    """Return the gauges of *run*, those without a value left out, as are figures that do not exist.

    Of a test that was repeated the last attempt counts.
    """
    loads = [(labels, load) for labels, load in _labelled(run)]
    found = [
        Gauge(name, unit, ucum, about, tuple(_points(loads, value))) for name, unit, ucum, about, value in _FIGURES
    ]
    for word, outcome in _OUTCOMES.items():
        counts = [(labels, float(_outcomes(load)[outcome])) for labels, load in loads]
        found.append(Gauge(f"checks.{word}", "", "{check}", f"Limits that {_SAYS[word]}", tuple(counts)))
    verdicts = tuple((labels, float(load.verdict == "pass")) for labels, load in loads)
    found.append(Gauge("passed", "", "", "1 where the load passed, 0 where it failed or is INVALID", verdicts))
    return [gauge for gauge in found if gauge.points]


_SAYS: Final = {"passed": "were kept", "failed": "were broken", "undecided": "could not be decided"}


def _labelled(run: RunResult) -> Iterator[tuple[Labels, LoadResult]]:
    for test in {test.nodeid: test for test in run.tests}.values():
        seen: Counter[str | None] = Counter()
        for load in test.loads:
            seen[load.label] += 1
            endpoint = load.endpoint.endpoint_name or load.endpoint.name
            yield {"test": test.nodeid, "load": load_key(load.label, seen[load.label]), "endpoint": endpoint}, load


def _points(
    loads: list[tuple[Labels, LoadResult]], value: Callable[[Figures], float]
) -> Iterator[tuple[Labels, float]]:
    for labels, load in loads:
        scopes: Mapping[str, Figures] = load.routes
        for more, figures in [({}, load), *(({"model": name}, stats) for name, stats in scopes.items())]:
            if isfinite(figure := value(figures)):
                yield labels | more, figure


def _outcomes(load: LoadResult) -> Counter[str]:
    """How many checks came out how; of a load that cannot be trusted none did."""
    if load.interrupted or not load.client.valid:
        return Counter({"invalid": len(load.checks)})
    return Counter(check.outcome for check in load.checks)
