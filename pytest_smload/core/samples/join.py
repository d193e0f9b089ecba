"""Joins the stretches of an extended load into one recording, as if the load had never paused between them."""

from __future__ import annotations

import dataclasses
from array import array

import numpy as np

from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.statistics.columns import Floats, view


def join(first: Recording, second: Recording) -> Recording:
    """Return *first* continued by *second*, by the same generators in the same order.

    The second's clock is shifted so that its window begins where the first's ends. Requests drained after the first
    window then end inside the second, and stand for those that the second's ramp carried in; the ramp itself moves
    before the joined window, where it counts as warm-up.
    """
    shift_s = first.window_end_s - second.window_start_s
    samples, kinds = Samples(), ErrorKinds()
    samples.extend(first.samples, codes=kinds.codes(first.kind_names))
    samples.extend(second.samples, codes=kinds.codes(second.kind_names), shift_s=_shifts_s(first, second, shift_s))
    clients = [
        _joined_client(before, after, first.window_s, second.window_s)
        for before, after in zip(first.clients, second.clients, strict=True)
    ]
    return dataclasses.replace(
        first,
        kind_names=kinds.names,
        samples=samples,
        window_end_s=first.window_end_s + second.window_s,
        clients=clients,
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


def _shifts_s(first: Recording, second: Recording, shift_s: float) -> Floats:
    """The ramp's samples go before the joined window, in their order and with their lengths kept."""
    since_s = view(second.samples.due if first.open_model else second.samples.start)
    ramp_shift_s = first.window_start_s - second.window_end_s - second.window_s
    return np.where(since_s >= second.window_start_s, shift_s, ramp_shift_s)


def _joined_client(before: ClientReadings, after: ClientReadings, before_s: float, after_s: float) -> ClientReadings:
    """The readings of one generator over both stretches' windows, *before_s* and *after_s* long."""
    window_s = before_s + after_s
    cpu_s = before.cpu * before_s + after.cpu * after_s
    return ClientReadings(
        cpu=cpu_s / window_s if window_s > 0 else 0.0,
        loop_lag_s=before.loop_lag_s + after.loop_lag_s,
        wake_lag_s=before.wake_lag_s + after.wake_lag_s,
        judged=before.judged,
    )


def _joined_rate(first: Recording, second: Recording) -> float | None:
    window_s = first.window_s + second.window_s
    if first.offered_tps is None or second.offered_tps is None or window_s <= 0:
        return first.offered_tps
    return (first.offered_tps * first.window_s + second.offered_tps * second.window_s) / window_s
