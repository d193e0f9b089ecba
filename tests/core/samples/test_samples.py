"""Samples joined from several sources read as those of one."""

from __future__ import annotations

import tracemalloc
from array import array

import numpy as np

from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.samples.recording import Samples


def samples_of(*rows: tuple[float, float, float, int, int], held: int = 0, late: int = 0) -> Samples:
    """Samples of *rows* of due, start, end, kind and model, one of them held and one read late."""
    samples = Samples()
    for due, start, end, kind, model in rows:
        samples.due.append(due)
        samples.start.append(start)
        samples.end.append(end)
        samples.kind.append(kind)
        samples.model.append(model)
    samples.held_index.append(held)
    samples.held_free.append(samples.due[held] + 0.25)
    samples.late_index.append(late)
    samples.late_from.append(samples.end[late] - 0.5)
    samples.late_to.append(samples.end[late] - 0.25)
    return samples


def columns(samples: Samples) -> dict[str, list[float]]:
    return {name: list(getattr(samples, name)) for name in Samples.__slots__}


FIRST = samples_of((1, 1.5, 2, 0, 0), (2, 2.5, 4, 6, 1))
SECOND = samples_of((101, 101.5, 103, 1, 1), (102, 102.5, 104, 2, 0), held=1)


def test_nothing_extended_by_samples_is_those_samples() -> None:
    """With codes and clock as they are, every column is."""
    samples = Samples()
    samples.extend(FIRST, codes=range(7))

    assert columns(FIRST) == columns(samples)


def test_positions_codes_and_clock_are_those_of_the_whole() -> None:
    """Held and late positions count on, kinds are renumbered, times are on the one clock."""
    samples = Samples()
    samples.extend(FIRST, codes=range(7))
    samples.extend(SECOND, codes=[0, 5, 6], shift_s=-100.0)

    assert {
        "due": [1, 2, 1, 2],
        "start": [1.5, 2.5, 1.5, 2.5],
        "end": [2, 4, 3, 4],
        "kind": [0, 6, 5, 6],
        "model": [0, 1, 1, 0],
        "variant_index": [],
        "variant_code": [],
        "held_index": [0, 3],
        "held_free": [1.25, 2.25],
        "late_index": [0, 2],
        "late_from": [1.5, 2.5],
        "late_to": [1.75, 2.75],
    } == columns(samples)


def test_each_sample_may_have_a_shift_of_its_own() -> None:
    """What is known of a sample moves with it."""
    samples = Samples()
    samples.extend(SECOND, codes=range(3), shift_s=np.array([-100.0, 10.0]))

    assert ([1, 112], [3, 114]) == (list(samples.due), list(samples.end))
    assert ([112.25], [2.5], [2.75]) == (list(samples.held_free), list(samples.late_from), list(samples.late_to))


def test_the_source_stays_as_it_was_and_the_whole_can_grow() -> None:
    """Nothing is shared between the two, and no column is left locked."""
    before, samples = columns(SECOND), Samples()
    samples.extend(SECOND, codes=range(3), shift_s=1.0)
    samples.end.append(0.0)
    samples.held_index.append(0)

    assert before == columns(SECOND)


def test_nothing_may_be_joined() -> None:
    """Samples without a row add nothing, wherever they come."""
    samples = Samples()
    samples.extend(Samples(), codes=[])
    samples.extend(FIRST, codes=range(7), shift_s=0.0)
    samples.extend(Samples(), codes=range(7), shift_s=np.empty(0))

    assert columns(FIRST) == columns(samples)


def test_kinds_are_mapped_by_name() -> None:
    """The codes of another load are those its names have here; a name that is new gets a code."""
    here, there = ErrorKinds(), ErrorKinds()
    here.codes(["ModelError", "ThrottlingException"])
    there.codes(["ThrottlingException", "InternalFailure"])

    assert [0, 1, 2, 3, 4, 5, 7, 8] == here.codes(there.names)
    assert "InternalFailure" == here.name(8)


def test_samples_are_not_copied_on_the_way() -> None:
    """Joining takes hardly more memory than what is joined: ten million samples are 270 MB."""
    count = 200_000
    large = Samples()
    for name, code in (("due", "d"), ("start", "d"), ("end", "d"), ("kind", "B"), ("model", "H")):
        setattr(large, name, array(code, bytes(count * array(code).itemsize)))
    samples = Samples()
    tracemalloc.start()
    samples.extend(large, codes=range(1), shift_s=1.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1.2 * 27 * count


def test_variants_are_renumbered_and_stay_with_their_samples() -> None:
    """Positions count on, and codes are those of the whole."""
    first, second, blind = (samples_of((1, 1.5, 2, 0, 0), (2, 2.5, 4, 6, 1)) for _ in range(3))
    for samples, index, code in ((first, 0, 1), (first, 1, 2), (second, 0, 1)):
        samples.variant_index.append(index)
        samples.variant_code.append(code)
    joined = Samples()
    joined.extend(blind, codes=range(7))
    joined.extend(first, codes=range(7), variant_codes=[0, 1, 2])
    joined.extend(second, codes=range(7), variant_codes=[0, 2])

    assert (list(joined.variant_index), list(joined.variant_code)) == ([2, 3, 4], [1, 2, 2])
