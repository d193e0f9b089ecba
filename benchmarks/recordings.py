"""Makes up recordings of loads that were never sent, from columns of times."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Column = NDArray[Any]


def recorded(
    due: Column,
    end: Column,
    *,
    window_s: float,
    start: Column | None = None,
    model: Column | None = None,
    models: Sequence[str] = (),
    late: Mapping[str, Column] | None = None,
    **facts: Any,
) -> Recording:
    """Return the recording of an open load over a window of *window_s* from 0 on, all of whose requests succeed.

    Args:
        due, end: When each request was due, and when it ended, in s.
        start: When each was sent; when it was due unless given.
        model: Index of each one's model among *models*, which share the load equally; without, there are none.
        late: Columns of samples read late, of the samples in the order they ended.
        facts: Of the recording, in place of what is made up.
    """
    order = np.argsort(end, kind="stable")
    samples = Samples()
    columns = {"due": due, "start": due if start is None else start, "end": end}
    columns["kind"] = np.zeros(len(due), np.uint8)
    columns["model"] = np.zeros(len(due), np.uint16) if model is None else model.astype(np.uint16)
    for name, column in columns.items():
        getattr(samples, name).frombytes(column[order].tobytes())
    for name, column in (late or {}).items():
        getattr(samples, name).frombytes(column.tobytes())
    made_up: dict[str, Any] = {
        "clients": (ClientReadings(0.1, array("d"), array("d")),),
        "offered_tps": len(due) / window_s,
        "complete": True,
    }
    return Recording(
        model_names=models or ("total",),
        route_kind="model" if models else None,
        target_shares=[1 / len(models)] * len(models) if models else (1.0,),
        kind_names=ErrorKinds().names,
        samples=samples,
        open_model=True,
        window_start_s=0.0,
        window_end_s=window_s,
        started_at="",
        **(made_up | facts),
    )
