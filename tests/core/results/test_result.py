"""What a load amounts to, put together from its parts."""

from __future__ import annotations

import dataclasses

from finished import GIVEN, load, result

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.results.assemble import build_result


def test_the_totals_figures_are_the_results_own() -> None:
    """A result carries measurement, health and checks unchanged; examples are one line with their statuses."""
    found = result()
    total = measure(load()).total

    assert (found.p50_ms, found.requests, found.ok, found.tps) == (total.p50_ms, 4, 2, 0.5)
    assert (found.scheduled, found.sent, found.unsent) == (4, 3, 1)
    assert found.examples == {"ModelError": "the model raised (HTTP 424, the container's own status 500)"}
    assert found.errors == {"Timeout": 1, "Unsent": 1}
    assert found.verdict == "fail"


def test_each_model_has_the_first_failure_of_each_kind() -> None:
    """As a line, like that of each kind; of a load without weights there is none but that of the kind."""
    failures = {(1, "ModelError"): InvocationFailure("ModelError", "b's\nown", 500)}
    found = dataclasses.replace(load(), route_examples=failures)
    alone = dataclasses.replace(found, route_kind=None)

    results = [build_result(each, measure(load()), result().client, **GIVEN) for each in (found, alone)]

    assert [{"b.tar.gz": {"ModelError": "b's own (HTTP 500)"}}, {}] == [each.examples_by_route for each in results]


def test_the_warm_up_is_no_part_of_the_timeline() -> None:
    """It has seconds of its own, before the window's."""
    found = result()

    assert [0.0, 1.0, 2.0, 3.0] == [point.t_s for point in found.timeline]
    assert [(-1.0, 1)] == [(point.t_s, point.errors) for point in found.warmup_timeline]


def test_the_total_by_itself() -> None:
    """It has the figures of the load as any other scope has its own, the failures counted."""
    assert measure(load()).total == result().total


def test_the_verdict_is_the_loads_own() -> None:
    """INVALID before failed before passed."""
    failed = result()
    invalid = dataclasses.replace(failed, client=dataclasses.replace(failed.client, valid=False))

    verdicts = [each.verdict for each in (failed, invalid, dataclasses.replace(failed, checks=failed.checks[2:]))]

    assert ["fail", "invalid", "pass"] == verdicts
