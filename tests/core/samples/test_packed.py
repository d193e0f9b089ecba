"""Recordings that travel from one process to another."""

from __future__ import annotations

import dataclasses
from array import array
from typing import Any

import pytest
from recordings import MODEL_ERROR, Row, recording

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.samples.packed import packed, unpacked
from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, Abort, ClientReadings, Recording, Samples


def _full() -> Recording:
    rows = [Row(1.0, 1.1, 1.2, model=1), Row(1.3, 1.4, 1.55, MODEL_ERROR, 2, free=1.35)]
    made = recording(
        rows,
        1.0,
        3.0,
        unsent=[(2.9, 1)],
        offered_tps=1.5,
        stages=[StageSpan("calm", 0.0, 1.0, None, 1.5, 3.5), StageSpan("busy", 1.0, 2.0, 4)],
        examples={"ModelError": InvocationFailure("ModelError", "out of\nmemory ✓", 500, 503)},
        route_examples={(2, "ModelError"): InvocationFailure("ModelError", "c's own", 500)},
        aborted=Abort(0.5, 10, 2.0, 0.4, "ModelError", "given up", 250.0),
        kind_statuses=[None] * 6 + [500],
        bytes_in=[1, 2, 3],
        bytes_out=[4, 5, 6],
        connects=7,
        task_exceptions=["ValueError: x"],
        unprimed=1,
        complete=True,
        epoch_s=1e9 + 0.1,
        variant_names=("", "blue"),
        target_variants=[None, "blue", None],
        interrupted=True,
        stretches=2,
    )
    made.samples.late_index.append(1)
    made.samples.late_from.append(1.5)
    made.samples.late_to.append(1.54)
    made.samples.variant_index.append(0)
    made.samples.variant_code.append(1)
    return made


def _facts(made: Recording) -> dict[str, Any]:
    facts = {each.name: getattr(made, each.name) for each in dataclasses.fields(made)}
    facts["samples"] = {name: getattr(made.samples, name) for name in Samples.__slots__}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def test_a_recording_comes_back_as_it_was() -> None:
    """Every field, to the last bit of every time."""
    made = _full()

    assert _facts(unpacked(packed(made))) == _facts(made)


def test_every_field_of_a_recording_travels() -> None:
    """A field that is not packed would silently be its default on the other side; what a master adds does not."""
    filled = _facts(_full())
    defaults = {
        each.name: list(each.default) if isinstance(each.default, tuple) else each.default
        for each in dataclasses.fields(Recording)
    }

    masters_own = {"generators", "lost"}
    assert {name for name, value in filled.items() if value == defaults[name]} == masters_own


def test_readings_of_each_generator_stay_apart() -> None:
    """Two generators' columns are not mixed up."""
    clients = [ClientReadings(0.1, array("d", [1.0]), array("d", [2.0])), ClientReadings(0.2, array("d"), array("d"))]
    made = dataclasses.replace(_full(), clients=clients)

    assert unpacked(packed(made)).clients == clients


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"{}\n",
        b"[]\n",
        packed(_full())[:-1],
        packed(_full()) + b"x",
        packed(_full()).replace(b'"model_names": ["a.tar.gz", "b.tar.gz", "c.tar.gz"]', b'"model_names": ["a.tar.gz"]'),
        packed(_full()).replace(b'["d", 2]', b'["d", 1]', 1),
        packed(_full()).replace(b'["d", 2]', b'["q", 2]', 1),
        packed(_full()).replace(b'["d", 2]', b'["d", -2]', 1),
    ],
)
def test_bytes_that_are_no_recording_are_refused(spoilt: bytes) -> None:
    """One sort of error, whatever is wrong with them."""
    with pytest.raises(ValueError, match="no recording"):
        unpacked(spoilt)


@pytest.mark.parametrize(
    ("own", "spoilt"),
    [
        (b'[2, "ModelError", [', b'[3, "ModelError", ['),
        (b'[2, "ModelError", [', b'[-1, "ModelError", ['),
        (b'[2, "ModelError", [', b'[true, "ModelError", ['),
        (b'[2, "ModelError", [', b'["2", "ModelError", ['),
        (b'[2, "ModelError", [', b'[2, "<b>none</b>", ['),
        (b'[2, "ModelError", [', b'[2, ["ModelError"], ['),
        (b'"c\'s own"', b'{"c": 1}'),
        (b'"c\'s own", 500', b'"c\'s own", "500"'),
        (b'"c\'s own", 500, null', b'"c\'s own", 500, null, 1'),
        (b'"c\'s own", 500, null', b'"c\'s own", 500, [1]'),
        (b'"route_examples": [', b'"route_examples": 1, "x": ['),
    ],
    ids=[
        "route beyond", "route below", "route a flag", "route a text", "kind unnamed", "kind a list", "message a table",
        "status a text", "a value too many", "original status a list", "no list",
    ],
)  # fmt: skip
def test_examples_that_are_none_are_refused(own: bytes, spoilt: bytes) -> None:
    """Of a route or kind without a name, with a text that is no text, or a status that is no number."""
    assert own in packed(_full())
    with pytest.raises(ValueError, match="no recording"):
        unpacked(packed(_full()).replace(own, spoilt))


def test_more_examples_than_are_kept_are_refused() -> None:
    """A worker keeps no more of them than any other."""
    names = [f"{number}" for number in range(MOST_ROUTE_EXAMPLES + 1)]
    failures = {(route, "ModelError"): InvocationFailure("ModelError", "m") for route in range(len(names))}
    made = dataclasses.replace(_full(), model_names=names, route_examples=failures)
    with pytest.raises(ValueError, match="more than 500 examples"):
        unpacked(packed(made))
    failures.popitem()
    assert failures == unpacked(packed(made)).route_examples


def test_a_recording_of_nothing_travels() -> None:
    """Of a load without a request there is not even a name."""
    made = dataclasses.replace(
        _full(), samples=Samples(), model_names=[], kind_names=[], unsent_due=array("d"), unsent_model=array("H"),
        route_examples={},
    )  # fmt: skip
    assert _facts(unpacked(packed(made))) == _facts(made)
