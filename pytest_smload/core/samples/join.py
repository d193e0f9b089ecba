"""Joins the stretches of an extended load into one recording, as if the load had never paused between them."""

from __future__ import annotations

import dataclasses
from array import array

from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples


def join(first: Recording, second: Recording) -> Recording:
    """Return *first* continued by *second*.

    The second's clock is shifted so that its window begins where the first's ends. Requests drained after the first
    window then end inside the second, and stand for those that the second's ramp carried in; the ramp itself moves
    before the joined window, where it counts as warm-up.
    """
    shift_s = first.window_end_s - second.window_start_s
    return dataclasses.replace(
        first,
        kind_names=second.kind_names,
        samples=_joined_samples(first, second, shift_s),
        window_end_s=first.window_end_s + second.window_s,
        client=_joined_client(first, second),
        offered_tps=_joined_rate(first, second),
        unsent_due=first.unsent_due + array("d", [due + shift_s for due in second.unsent_due]),
        unsent_model=first.unsent_model + second.unsent_model,
        bytes_in=[before + after for before, after in zip(first.bytes_in, second.bytes_in, strict=True)],
        bytes_out=[before + after for before, after in zip(first.bytes_out, second.bytes_out, strict=True)],
        connects=first.connects + second.connects,
        examples={**second.examples, **first.examples},
        task_exceptions=[*first.task_exceptions, *second.task_exceptions],
        interrupted=second.interrupted,
        aborted=second.aborted,
        complete=first.complete and second.complete,
        stretch_begins=[*first.stretch_begins, *(len(first.samples) + begin for begin in second.stretch_begins)],
    )


def _joined_samples(first: Recording, second: Recording, shift_s: float) -> Samples:
    joined, later = Samples(), second.samples
    codes = {name: code for code, name in enumerate(second.kind_names)}
    same_codes = list(first.kind_names) == list(second.kind_names[: len(first.kind_names)])
    before = first.samples
    for name in ("due", "start", "end", "model"):
        getattr(joined, name).extend(getattr(before, name))
    joined.kind.extend(before.kind if same_codes else (codes[first.kind_names[code]] for code in before.kind))
    joined.held_index.extend(before.held_index)
    joined.held_free.extend(before.held_free)
    offset = len(before)
    shifts = array("d", [_shift(due if first.open_model else start, first, second, shift_s)
                         for due, start in zip(later.due, later.start, strict=True)])  # fmt: skip
    for name in ("due", "start", "end"):
        column = getattr(later, name)
        getattr(joined, name).extend(map(float.__add__, column, shifts))
    joined.kind.extend(later.kind)
    joined.model.extend(later.model)
    for index, free in zip(later.held_index, later.held_free, strict=True):
        joined.held_index.append(offset + index)
        joined.held_free.append(free + shifts[index])
    joined.late_index.extend(before.late_index)
    joined.late_from.extend(before.late_from)
    joined.late_to.extend(before.late_to)
    for index, from_s, to_s in zip(later.late_index, later.late_from, later.late_to, strict=True):
        joined.late_index.append(offset + index)
        joined.late_from.append(from_s + shifts[index])
        joined.late_to.append(to_s + shifts[index])
    return joined


def _shift(since_s: float, first: Recording, second: Recording, shift_s: float) -> float:
    """The ramp's samples go before the joined window, in their order and with their lengths kept."""
    if since_s >= second.window_start_s:
        return shift_s
    return first.window_start_s - second.window_end_s - second.window_s


def _joined_client(first: Recording, second: Recording) -> ClientReadings:
    window_s = first.window_s + second.window_s
    cpu_s = first.client.cpu * first.window_s + second.client.cpu * second.window_s
    return ClientReadings(
        cpu=cpu_s / window_s if window_s > 0 else 0.0,
        loop_lag_s=first.client.loop_lag_s + second.client.loop_lag_s,
        wake_lag_s=first.client.wake_lag_s + second.client.wake_lag_s,
        judged=first.client.judged,
    )


def _joined_rate(first: Recording, second: Recording) -> float | None:
    window_s = first.window_s + second.window_s
    if first.offered_tps is None or second.offered_tps is None or window_s <= 0:
        return first.offered_tps
    return (first.offered_tps * first.window_s + second.offered_tps * second.window_s) / window_s
