"""Turns a recording into bytes that another process reads back as the same recording.

Facts are one line of JSON, columns follow as they lie in memory, little-endian whatever the machine: nothing in it is
executed when it is read.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Final

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, Abort, ClientReadings, Recording, Samples

_SWAPS: Final = sys.byteorder == "big"
_PLAIN: Final = (
    "model_names", "route_kind", "target_shares", "kind_names", "kind_statuses", "open_model", "window_start_s",
    "window_end_s", "started_at", "offered_tps", "bytes_in", "bytes_out", "connects", "task_exceptions", "interrupted",
    "unprimed", "stretches", "complete", "epoch_s", "variant_names", "target_variants",
)  # fmt: skip


def packed(recording: Recording) -> bytes:
    """Return *recording* as bytes, about 27 a sample."""
    facts: dict[str, Any] = {name: _plain(getattr(recording, name)) for name in _PLAIN}
    facts["stages"] = [dataclasses.astuple(stage) for stage in recording.stages]
    facts["clients"] = [[client.cpu, client.judged] for client in recording.clients]
    facts["examples"] = {kind: dataclasses.astuple(each) for kind, each in recording.examples.items()}
    facts["route_examples"] = [[*pair, dataclasses.astuple(each)] for pair, each in recording.route_examples.items()]
    facts["aborted"] = None if recording.aborted is None else dataclasses.astuple(recording.aborted)
    columns = list(_columns(recording))
    facts["columns"] = [[column.typecode, len(column)] for column in columns]
    head = json.dumps(facts).encode()
    return b"\n".join((head, b"".join(map(_little_endian, columns))))


def unpacked(data: bytes) -> Recording:
    """Return the recording that `packed` made *data* of.

    Raises:
        ValueError: it is none.
    """
    try:
        return _unpacked(data)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"these bytes are no recording: {type(error).__name__}: {error}") from None


def _unpacked(data: bytes) -> Recording:
    head_length = data.index(b"\n")
    facts = json.loads(data[:head_length])
    rest = memoryview(data)[head_length + 1 :]
    columns: list[array[Any]] = []
    for typecode, count in facts["columns"]:
        column = array(typecode)
        size = column.itemsize * count
        if count < 0 or len(rest) < size:
            raise ValueError("its columns are cut short")
        column.frombytes(rest[:size])
        if _SWAPS:
            column.byteswap()
        columns.append(column)
        rest = rest[size:]
    if len(rest):
        raise ValueError("bytes are left over")
    taken = iter(columns)
    samples = Samples()
    for name in Samples.__slots__:
        column = next(taken)
        if column.typecode != getattr(samples, name).typecode:
            raise ValueError(f"the column {name} is of another type")
        setattr(samples, name, column)
    _check(samples, models=len(facts["model_names"]), kinds=len(facts["kind_names"]))
    unsent_due, unsent_model = next(taken), next(taken)
    clients = [ClientReadings(cpu, next(taken), next(taken), judged) for cpu, judged in facts["clients"]]
    return Recording(
        **{name: facts[name] for name in _PLAIN},
        samples=samples,
        clients=clients,
        unsent_due=unsent_due,
        unsent_model=unsent_model,
        stages=[StageSpan(*stage) for stage in facts["stages"]],
        examples={kind: _failure(each) for kind, each in facts["examples"].items()},
        route_examples=_route_examples(facts),
        aborted=Abort(*facts["aborted"]) if facts["aborted"] else None,
    )


def _failure(facts: Sequence[Any]) -> InvocationFailure:
    failure = InvocationFailure(*facts)
    if not (isinstance(failure.kind, str) and isinstance(failure.message, str)):
        raise TypeError("an example's kind and message are no texts")
    if any(type(status) not in (int, NoneType) for status in (failure.status, failure.original_status)):
        raise TypeError("an example's status is no number")
    return failure


def _route_examples(facts: Mapping[str, Any]) -> dict[tuple[int, str], InvocationFailure]:
    found = facts["route_examples"]
    if len(found) > MOST_ROUTE_EXAMPLES:
        raise ValueError(f"it has more than {MOST_ROUTE_EXAMPLES} examples by route")
    kinds = set(facts["kind_names"])
    for route, kind, _ in found:
        if type(route) is not int or not 0 <= route < len(facts["model_names"]) or kind not in kinds:
            raise ValueError("an example is of a model or error kind that has no name")
    return {(route, kind): _failure(each) for route, kind, each in found}


def _columns(recording: Recording) -> Iterator[array[Any]]:
    for name in Samples.__slots__:
        yield getattr(recording.samples, name)
    yield recording.unsent_due
    yield recording.unsent_model
    for client in recording.clients:
        yield client.loop_lag_s
        yield client.wake_lag_s


def _check(samples: Samples, *, models: int, kinds: int) -> None:
    """Raise where columns do not fit each other: whoever reads them takes that for granted."""
    rows = len(samples.end)
    if any(len(column) != rows for column in (samples.due, samples.start, samples.kind, samples.model)):
        raise ValueError("its columns are of different lengths")
    for index, *beside in (
        (samples.held_index, samples.held_free),
        (samples.late_index, samples.late_from, samples.late_to),
        (samples.variant_index, samples.variant_code),
    ):
        if any(len(column) != len(index) for column in beside) or max(index, default=-1) >= rows:
            raise ValueError("a sparse column does not fit its samples")
    if max(samples.model, default=-1) >= models or max(samples.kind, default=-1) >= kinds:
        raise ValueError("a sample is of a model or error kind that has no name")


def _little_endian(column: array[Any]) -> bytes:
    if _SWAPS:
        column = column[:]
        column.byteswap()
    return column.tobytes()


def _plain(value: object) -> object:
    """*value* as JSON has it; sequences of whatever kind come back as lists."""
    if isinstance(value, (str, Mapping)) or not hasattr(value, "__iter__"):
        return value
    return list(value)
