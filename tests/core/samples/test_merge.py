"""What several generators recorded of their parts of a load reads as one recording of the whole."""

from __future__ import annotations

import dataclasses
import random
from array import array
from collections.abc import Sequence
from math import isnan
from typing import Any

import pytest
from recordings import Row, recording

from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.schedule import Schedule
from pytest_smload.core.load.stages import Stage, stage_spans
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.request.error_kinds import OK, ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.samples.merge import merge
from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, Abort, ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine

MODELS, SHARES = ("a", "b", "c"), (0.5, 0.3, 0.2)
STAGES = (Stage("4s", tps=50, name="calm"), Stage("2s", tps=200), Stage("2s", tps=20))
BEGIN_S = 1000.0
STATUSES = {"ModelError": 424, "ThrottlingException": 400}
_GRID = 2.0**24
"""Times are whole 2^-24 s, so that moving them to another clock and back changes no bit."""


def on_grid(seconds: float) -> float:
    return round(seconds * _GRID) / _GRID


def generate(schedule: Schedule, clock_s: float = 0.0, known: Sequence[str] = (), connects: int = 3) -> Recording:
    """Record *schedule* over an endpoint whose answer to an arrival depends on nothing but the arrival.

    The generator's clock is *clock_s* ahead; it has met the error kinds *known* before.
    """
    kinds, samples, examples = ErrorKinds(), Samples(), {}
    kinds.codes(known)
    starts_s = BEGIN_S + schedule.warmup_s
    unsent: list[tuple[float, int]] = []
    bytes_in, bytes_out = [0] * len(MODELS), [0] * len(MODELS)
    rows = []
    for due_s, model in zip(schedule.due(BEGIN_S), schedule.routes(), strict=True):
        chance = random.Random(f"{due_s} {model}")
        due, draw = on_grid(due_s), chance.random
        if due >= starts_s and draw() < 0.02:
            unsent.append((due + clock_s, model))
            continue
        kind = chance.choices(["", "ModelError", "ThrottlingException", "Timeout"], [90, 4, 4, 2])[0]
        free = due + on_grid(0.1 * draw()) if draw() < 0.05 else due
        start = free + on_grid(0.001 * draw())
        late = on_grid(0.002 * draw()) if draw() < 0.03 else 0.0
        rows.append((start + on_grid(0.01 + 0.3 * draw()) + late, start, due, free, late, kind, model))
        if due >= starts_s:
            bytes_in[model] += 10 + model
            bytes_out[model] += 5
    for end, start, due, free, late, kind, model in sorted(rows):
        if free > due:
            samples.held_index.append(len(samples))
            samples.held_free.append(free + clock_s)
        if late:
            samples.late_index.append(len(samples))
            samples.late_from.append(end - late + clock_s)
            samples.late_to.append(end + clock_s)
        samples.due.append(due + clock_s)
        samples.start.append(start + clock_s)
        samples.end.append(end + clock_s)
        samples.kind.append(kinds.code(kind, STATUSES.get(kind)) if kind else OK)
        samples.model.append(model)
        if kind:
            examples.setdefault(kind, InvocationFailure(kind, f"the first {kind}"))
    return Recording(
        model_names=MODELS,
        route_kind="model",
        target_shares=SHARES,
        kind_names=kinds.names,
        kind_statuses=kinds.statuses,
        samples=samples,
        open_model=True,
        window_start_s=starts_s + clock_s,
        window_end_s=starts_s + schedule.ends[-1].offset_s + clock_s,
        clients=[ClientReadings(0.1, array("d", [0.0001] * 100), array("d", [0.0001] * 100))],
        started_at="2025-01-01T00:00:00+00:00",
        stages=stage_spans(STAGES),
        offered_tps=(len(schedule) - schedule.warmup_count) / schedule.ends[-1].offset_s,
        unsent_due=array("d", [due for due, _ in unsent]),
        unsent_model=array("H", [model for _, model in unsent]),
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        connects=connects,
        examples=examples,
        complete=True,
    )


