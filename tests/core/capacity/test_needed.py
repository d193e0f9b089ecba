"""How many requests a probe needs to prove its limits."""

from __future__ import annotations

import pytest

from pytest_smload.core.capacity.needed import needed_requests
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.statistics.bound import LOOKS, look_alpha


def limit(metric: str, text: str) -> Limit:
    found = parse_limit(metric, text, source="here")
    assert isinstance(found, Limit)
    return found


def test_the_limit_that_takes_most() -> None:
    """No error among n shows a rate of 1 % from 477 on at a third of the level: more than a p95 takes."""
    needed, words = needed_requests([(TOTAL, limit("p95", "250ms")), (TOTAL, limit("error_rate", "1%"))], {})

    assert (477, "error_rate <= 1%") == (needed, words)


def test_a_model_needs_them_in_its_share() -> None:
    """Of a model with a quarter of the traffic four times as many."""
    model = ScopeName("model", "a")
    needed, words = needed_requests([(model, limit("p95", "250ms"))], {model: 0.25})

    assert (376, "p95 of a <= 250 ms") == (needed, words)


@pytest.mark.parametrize(("name", "per_mille"), [("p50", 500), ("p95", 950), ("p99", 990)])
def test_more_than_a_load_takes_to_be_judged(name: str, per_mille: int) -> None:
    """For each of the looks has a third of the level: what is fewer is unproven at best."""
    needed, _ = needed_requests([(TOTAL, limit(name, "250ms"))], {})

    assert needed >= METRICS[name].needed
    assert (per_mille / 1000) ** needed <= look_alpha(LOOKS) / 2 < (per_mille / 1000) ** (needed - 1)


def test_no_error_at_all_takes_as_many_as_one_in_a_hundred() -> None:
    """One request without an error is not proof of none."""
    assert (477, "error_rate <= 0%") == needed_requests([(TOTAL, limit("error_rate", "0%"))], {})
