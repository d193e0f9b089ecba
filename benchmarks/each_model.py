"""Simulates a limit on each of many models: how often chance fails a healthy one, how often a slow one is caught."""

from __future__ import annotations

import argparse
from math import exp

import numpy as np
from measure import machine_described, print_table, verdict
from recordings import recorded

from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import ScopeName

MODELS, SIGMA, WINDOW_S = 200, 0.5, 60.0
LIMIT_OF_TRUTH = 1.5
"""The limit, as a multiple of the healthy models' true p95."""
SLOW = 3.0
"""The slow model's true p95, as a multiple of the limit."""
MOST_FALSE, LEAST_CAUGHT = 0.01, 0.95
P95_OF_ONE_MS = 20.0 * exp(1.6448536 * SIGMA)


def run(requests: int, draw: np.random.Generator, *, slow: bool) -> list[bool]:
    """Return which models fail in one run of *requests* over all."""
    model = draw.permutation(np.arange(requests) % MODELS)
    latency_s = 0.02 * np.exp(SIGMA * draw.standard_normal(requests))
    if slow:
        latency_s[model == 0] *= SLOW * LIMIT_OF_TRUTH
    due = np.sort(draw.random(requests)) * WINDOW_S
    names = [f"model-{number}" for number in range(MODELS)]
    measured = measure(recorded(due, due + latency_s, window_s=WINDOW_S, model=model, models=names))
    limit = parse_limit("p95", f"{LIMIT_OF_TRUTH * P95_OF_ONE_MS:.6f}ms", source="")
    checks = judge([(ScopeName("model", name), limit) for name in names], measured)
    return [check.outcome == "fail" for check in checks]


def main() -> None:
    """Print a row per number of requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    draw = np.random.default_rng(asked.seed)
    with machine_described():
        rows = []
        for requests in (6_000, 20_000, 100_000):
            healthy = [run(requests, draw, slow=False) for _ in range(asked.runs)]
            slow = [run(requests, draw, slow=True) for _ in range(asked.runs)]
            false = sum(map(any, healthy)) / asked.runs
            caught = sum(each[0] for each in slow) / asked.runs
            rows.append(
                (
                    f"{requests:,}",
                    f"{false:.1%}",
                    f"<= {MOST_FALSE:.0%} {verdict(false <= MOST_FALSE)}",
                    f"{caught:.1%}",
                    f">= {LEAST_CAUGHT:.0%} {verdict(caught >= LEAST_CAUGHT)}",
                )
            )
        head = ("requests", "runs in which a healthy model fails", "target", "slow model caught", "target")
        print_table(f"each = p95 <= {LIMIT_OF_TRUTH} x truth over {MODELS} models, {asked.runs} runs", head, rows)


if __name__ == "__main__":
    main()