WHOLE_SCHEDULE = Schedule.of(LoadProfile(stages=STAGES, warmup="2s", seed=5), SHARES)
WHOLE = generate(WHOLE_SCHEDULE)
HALVES = [
    generate(WHOLE_SCHEDULE.part(0, 2), connects=1),
    generate(WHOLE_SCHEDULE.part(1, 2), 4096.0, ["InternalFailure", "ThrottlingException"], connects=2),
]
MERGED = merge(HALVES, [0.0, -4096.0])


def figures(measurement: Measurement) -> dict[str, str]:
    """Every figure of *measurement*, and of each of its scopes, as text: NaN equals NaN."""
    found: dict[str, Any] = {spec.name: getattr(measurement, spec.name) for spec in dataclasses.fields(measurement)}
    for name, scope in found.pop("scopes").items():
        for spec in dataclasses.fields(scope):
            value = getattr(scope, spec.name)
            found[f"{name} {spec.name}"] = list(value) if spec.name in {"latency_ms", "touches_ms"} else value
        requests = found.pop(f"{name} requests")
        kinds = [requests.kind_names[code] for code in requests.kind]
        found[f"{name} requests"] = (list(requests.took_ms), kinds)
    return {name: repr(value) for name, value in found.items()}


def test_every_figure_is_that_of_the_whole_recorded_by_one() -> None:
    """Two halves with clocks and error codes of their own measure what one generator of both did, to the bit."""
    assert HALVES[0].kind_names != HALVES[1].kind_names
    assert {"Unsent", "Timeout", "ModelError", "ThrottlingException"} == set(measure(WHOLE).errors)
    assert figures(measure(WHOLE)) == figures(measure(MERGED))


def test_every_column_is_that_of_the_whole() -> None:
    """Samples in the order they ended, with what was held and what was read late; kinds by name."""
    for name in Samples.__slots__:
        if name != "kind":
            assert list(getattr(WHOLE.samples, name)) == list(getattr(MERGED.samples, name)), name
    named = [
        [(each.kind_names[kind], each.kind_statuses[kind]) for kind in each.samples.kind] for each in (WHOLE, MERGED)
    ]
    assert named[0] == named[1]
    assert len(WHOLE.samples.held_index) > 10 < len(WHOLE.samples.late_index)


def test_the_client_is_judged_as_over_the_whole() -> None:
    """Delays and biases are those of all samples, and the mix is exact."""
    judged = [
        examine(each, measure(each), budgeted_scopes=(), simulated=False)
        for each in (dataclasses.replace(WHOLE, clients=MERGED.clients), MERGED)
    ]

    assert judged[0] == judged[1]
    assert "off its weights" not in "".join(map(str, judged[1].reasons))


def test_facts_around_the_samples_are_those_of_all() -> None:
    """Counts are summed, rates too; the window is the one all had; readings stand side by side."""
    assert (WHOLE.window_start_s, WHOLE.window_end_s) == (MERGED.window_start_s, MERGED.window_end_s)
    assert (WHOLE.connects, WHOLE.bytes_in, WHOLE.bytes_out) == (MERGED.connects, MERGED.bytes_in, MERGED.bytes_out)
    assert pytest.approx(WHOLE.offered_tps) == MERGED.offered_tps
    assert WHOLE.examples == MERGED.examples
    assert [*HALVES[0].clients, *HALVES[1].clients] == MERGED.clients
    assert sorted(WHOLE.unsent_due) == sorted(MERGED.unsent_due)
    assert MERGED.complete


def test_what_befell_one_befell_the_load() -> None:
    """An exception, Ctrl-C, an abort, a model not ready in one generator is the load's; it began with the first."""
    abort = Abort(0.9, 10, 1.0, 0.5)
    facts = {"task_exceptions": ["no"], "interrupted": True, "aborted": abort, "unprimed": 2, "complete": False}
    unlucky = dataclasses.replace(HALVES[1], started_at="2024-12-31T23:59:59+00:00", **facts)
    merged = merge([HALVES[0], unlucky], [0.0, -4096.0])

    assert facts == {name: getattr(merged, name) for name in facts}
    assert "2024-12-31T23:59:59+00:00" == merged.started_at


