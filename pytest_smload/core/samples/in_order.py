"""A recording's samples in the order they were due (open model) or begun (closed model)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Floats, Integers, view


@dataclass(frozen=True, slots=True)
class InOrder:
    """Columns of `Samples`, sorted by *begin*.

    Attributes:
        begin: When each was due or begun: what its latency counts from.
        start, end, kind, model: As in `Samples`.
        first: Position of the first sample of the window; those before are warm-up.
    """

    begin: Floats
    start: Floats
    end: Floats
    kind: Integers
    model: Integers
    first: int


def in_order(recording: Recording) -> InOrder:
    """Return the samples of *recording* by their begin.

    In the order they ended, slow neighbours would be torn apart, and dependence be seen where there is none.
    """
    samples = recording.samples
    begins = view(samples.due if recording.open_model else samples.start)
    order = np.argsort(begins, kind="stable")
    begin = begins[order]
    return InOrder(
        begin=begin,
        start=view(samples.start)[order] if recording.open_model else begin,
        end=view(samples.end)[order],
        kind=view(samples.kind)[order],
        model=view(samples.model)[order],
        first=int(np.searchsorted(begin, recording.window_start_s)),
    )
