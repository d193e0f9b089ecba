"""Turns shares of the traffic into the sequence of models that requests go to, with exact counts.

Counts are exact integers throughout: shares become whole numbers w_i with the sum W, and a model's quota after t
choices is t * w_i / W. The j-th request of a model has the choices floor((j-1) * W / w_i) to ceil(j * W / w_i) for its
span; served inside it, each model's count stays less than 1 from its quota (a proportionate-fair schedule, Baruah et
al., Algorithmica 15, 1996). Serving the earliest deadline among the requests whose span has begun always succeeds, as
for any set of unit jobs on one machine that a fluid schedule could serve in time.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from itertools import chain, count, islice, repeat

import numpy as np
from numpy.typing import NDArray

from pytest_smload.core.load.streams import stream
from pytest_smload.errors import ConfigurationError

MAX_ROUTES = 65_535
BLOCK_CHOICES = 1_000
READY_CHOICES = 65_536
"""Choices kept ready ahead of a closed load: more than a second of the fastest one."""
PIECE_STEPS = 100
"""Elementary steps (one model looked at, one choice moved) between two places where building may pause."""

_RESOLUTION_BITS = 62
_INDEX_BITS = 16
_INDEX_MASK = (1 << _INDEX_BITS) - 1
# A heap entry is time << 16 | route: one integer, compared several times faster than a tuple.


def apportion(shares: Sequence[float], n: int) -> list[int]:
    """Return how many of *n* requests each model gets, by largest remainder; the sum is *n*, ties go to the first."""
    weights = _whole_weights(shares)
    total = sum(weights)
    quotas = [divmod(n * weight, total) for weight in weights]
    counts = [whole for whole, _ in quotas]
    by_remainder = sorted(range(len(counts)), key=lambda index: -quotas[index][1])
    for index in by_remainder[: n - sum(counts)]:
        counts[index] += 1
    return counts


def shuffled_schedule(shares: Sequence[float], n: int, seed: int) -> NDArray[np.uint16]:
    """Return the route index of each of *n* requests: exact counts over the whole, in a seeded shuffled order.

    Raises:
        ConfigurationError: more models than a schedule can tell apart.
    """
    counts = apportion(shares, n)
    in_turn = np.repeat(np.arange(len(counts), dtype=np.uint16), counts)
    return in_turn[np.argsort(stream("traffic", seed).random(n), kind="stable")]


def smooth_schedule(shares: Sequence[float], n: int) -> NDArray[np.uint16]:
    """Return the route index of each of *n* requests, evenly spread.

    After any number of them each model's count is less than 1 from its share.

    Raises:
        ConfigurationError: more models than a schedule can tell apart.
    """
    return np.fromiter(_smooth_choices(shares), np.uint16, count=n)


class TrafficBlocks:
    """An endless sequence of route indices for a closed load, built ahead of its use in small pieces.

    Use from one thread. A new object with the same arguments starts the same sequence again.

    Attributes:
        next: Call it for the next route index; builds on the spot only when nothing is ready.
    """

    __slots__ = ("_blocks_ahead", "_building", "_ready", "next")

    def __init__(self, building: Iterator[list[int] | None], block_choices: int) -> None:
        self._building = building
        self._ready: deque[list[int]] = deque()
        self._blocks_ahead = -(-READY_CHOICES // block_choices)
        # A chain's own __next__ hands out choices without running a line of Python for each.
        self.next: Callable[[], int] = chain.from_iterable(_served(self._ready, building)).__next__

    def prepare(self, budget_steps: int) -> bool:
        """Build for at most about *budget_steps* steps; return whether enough is ready.

        A choice costs up to 3 steps, so a caller that uses c choices between two calls keeps up with 3 * c.
        """
        for _ in range(max(1, budget_steps // PIECE_STEPS)):
            if len(self._ready) >= self._blocks_ahead:
                return True
            block = next(self._building)
            if block is not None:
                self._ready.append(block)
        return len(self._ready) >= self._blocks_ahead

    def prepare_all(self) -> None:
        """Build until enough is ready; call it before the load."""
        while not self.prepare(READY_CHOICES):
            pass


class ShuffledBlocks(TrafficBlocks):
    """Blocks of max(1,000, number of models) choices, each in a seeded shuffled order.

    Remainders are carried from block to block: at the end of any block each model's count over all blocks so far is
    less than 1 from its share.

    Raises:
        ConfigurationError: more models than a schedule can tell apart.
    """

    __slots__ = ()

    def __init__(self, shares: Sequence[float], seed: int) -> None:
        weights = _whole_weights(shares)
        block_choices = max(BLOCK_CHOICES, len(weights))
        draw = random.Random(f"traffic {seed}").random  # noqa: S311 - a reproducible sequence, nothing secret
        super().__init__(_shuffled_blocks(weights, block_choices, draw), block_choices)


class SmoothBlocks(TrafficBlocks):
    """The endless form of `smooth_schedule`.

    Raises:
        ConfigurationError: more models than a schedule can tell apart.
    """

    __slots__ = ()

    def __init__(self, shares: Sequence[float]) -> None:
        choices = _smooth_choices(shares)
        super().__init__((list(islice(choices, PIECE_STEPS)) for _ in repeat(None)), PIECE_STEPS)


def _whole_weights(shares: Sequence[float]) -> list[int]:
    if len(shares) > MAX_ROUTES:
        raise ConfigurationError(f"models: {len(shares):,} models are named; a load can have {MAX_ROUTES:,}")
    weights = [round(math.ldexp(share, _RESOLUTION_BITS)) for share in shares]
    if sum(weights) <= 0:
        raise ValueError("shares sum to 0")
    return weights


def _shuffle(values: MutableSequence[int], draw: Callable[[], float], start: int, stop: int) -> None:
    """Do the steps [start, stop) of a Fisher-Yates shuffle; over the whole length every order is equally likely.

    Not ``random.shuffle``: only ``random()`` is promised the same from one Python version to the next.
    """
    for last in range(start, stop):
        other = int(draw() * (last + 1))
        values[last], values[other] = values[other], values[last]


def _served(ready: deque[list[int]], building: Iterator[list[int] | None]) -> Iterator[list[int]]:
    while True:
        if ready:
            yield ready.popleft()
        else:
            block = next(building)
            if block is not None:
                yield block


def _smooth_choices(shares: Sequence[float]) -> Iterator[int]:
    """Yield the earliest deadline among the models whose next request has begun (ties: the first), in O(log models)."""
    weights = _whole_weights(shares)
    total = sum(weights)
    strides = [divmod(total, weight) if weight else (0, 0) for weight in weights]
    # ends[i] + rests[i] / weights[i] is where the span of model i's next request ends; sums, for division is slower.
    ends = [whole for whole, _ in strides]
    rests = [rest for _, rest in strides]
    begun = [ends[index] + (rests[index] > 0) << _INDEX_BITS | index for index, weight in enumerate(weights) if weight]
    heapify(begun)
    waiting: list[int] = []
    for now in count(1):
        index = begun[0] & _INDEX_MASK
        yield index
        begins = ends[index]
        stride, rest = strides[index]
        rest += rests[index]
        if rest >= weights[index]:
            rest -= weights[index]
            stride += 1
        rests[index] = rest
        ends[index] = begins + stride
        if begins <= now:
            heapreplace(begun, ends[index] + (rest > 0) << _INDEX_BITS | index)
        else:
            heappop(begun)
            heappush(waiting, begins << _INDEX_BITS | index)
        while waiting and waiting[0] >> _INDEX_BITS <= now:
            index = heappop(waiting) & _INDEX_MASK
            heappush(begun, ends[index] + (rests[index] > 0) << _INDEX_BITS | index)


def _shuffled_blocks(
    weights: Sequence[int], block_choices: int, draw: Callable[[], float]
) -> Iterator[list[int] | None]:
    """Yield blocks, and None wherever building may pause.

    A block holds every request due by its end that is not served yet, and is filled up with the earliest deadlines
    among the rest that have begun: the smooth order looked at only at block ends. What is due never exceeds a block: a
    later deadline was served early only once all earlier ones begun by then had been, and requests that both begin and
    fall due within a block are no more than its choices.
    """
    total = sum(weights)
    models = [index for index, weight in enumerate(weights) if weight]
    served = [0] * len(weights)
    deadlines = [-(-total // weight) if weight else 0 for weight in weights]
    for end in count(block_choices, block_choices):
        block: list[int] = []
        begun: list[int] = []
        for first in range(0, len(models), PIECE_STEPS):
            for index in models[first : first + PIECE_STEPS]:
                weight = weights[index]
                if deadlines[index] <= end:
                    due = end * weight // total
                    block.extend(repeat(index, due - served[index]))
                    served[index] = due
                    deadlines[index] = -(-(due + 1) * total // weight)
                if served[index] * total < end * weight:
                    heappush(begun, deadlines[index] << _INDEX_BITS | index)
            yield None
        while len(block) < block_choices:
            for _ in range(min(PIECE_STEPS, block_choices - len(block))):
                index = heappop(begun) & _INDEX_MASK
                block.append(index)
                served[index] += 1
                deadlines[index] = -(-(served[index] + 1) * total // weights[index])
            yield None
        for first in range(0, block_choices, PIECE_STEPS):
            _shuffle(block, draw, first, min(first + PIECE_STEPS, block_choices))
            yield None
        yield block