def test_one_recording_merged_is_itself() -> None:
    """Nothing is changed where there is one generator."""
    alone = merge([WHOLE], [0.0])

    assert figures(measure(WHOLE)) == figures(measure(alone))
    for spec in dataclasses.fields(Recording):
        if spec.name != "samples":
            assert list_or_value(getattr(WHOLE, spec.name)) == list_or_value(getattr(alone, spec.name)), spec.name


def list_or_value(value: object) -> object:
    if isinstance(value, float) and isnan(value):
        return None
    return list(value) if isinstance(value, (list, tuple)) else value


def test_a_closed_load_has_no_offered_rate() -> None:
    """Nor has one of several generators."""
    halves = [recording([Row(11, 11, 12)], 10, 20, open_model=False) for _ in range(2)]

    assert merge(halves, [0.0, 0.0]).offered_tps is None
    assert 2 == measure(merge(halves, [0.0, 0.0])).total.requests


def test_recordings_of_different_loads_are_refused() -> None:
    """Other models, other stages, other stretches, or none at all: named, never mixed up."""
    with pytest.raises(ValueError, match="recording 2 has other model_names than the first"):
        merge([WHOLE, dataclasses.replace(WHOLE, model_names=("a", "b", "d"))], [0.0, 0.0])
    with pytest.raises(ValueError, match="recording 2 has other stages"):
        merge([WHOLE, dataclasses.replace(WHOLE, stages=())], [0.0, 0.0])
    with pytest.raises(ValueError, match="recording 2 has other stretches"):
        merge([WHOLE, dataclasses.replace(WHOLE, stretches=2)], [0.0, 0.0])
    with pytest.raises(ValueError, match="a load has at least one generator"):
        merge([], [])


def test_a_generator_that_ended_before_its_window_opened_adds_none() -> None:
    """What the others sent meanwhile was warm-up, and the window is that of those whose window opened."""
    early = recording([Row(1.0, 1.0, 1.1)], 1.5, 1.5)
    late = recording([Row(1.6, 1.6, 1.7), Row(2.1, 2.1, 2.2)], 2.0, 3.0)

    merged, none = (
        merge([early, late], [0.0, 0.0]),
        merge([early, dataclasses.replace(early, window_end_s=1.2)], [0, 0]),
    )

    assert (merged.window_start_s, merged.window_end_s) == (2.0, 3.0)
    assert measure(merged).sent == 1
    assert none.window_s == 0.0


def test_who_sent_what_is_known_of_the_whole() -> None:
    """Each sample says which of several recordings it is of, in the order they ended; of one nothing has to be said."""
    first = recording([Row(0.0, 0.0, 0.5), Row(1.0, 1.0, 3.0)], 0.0, 4.0)
    second = recording([Row(0.0, 0.0, 0.25), Row(2.0, 2.0, 2.5)], 0.0, 4.0)
    assert [1, 0, 1, 0] == list(merge([first, second], [0.0, 0.0]).sent_by)
    assert [] == list(merge([first], [0.0]).sent_by)


def test_examples_by_route_are_those_of_all_the_first_ones_first() -> None:
    """Of a pair that two have, as of a kind, the one of the first; of too many, the first."""
    one, other = (
        {(0, "ModelError"): InvocationFailure("ModelError", f"{name}, a")} for name in ("the first's", "the second's")
    )
    other[1, "ModelError"] = InvocationFailure("ModelError", "the second's, b")
    first, second = (dataclasses.replace(WHOLE, route_examples=each) for each in (one, other))
    merged = merge([first, second], [0.0, 0.0]).route_examples
    assert {(0, "ModelError"): "the first's, a", (1, "ModelError"): "the second's, b"} == {
        pair: failure.message for pair, failure in merged.items()
    }

    many = [
        {(route, f"{worker}"): InvocationFailure(f"{worker}", "m") for route in range(MOST_ROUTE_EXAMPLES)}
        for worker in range(3)
    ]
    both = merge([dataclasses.replace(WHOLE, route_examples=each) for each in many], [0.0] * 3)
    assert many[0] == both.route_examples
