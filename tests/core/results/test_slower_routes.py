"""Models that are slower than in an earlier run: named where their answers show it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import past_runs as past

from pytest_smload.core.measure.distribution import bins_of, trimmed
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.results.result import LoadResult
from pytest_smload.core.results.side_by_side import ComparedLoad, compare_with_first
from pytest_smload.core.results.slower_routes import slower_routes
from pytest_smload.core.statistics.percentiles import nearest_rank
from pytest_smload.reports.words.side_by_side import remarks


def load(seed: int, counts: dict[str, int], slower: dict[str, float] | None = None) -> LoadResult:
    """A load over models, some of them so many times as slow."""
    draw = np.random.default_rng(seed)
    models, routes = {}, {}
    for name, count in counts.items():
        latencies_ms = np.sort(np.exp(draw.normal(size=count) * 0.5) * 50 * (slower or {}).get(name, 1.0))
        p95_ms = float(latencies_ms[nearest_rank(count, 950) - 1])
        models[name] = replace(past.stats(requests=count, p95_ms=p95_ms))
        bins = bins_of(latencies_ms)
        routes[name] = trimmed(int(bins.min()), np.bincount(bins - bins.min()))
    spread = Distribution(next(iter(routes.values())), routes, 1.0, (), {}, {}, {})
    return past.load(models=models, distribution=spread)


def compared(before: LoadResult, after: LoadResult) -> ComparedLoad:
    (found,) = compare_with_first([past.run(past.attempt(each)) for each in (before, after)])
    return found


def test_a_model_that_is_slower_is_named() -> None:
    """Beside others that are not, whatever the whole load's p95 says; the worst first."""
    counts = {"a": 2000, "b": 2000, "c": 2000}
    before, after = load(1, counts), load(2, counts, {"b": 1.4, "c": 1.8})
    assert ["c", "b"] == [each.name for each in slower_routes(before, after)]
    assert [] == slower_routes(after, before)
    (line,) = remarks(compared(before, after))
    assert line.startswith("B is slower at p95 for 2 models, which no demand is on: c 1")


def test_few_answers_and_small_rises_are_not_named() -> None:
    """Chance explains the one, and nobody is helped by the other."""
    assert [] == slower_routes(load(1, {"a": 60}), load(2, {"a": 60}, {"a": 1.8}))
    many = {"a": 200_000}
    assert [] == slower_routes(load(1, many), load(2, many, {"a": 1.05}))


def test_of_many_models_that_are_as_before_hardly_one_is_named() -> None:
    """Of 20 pairs of runs with 200 models each."""
    counts = {f"model-{place}": 150 for place in range(200)}
    named = sum(len(slower_routes(load(2 * seed, counts), load(2 * seed + 1, counts))) for seed in range(20))
    assert named <= 2


def test_what_is_in_one_run_alone_is_compared_with_nothing() -> None:
    """Nor is a record without histograms."""
    before, after = load(1, {"a": 2000}), load(2, {"b": 2000}, {"b": 3.0})
    assert [] == slower_routes(before, after)
    assert [] == slower_routes(before, replace(before, distribution=None))
