"""Which production variant answered what, as the answers say; and routes that are no models."""

from __future__ import annotations

import dataclasses
from array import array
from typing import Any

import pytest
from recordings import MODEL_ERROR, Row, recording

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.measure.variants import diverted, invoked_variants
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.trust.validity import examine

OPENS, CLOSES = 100.0, 110.0
NAMES = ("", "green", "blue")


def answered(rows: list[tuple[Row, int]], **facts: Any) -> Recording:
    """A recording of rows and the code of the variant that answered each."""
    found = recording([row for row, _ in rows], OPENS, CLOSES, **{"variant_names": NAMES, **facts})
    for place, (each, code) in enumerate(rows):
        if code and not each.kind:
            found.samples.variant_index.append(place)
            found.samples.variant_code.append(code)
    return found


def row(at_s: float, took_s: float = 0.1, **facts: Any) -> Row:
    return Row(at_s, at_s, at_s + took_s, **facts)


def test_shares_and_latencies_of_each_variant() -> None:
    """Successes of the window count for the variant they name; others, the warm-up's and failures for none."""
    found = invoked_variants(
        answered(
            [
                (row(99.0, 9.0), 2),
                *((row(101.0 + index / 10, 0.1), 2) for index in range(3)),
                (row(102.0, 0.5), 1),
                (row(103.0, 0.7), 0),
                (row(104.0, 0.9, kind=MODEL_ERROR), 1),
            ]
        )
    )

    assert list(found) == ["blue", "green"]
    assert [(each.ok, each.share) for each in found.values()] == [(3, 0.75), (1, 0.25)]
    assert [each.p95_ms for each in found.values()] == pytest.approx([100.0, 500.0])


@pytest.mark.parametrize("names", [("",), NAMES])
def test_answers_that_name_none(names: tuple[str, ...]) -> None:
    """Where no answer named a variant, or nobody looked, there is nothing to tell."""
    blind = recording([row(101.0)], OPENS, CLOSES, variant_names=names)
    silent = answered([(row(101.0), 0)], variant_names=names)

    assert (invoked_variants(blind), invoked_variants(silent)) == ({}, {})
    assert measure(blind).invoked_variants == {}


def test_a_variant_that_answers_in_anothers_place_makes_it_invalid() -> None:
    """Figures by variant would be of something else; what names none, or fails, is no such answer."""
    rows = [
        *((row(101.0 + index / 10), 2) for index in range(8)),
        (row(103.0, model=1), 1),
        (row(103.1, model=1), 2),
        (row(103.2, model=1), 0),
        (row(103.3, model=1, kind=MODEL_ERROR), 2),
    ]
    found = answered(rows, shares=[0.8, 0.2], target_variants=("blue", "green"))

    assert list(diverted(found)) == [("green", "blue", 1, 2)]
    health = examine(found, measure(found), budgeted_scopes=(), simulated=False)
    (reason,) = [each for each in health.reasons if "answered by" in each.cause]
    assert (reason.cause, reason.remedy) == (
        "1 of 2 requests for variant 'green' were answered by 'blue'",
        "see that nothing on the way drops the header X-Amzn-SageMaker-Target-Variant",
    )
    assert list(diverted(dataclasses.replace(found, target_variants=()))) == []
    assert list(diverted(dataclasses.replace(found, target_variants=(None, None)))) == []


@pytest.mark.parametrize("kind", ["variant", "container", "component"])
def test_routes_of_other_kinds_are_scopes_without_cold_starts(kind: Any) -> None:
    """Each has figures and a share as a model has; only models are loaded by their first request."""
    rows = [row(100.5 + index / 100, 0.01 if index else 5.0, model=index % 2) for index in range(200)]
    found = dataclasses.replace(recording(rows, OPENS, CLOSES, shares=[0.5, 0.5]), route_kind=kind)
    measured = measure(found)

    assert measured.route_kind == kind
    assert {name: stats.requests for name, stats in measured.routes.items()} == {"a.tar.gz": 100, "b.tar.gz": 100}
    assert measured.scopes[ScopeName(kind, "a.tar.gz")].stats == measured.routes["a.tar.gz"]
    assert list(measured.mix) == ["a.tar.gz", "b.tar.gz"]
    colds = [measured.total.cold, *(stats.cold for stats in measured.routes.values())]
    assert [(cold.touched, cold.suspected) for cold in colds] == [(0, 0)] * 3


def test_a_look_at_requests_under_way_names_no_variant_for_them() -> None:
    """Columns stay in step when requests under way are counted as if they had ended."""
    from pytest_smload.core.samples.look import Look

    found = answered([(row(101.0), 2)])
    ended = Look(found, array("d", [102.0, 103.0]), array("H", [0, 1])).as_if(1)

    assert list(ended.samples.variant_index) == [0]
    assert invoked_variants(ended).keys() == {"blue"}
