"""Ways in which latencies, failures and rates come about: the series that simulations of intervals are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import lfilter

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SPREAD = 0.5
SETTLING = {0.7: 4_000, 0.9: 8_000}
"""Customers a queue serves before it is looked at, tens of relaxation times."""


def independent(count: int, draw: Generator) -> Floats:
    """Return lognormal latencies, sigma 0.5."""
    return np.exp(SPREAD * draw.standard_normal(count))


def autoregressive(phi: float, count: int, draw: Generator) -> Floats:
    """Return lognormal latencies, sigma 0.5, half of the variance of their logarithm AR(1), half independent."""
    state, step = draw.standard_normal(), (1 - phi**2) ** 0.5
    series, _ = lfilter([step], [1, -phi], draw.standard_normal(count), zi=[phi * state])
    return np.exp(SPREAD * 0.5**0.5 * (series + draw.standard_normal(count)))


def queue(busy: float, count: int, draw: Generator) -> Floats:
    """Return the response times of a settled M/G/1 queue with lognormal service (sigma 0.5, mean 1): Lindley's rule."""
    customers = SETTLING[busy] + count
    service = np.exp(SPREAD * draw.standard_normal(customers) - SPREAD**2 / 2)
    walk = np.concatenate(([0.0], np.cumsum(service[:-1] - draw.exponential(1 / busy, customers - 1))))
    return (walk - np.minimum.accumulate(walk) + service)[SETTLING[busy] :]


def spells(count: int, draw: Generator) -> Floats:
    """Return latencies three times as long in spells of about 60 requests, 600 from one to the next."""
    return np.where(_in_spells(540, 60, count, draw), 3.0, 1.0) * np.exp(0.3 * draw.standard_normal(count))


def drift(count: int, draw: Generator) -> Floats:
    """Return latencies that rise by 30 % over the series."""
    return independent(count, draw) * (1 + 0.3 * np.arange(count) / count)


def pauses(count: int, draw: Generator) -> Floats:
    """Return latencies of an endpoint that stops for 20 requests' time once in every 1,000, wherever that begins."""
    place = (np.arange(count) + draw.integers(1_000)) % 1_000
    return independent(count, draw) + np.maximum(0, 20 - place)


def failures(length: int, count: int, draw: Generator) -> Floats:
    """Return 1 for the 1 % that fail, in runs of about *length*, and 0."""
    if length == 1:
        return (draw.random(count) < 0.01).astype(np.float64)
    return _in_spells(99 * length, length, count, draw).astype(np.float64)


def _in_spells(apart: float, length: float, count: int, draw: Generator) -> NDArray[np.bool_]:
    """Which requests are in spells of so many, so far apart, on average; it begins at any point of either."""
    pairs = 10 + int(4 * count / (apart + length))
    gaps, lengths = draw.exponential(apart, pairs), draw.exponential(length, pairs)
    if draw.random() < length / (apart + length):
        # Inside a spell at first: of exponential lengths, what is left of one is as long as a whole one.
        gaps[0] = 0.0
    begins = np.cumsum(gaps) + np.cumsum(lengths) - lengths
    ends = begins + lengths
    moments = np.arange(count)
    place = np.searchsorted(begins, moments, side="right") - 1
    inside: NDArray[np.bool_] = (place >= 0) & (moments < ends[np.maximum(place, 0)])
    return inside


@dataclass(frozen=True, slots=True)
class Process:
    """A way a series comes about; *settles* where a longer one shows the same."""

    name: str
    series: Callable[[int, Generator], Floats]
    settles: bool = True


LATENCIES = (
    Process("i.i.d.", independent),
    Process("AR(0.9)", partial(autoregressive, 0.9)),
    Process("AR(0.99)", partial(autoregressive, 0.99)),
    Process("M/G/1 70 %", partial(queue, 0.7)),
    Process("M/G/1 90 %", partial(queue, 0.9)),
    Process("on/off x 3", spells),
    Process("drift + 30 %", drift, settles=False),
    Process("pause each 1,000", pauses),
)
FAILURES = (
    Process("independent failures", partial(failures, 1)),
    Process("bursts of 20", partial(failures, 20)),
    Process("outages of 200", partial(failures, 200)),
)
