"""What the client itself knows of the requests of a span, to hold CloudWatch's figures against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.statistics.columns import Flags

_OF_THE_MODEL = frozenset({"ok", "ModelError"})
"""What only a request can end in that has reached the model: of all others nobody can tell whether it was counted."""


@dataclass(frozen=True, slots=True)
class Account:
    """The requests begun in a span.

    Attributes:
        sent: How many.
        answered: How many of them the model has answered, with an error of its own or not.
        at_edges: How many, of these and of others, were under way when the span began or ended, and may be counted on
            either side.
        lost: How many ended without the endpoint's answer: timed out, or their connection broke.
        service_mean_ms: Mean time from send to answer of those the model answered in the span, begun before it or not;
            NaN without one.
        begun_mean_ms: The same of those begun in the span, whenever they were answered.
        within: How many the model has answered in the very period they were begun in, by period of the span.
    """

    sent: int
    answered: int
    at_edges: int
    lost: int
    service_mean_ms: float = nan
    begun_mean_ms: float = nan
    within: tuple[int, ...] = ()


def account_of(recording: Recording, begin_s: float, end_s: float, *, period_s: float) -> Account:
    """Return the account of the requests *recording* began from *begin_s* to *end_s*, on the samples' clock.

    Args:
        period_s: Of CloudWatch's periods, which divide the span.
    """
    import numpy as np

    from pytest_smload.core.statistics.columns import mean, view

    samples = recording.samples
    start, end, kind = view(samples.start), view(samples.end), view(samples.kind)
    inside = (start >= begin_s) & (start < end_s)
    of_the_model = np.isin(kind, _codes(recording, _OF_THE_MODEL))
    answered = inside & of_the_model
    in_span = of_the_model & (end >= begin_s) & (end < end_s)
    lost = inside & np.isin(kind, _codes(recording, ("Timeout", "Connection", "BadResponse")))
    periods = round((end_s - begin_s) / period_s)
    first, last = (np.floor((each - begin_s) / period_s) for each in (start, end))
    within = np.bincount(first[answered & (first == last)].astype(np.intp), minlength=periods)[:periods]
    at_edges = ((start < begin_s) & (end >= begin_s)) | ((start < end_s) & (end >= end_s))

    def mean_ms(which: Flags) -> float:
        took_s = (end - start)[which]
        return mean(took_s) * 1000 if len(took_s) else nan

    return Account(
        sent=int(np.count_nonzero(inside)),
        answered=int(np.count_nonzero(answered)),
        at_edges=int(np.count_nonzero(at_edges)),
        lost=int(np.count_nonzero(lost)),
        service_mean_ms=mean_ms(in_span),
        begun_mean_ms=mean_ms(answered),
        within=tuple(map(int, within)),
    )


def answered_by_model(recording: Recording) -> int:
    """Return how many requests of *recording*, warm-up included, the model has answered."""
    kinds = recording.samples.kind
    return sum(kinds.count(code) for code in _codes(recording, _OF_THE_MODEL))


def _codes(recording: Recording, names: Iterable[str]) -> list[int]:
    wanted = frozenset(names)
    return [code for code, name in enumerate(recording.kind_names) if name in wanted]
