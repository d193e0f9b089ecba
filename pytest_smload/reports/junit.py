"""Lists what JUnit XML says of a test as properties: verdict and endpoint of each load, and every check."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.words.cells import plain_text, verdict_word
from pytest_smload.reports.words.details import NOT_JUDGED, is_judged
from pytest_smload.reports.words.headline import endpoint_words

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.results.result import LoadResult, TestResult

Property = tuple[str, str]


def junit_properties(test: TestResult) -> list[Property]:
    """Return (name, value) pairs, names unique: ``("smload.total.p95.observed", "212.4")``.

    ``smload.verdict`` and ``smload.endpoint`` come first. Each check has ``limit`` as people read it, ``unit``,
    ``verdict``, ``proven`` and ``source``, and of these numbers, in that unit, those that exist: ``observed``,
    ``at_least``, ``at_most``, ``lower``, ``upper`` (``inf`` where there is no end), ``n`` and ``n_eff``; and a
    ``note`` where there is something to say. Where
    a test ran several loads, the load's label, or its number from 1, follows ``smload``, and each has a verdict and an
    endpoint of its own.
    """
    loads = test.loads
    found: list[Property] = [("smload.verdict", test.verdict)]
    if test.attempt > 1:
        found.append(("smload.attempt", str(test.attempt)))
    if len(loads) == 1:
        found.append(("smload.endpoint", endpoint_words(loads[0].endpoint)))
        found += _check_properties("smload", loads[0])
    else:
        for name, load in zip(_load_names(loads), loads, strict=True):
            place = f"smload.{name}"
            found += [(f"{place}.verdict", load.verdict), (f"{place}.endpoint", endpoint_words(load.endpoint))]
            found += _check_properties(place, load)
    for number, capacity in enumerate(test.capacities, start=1):
        found += _capacity_properties(f"smload.capacity.{capacity.label or number}", capacity)
    return _told_apart([(plain_text(name), plain_text(value)) for name, value in found])


def _load_names(loads: Sequence[LoadResult]) -> list[str]:
    """The label where it says which load is meant, else the number."""
    labels = Counter(load.label for load in loads)
    return [
        label if (label := load.label) and labels[label] == 1 and not label.isdigit() else str(number)
        for number, load in enumerate(loads, start=1)
    ]


def _check_properties(place: str, load: LoadResult) -> Iterator[Property]:
    trusted = is_judged(load)
    for check in load.checks:
        for key, value in _check_values(check, trusted=trusted).items():
            if value:
                yield f"{place}.{check.scope}.{check.metric}.{key}", value


def _capacity_properties(place: str, capacity: Capacity) -> Iterator[Property]:
    """Verdict, endpoint, rate and bracket of a search, and what bound it."""
    yield f"{place}.verdict", capacity.verdict
    yield f"{place}.endpoint", endpoint_words(capacity.endpoint)
    yield f"{place}.tps", _number(capacity.tps)
    yield f"{place}.not_kept_tps", _number(capacity.not_kept_tps)
    yield f"{place}.confirmed", "yes" if capacity.confirmed else "no"
    if capacity.binding is not None:
        yield f"{place}.binding", f"{capacity.binding.metric} {capacity.binding.limit}"
    if capacity.check is not None:
        yield f"{place}.at_least", _number(capacity.check.at_least)


def _check_values(check: Check, *, trusted: bool) -> dict[str, str]:
    """Each value as text, ``""`` where there is none: a fact has no interval."""
    return {
        "limit": check.limit,
        "unit": check.unit,
        "observed": _number(check.observed),
        "at_least": _number(check.at_least),
        "at_most": _number(check.at_most),
        "lower": _number(check.lower),
        "upper": _number(check.upper),
        "n": str(check.n),
        "n_eff": _number(check.n_eff),
        "verdict": verdict_word(check).lower() if trusted else NOT_JUDGED,
        "proven": "yes" if check.proven else "no",
        "source": check.source,
        "note": check.note,
    }


def _number(value: float | None) -> str:
    """The number as any language reads it."""
    return "" if value is None or math.isnan(value) else f"{value:.10g}"


def _told_apart(properties: Sequence[Property]) -> list[Property]:
    """Two limits on one thing get a number: tools keep one property of a name."""
    seen: Counter[str] = Counter()
    apart = []
    for name, value in properties:
        seen[name] += 1
        path, _, key = name.rpartition(".")
        apart.append((name if seen[name] == 1 else f"{path}.{seen[name]}.{key}", value))
    return apart
