"""Makes recordings from rows that read like the facts they stand for."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples

KINDS = ("ok", "Timeout", "Unsent", "Connection", "BadResponse", "Client", "ModelError")
TIMEOUT, UNSENT, CONNECTION, CLIENT, MODEL_ERROR = 1, 2, 3, 5, 6
MODELS = ("a.tar.gz", "b.tar.gz", "c.tar.gz")


class Row(NamedTuple):
    """One sample; *free* is when its user became free, where that was after it was due."""

    due: float
    start: float
    end: float
    kind: int = 0
    model: int = 0
    free: float | None = None


def recording(
    rows: Sequence[Row],
    opens: float,
    closes: float,
    *,
    open_model: bool = True,
    multi_model: bool = True,
    unsent: Sequence[tuple[float, int]] = (),
    shares: Sequence[float] | None = None,
    lag_s: Sequence[float] = (0.0001,) * 100,
    cpu: float = 0.2,
    judged: bool = True,
    **facts: Any,
) -> Recording:
    """Return the recording of *rows* over the window [*opens*, *closes*)."""
    samples = Samples()
    for row in rows:
        if row.free is not None:
            samples.held_index.append(len(samples))
            samples.held_free.append(row.free)
        samples.due.append(row.due)
        samples.start.append(row.start)
        samples.end.append(row.end)
        samples.kind.append(row.kind)
        samples.model.append(row.model)
    names = MODELS[: len(shares)] if shares is not None else MODELS
    return Recording(
        model_names=names if multi_model else ("total",),
        route_kind="model" if multi_model else None,
        target_shares=shares or ([1 / len(names)] * len(names) if multi_model else [1.0]),
        kind_names=KINDS,
        samples=samples,
        open_model=open_model,
        window_start_s=opens,
        window_end_s=closes,
        clients=[ClientReadings(cpu, array("d", lag_s), array("d", lag_s), judged=judged)],
        started_at="2025-01-01T00:00:00+00:00",
        unsent_due=array("d", [due for due, _ in unsent]),
        unsent_model=array("H", [model for _, model in unsent]),
        **facts,
    )
