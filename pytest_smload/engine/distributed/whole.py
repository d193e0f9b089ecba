"""Puts what the workers of a load recorded together, and says what of it cannot be trusted."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.generators import Generator, generator_of
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.distributed.followed import FollowedPart

MOST_MOVED_S = 0.25
"""Beyond what measuring a clock's offset may be wrong by: what runs true moves by 30 ms a minute at the very worst."""
_MOST_APART = 2
"""Arrivals dealt out in turn: one more or less in the window, and one in the warm-up before it."""


def joined(parts: Sequence[FollowedPart], *, interrupted: bool) -> Recording:
    """Return the recordings of *parts* as one, on this process's clock, with `Recording.lost` for what is missing.

    Args:
        interrupted: Whether Ctrl-C ended the load here.

    Raises:
        EndpointError: nothing was measured.
        KeyboardInterrupt: the same, after Ctrl-C here.
    """
    found = [(part, part.recording) for part in parts if part.recording is not None]
    lost = _lost(parts)
    if lost and not any(len(recording.samples) for _, recording in found):
        if interrupted:
            raise KeyboardInterrupt
        raise EndpointError(f"worker {'; worker '.join(lost)}; nothing was measured")
    from pytest_smload.core.samples.merge import merge

    recordings = [recording for _, recording in found]
    whole = merge(recordings, [part.clock.offset_s for part, _ in found])
    aborted = whole.aborted
    if aborted is not None and OK in whole.samples.kind:
        # What one of them gave up for was its own trouble: others were answered.
        name = next(part.worker.name for part, each in found if each.aborted is not None)
        lost.append(f"{name}: {aborted.reason}")
        aborted = None
    lost += [f"{part.worker.name}: it was interrupted there" for part in parts if part.left_early]
    generators = [_facts(part, recording, whole.window_start_s) for part, recording in found]
    lost += [*_clocks_that_moved(found), *_odd_counts(found, generators)]
    return dataclasses.replace(
        whole,
        aborted=aborted,
        interrupted=interrupted,
        complete=whole.complete and not lost,
        generators=generators,
        lost=lost,
    )


def _lost(parts: Sequence[FollowedPart]) -> list[str]:
    """Why parts are missing: those that ended for the others' sake are no reason where there is another."""
    of_own = [part for part in parts if part.lost and part.is_own_trouble]
    return [f"{part.worker.name}: {part.lost}" for part in of_own or parts if part.lost]


def _clocks_that_moved(found: Sequence[tuple[FollowedPart, Recording]]) -> Iterator[str]:
    for part, _ in found:
        moved_s = abs(part.clock.moved_s)
        if moved_s > MOST_MOVED_S + 2 * part.clock.uncertainty_s:
            yield (
                f"{part.worker.name}: its clock moved by {moved_s:.3g} s against the master's while the load ran, so "
                "that it sent at other times than the others"
            )


def _odd_counts(found: Sequence[tuple[FollowedPart, Recording]], generators: Sequence[Generator]) -> Iterator[str]:
    """Every worker has as many arrivals of a schedule that came to its end as any other, give or take one."""
    whole = [
        (each.sent + len(recording.unsent_due), part.worker.name)
        for (part, recording), each in zip(found, generators, strict=True)
        if recording.complete and not recording.task_exceptions
    ]
    if not whole:
        return
    usual = sorted(count for count, _ in whole)[len(whole) // 2]
    for count, name in whole:
        if abs(count - usual) > _MOST_APART:
            yield f"{name}: it handed over {count:,} requests of the window, others {usual:,}"


def _facts(part: FollowedPart, recording: Recording, window_start_s: float) -> Generator:
    worker, clock = part.worker, part.clock
    return generator_of(
        recording,
        window_start_s=window_start_s,
        host=worker.host,
        pid=worker.pid,
        stalled_share=ClientSlowness(recording).stalled_share,
        clock=clock,
    )
