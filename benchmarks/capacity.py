"""Searches the capacity of simulated M/G/c endpoints whose true capacity is known, and says how far off it was.

    python benchmarks/capacity.py [--searches 20] [--window 60]

Nothing is sent: each probe is the recording such an endpoint would have left, judged as a load is.
"""

from __future__ import annotations

import argparse
import heapq
import sys
from math import log, sqrt

import numpy as np
from recordings import recorded

from pytest_smload.core.capacity.backlog import backlog
from pytest_smload.core.capacity.level import LevelVerdict
from pytest_smload.core.capacity.needed import needed_requests
from pytest_smload.core.capacity.search import CapacitySearch, Probe
from pytest_smload.core.capacity.verdict import KEPT_ALPHA, falls_behind, judge_level
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.statistics.bound import LOOKS, look_alpha

SERVERS, MEAN_S, SIGMA = 4, 0.1, 0.5
LIMIT_S = 0.3
LIMITS = [(TOTAL, parse_limit("p95", "300ms", source="here")), (TOTAL, parse_limit("error_rate", "1%", source="here"))]
WARMUP_S = 10.0


def served(due: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return when each request due is answered: first come, first served, by c servers of lognormal service times."""
    free = [0.0] * SERVERS
    end = np.empty_like(due)
    service = rng.lognormal(log(MEAN_S) - SIGMA**2 / 2, SIGMA, len(due))
    for place, (arrival, takes) in enumerate(zip(due.tolist(), service.tolist(), strict=True)):
        end[place] = max(arrival, free[0]) + takes
        heapq.heapreplace(free, end[place])
    return end


def arrivals(tps: float, span_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return Poisson arrivals, exactly tps * span_s of them."""
    return np.sort(rng.uniform(0.0, span_s, round(tps * span_s)))


def true_capacity(rng: np.random.Generator) -> float:
    """Return the rate whose p95 in the long run is the limit, by bisection over long runs."""
    low, high = 0.5 * SERVERS / MEAN_S, SERVERS / MEAN_S
    for _ in range(9):
        tps = sqrt(low * high)
        due = arrivals(tps, 200_000 / tps, rng)
        slow = np.quantile(served(due, rng) - due, 0.95) > LIMIT_S
        low, high = (low, tps) if slow else (tps, high)
    return sqrt(low * high)


def verdict_of(probe: Probe, window_s: float, rng: np.random.Generator) -> LevelVerdict:
    """Return what a probe comes to, going on while unproven to four times its window."""
    longest_s = window_s * 2 ** (LOOKS - 1)
    due = arrivals(probe.tps, WARMUP_S + longest_s, rng) - WARMUP_S
    end = served(due + WARMUP_S, rng) - WARMUP_S
    windows_s = [window_s * 2**look for look in range(LOOKS) if look or probe.purpose not in ("confirm", "recheck")]
    for span_s in windows_s:
        kept = due < span_s
        found = recorded(due[kept], end[kept], window_s=span_s, offered_tps=probe.tps)
        measured, behind = measure(found), falls_behind(backlog(found, len(due)))
        strict, own = (
            [*judge(LIMITS, measured, alpha=alpha), *([behind] if behind is not None else [])]
            for alpha in (look_alpha(LOOKS), KEPT_ALPHA)
        )
        if all(check.proven for check in strict):
            break
    return judge_level(own, valid=True)


def search(start_tps: float, window_s: float, rng: np.random.Generator) -> tuple[float, int]:
    """Return what one search finds, and how many probes it took."""
    least_tps = needed_requests(LIMITS, {})[0] / (window_s * 2 ** (LOOKS - 1))
    rates, probes = CapacitySearch(start_tps, least_tps=least_tps), 0
    while (probe := rates.next()) is not None:
        rates.heard(probe, verdict_of(probe, window_s, rng))
        probes += 1
    return rates.kept_tps, probes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--searches", type=int, default=20)
    parser.add_argument("--window", type=float, default=60.0, help="of a probe, in s")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    truth = true_capacity(rng)
    found = [search(rng.uniform(0.1, 1.2) * truth, given.window, rng) for _ in range(given.searches)]
    ratios = np.array([tps for tps, _ in found]) / truth
    over = int(np.sum(ratios > 1.05))
    print(f"true capacity {truth:.4g} TPS (saturation {SERVERS / MEAN_S:g}); {given.searches} searches")
    print(f"found / true: mean {ratios.mean():.3f}, from {ratios.min():.3f} to {ratios.max():.3f}")
    print(f"overstated by more than 5 %: {over} of {given.searches}")
    print(f"probes: mean {np.mean([count for _, count in found]):.1f}")
    return int(abs(ratios.mean() - 1) > 0.05 or over > given.searches / 20)


if __name__ == "__main__":
    sys.exit(main())
