"""How the limits of a running load stand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.live.standing import HeldLimits
from pytest_smload.core.live.tally import MOST_ROUTES, Tally
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.samples.ended import Ended

KINDS = ("ok", "Timeout", "Unsent", "Connection", "BadResponse", "Client", "ModelError")


def limit(metric, at_most=None, at_least=None, *, relative=False):
    return Limit(metric, at_least, at_most, relative, "as written", "a test")


def ended(took_ms, route=0, kind=0, names=("a", "b"), *, in_window=True):
    took_ms = np.array(took_ms, dtype=float)

    def column(value, dtype):
        return np.full(len(took_ms), value, dtype=dtype)

    return Ended.of(
        took_ms=took_ms,
        kind=column(kind, "u1"),
        route=column(route, "u2"),
        in_window=column(in_window, bool),
        kinds=KINDS,
        names=names,
    )


def standing(limits, *parts, window_s=10.0, offered_tps=None):
    tally = Tally()
    for part in parts:
        tally.add(part)
    return HeldLimits(limits, list(tally.names)).standing(tally, window_s=window_s, offered_tps=offered_tps)


def test_the_worst_limit_is_named_and_those_that_hold_are_counted():
    """The one nearest to its bound; a broken one goes before any that holds."""
    answers = ended(np.linspace(100, 200, 1001))
    held = standing([(TOTAL, limit("p95", 250)), (TOTAL, limit("p50", 500)), (TOTAL, limit("tps", None, 50))], answers)
    assert held.worst.words == "p95"
    assert held.worst.observed == pytest.approx(195, rel=2e-3)
    assert (held.hold, held.told, held.untold) == (3, 3, 0)

    broken = standing([(TOTAL, limit("p95", 190)), (TOTAL, limit("p50", 500))], answers)
    assert not broken.worst.holds
    assert (broken.hold, broken.told) == (1, 2)


def test_what_only_the_end_tells_is_not_told_yet():
    """Regressions and the server's figures, beside a count of requests."""
    tally = Tally()
    tally.add(ended([10.0] * 100))
    limits = [(TOTAL, limit("p95", 250)), (TOTAL, limit("requests", None, 10))]
    held = HeldLimits(limits, list(tally.names), at_the_end=2).standing(tally, window_s=10.0, offered_tps=None)
    assert (held.hold, held.told, held.untold) == (1, 1, 3)


def test_a_broken_value_is_not_rounded_onto_its_limit():
    """Who reads it would see a limit that is kept."""
    broken = standing([(TOTAL, limit("error_rate", 0.01))], ended([10.0] * 989), ended([10.0] * 10, kind=6))
    assert broken.worst.observed_text != "1%"


def test_what_cannot_be_told_yet_is_counted_apart():
    """Too few requests for a percentile, what only the end tells, and a share of a rate that changes."""
    limits = [
        (TOTAL, limit("p99", 250)),
        (TOTAL, limit("requests", None, 10)),
        (TOTAL, limit("cold_p95", 100)),
        (TOTAL, limit("tps", None, 0.9, relative=True)),
        (TOTAL, limit("errors.5xx", 1)),
        (ScopeName("stage", "one"), limit("p50", 100)),
        (TOTAL, limit("stalled", 100)),
    ]
    found = standing(limits, ended([10.0] * 50))
    assert (found.worst, found.told, found.untold) == (None, 0, 6)


def test_a_share_of_the_offered_rate_is_held():
    """Where one rate is offered all through."""
    found = standing([(TOTAL, limit("tps", None, 0.96, relative=True))], ended([1.0] * 90), offered_tps=10.0)
    assert found.worst.limit == ">= 96% of 10 TPS offered"
    assert (found.hold, found.told) == (0, 1)


def test_lost_requests_are_slowest_and_other_failures_are_no_latencies():
    """As in the verdict."""
    answers = ended([10.0] * 90)
    lost = standing([(TOTAL, limit("p95", 50))], answers, ended([1000.0] * 10, kind=1))
    assert lost.worst.observed == math.inf
    failed = standing([(TOTAL, limit("p95", 50))], answers, ended([1000.0] * 10, kind=6))
    assert failed.worst.observed == pytest.approx(10, rel=1e-2)
    counted = standing([(TOTAL, limit("errors.ModelError", 5))], answers, ended([1.0] * 10, kind=6))
    assert (counted.worst.observed, counted.hold) == (10, 0)


def test_the_warm_up_is_in_none_of_it():
    """Checks are of the window."""
    found = standing([(TOTAL, limit("p50", 50))], ended([500.0] * 99, in_window=False), ended([10.0] * 30))
    assert found.hold == 1


def test_each_model_has_its_limit_and_its_row():
    """The worst model is named, and leads the rows; one that is asked nothing has none."""
    each = limit("p95", 100)
    names = ("a", "b", "idle")
    limits = [(ScopeName("model", name), each) for name in names]
    found = standing(limits, ended([20.0] * 100, 0, names=names), ended([150.0] * 100, 1, names=names))
    assert found.worst.scope == ScopeName("model", "b")
    assert (found.hold, found.told, found.untold) == (1, 2, 1)
    assert [row.name for row in found.rows] == ["b", "a"]
    assert [row.excess for row in found.rows] == pytest.approx([1.5, 0.2], rel=3e-2)
    assert found.rows[0].p95_ms == pytest.approx(150, rel=2e-2)
    assert found.routes == 2


def test_of_very_many_routes_only_the_whole_is_followed():
    """Their limits are told at the end."""
    names = [f"m{place}" for place in range(MOST_ROUTES + 1)]
    limits = [(TOTAL, limit("p50", 100)), (ScopeName("model", "m7"), limit("p50", 100))]
    found = standing(limits, ended([20.0] * 100, 7, names=names))
    assert (found.told, found.untold, list(found.rows)) == (1, 1, [])


def test_names_may_come_while_the_load_runs():
    """A locustfile's requests are named by its events."""
    tally = Tally()
    tally.add(ended([10.0] * 10, names=("a",)))
    tally.add(ended([20.0] * 10, 1, names=("a", "b")))
    assert list(tally.ok) == [10, 10]
