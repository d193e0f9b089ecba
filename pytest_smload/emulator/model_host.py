"""Where an invocation runs and when it is done: instances, workers, queues and the models they hold in memory.

Everything is arithmetic on the times given; nothing here sleeps or reads a clock.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class WorkerQueue:
    """Workers that serve one first-in first-out queue.

    Args:
        workers: How many requests are processed at once, or None for no limit (then nothing ever waits).
        queue_limit: How many may wait, or None for no limit.

    Attributes:
        busy_s: Time the workers were given to requests so far, summed over workers, in seconds.
    """

    __slots__ = ("_free_at", "_queue_limit", "_starts", "busy_s")

    def __init__(self, workers: int | None, queue_limit: int | None) -> None:
        self._free_at: list[float] | None = None if workers is None else [0.0] * workers
        self._queue_limit = queue_limit
        self._starts: deque[float] = deque()
        self.busy_s = 0.0

    @property
    def free_at(self) -> float:
        """When the next worker is free, in seconds."""
        return 0.0 if self._free_at is None else self._free_at[0]

    def start_at(self, now: float) -> float | None:
        """Return when a request arriving *now* would begin, or None where the queue is full."""
        if self._free_at is None:
            return now
        start = max(now, self._free_at[0])
        if self._queue_limit is not None and start > now and self._waiting(now) >= self._queue_limit:
            return None
        return start

    def occupy(self, start: float, end: float) -> None:
        """Give the worker that is free first to a request from *start*, as `start_at` returned it, to *end*."""
        self.busy_s += end - start
        if self._free_at is not None:
            heapq.heapreplace(self._free_at, end)
            if self._queue_limit is not None:
                self._starts.append(start)

    def _waiting(self, now: float) -> int:
        # First in, first out: starts only grow, so those that have begun are at the left.
        while self._starts and self._starts[0] <= now:
            self._starts.popleft()
        return len(self._starts)


class ModelMemory:
    """The models one instance holds; the least recently used leave when another needs the room.

    Args:
        capacity: Room, in the unit of sizes, or None for no limit.
        size_of: Gives the size of a model.

    Attributes:
        used: Room taken, in the same unit.
        loads: Loads begun so far.
        evictions: Models unloaded so far.
    """

    __slots__ = ("_capacity", "_ready_at", "_size_of", "evictions", "loads", "used")

    def __init__(self, capacity: float | None, size_of: Callable[[str], float]) -> None:
        self._capacity = capacity
        self._size_of = size_of
        self._ready_at: OrderedDict[str, float] = OrderedDict()
        self.used = 0.0
        self.loads = 0
        self.evictions = 0

    def ready_at(self, model: str) -> float | None:
        """Return when *model* is (or was) ready, or None where it is not in memory."""
        return self._ready_at.get(model)

    def touch(self, model: str) -> None:
        """Mark *model* as the most recently used."""
        self._ready_at.move_to_end(model)

    def load(self, model: str, now: float, load_s: float) -> float:
        """Begin to load *model*, unloading others as needed, and return when it is ready, in seconds.

        A model that is itself still loading leaves only when it is ready, and the load waits for that.
        """
        size = self._size_of(model)
        begin = now
        while self._capacity is not None and self._ready_at and self.used + size > self._capacity:
            victim, victim_ready_at = self._ready_at.popitem(last=False)
            self.used -= self._size_of(victim)
            self.evictions += 1
            begin = max(begin, victim_ready_at)
        self._ready_at[model] = begin + load_s
        self.used += size
        self.loads += 1
        return begin + load_s


class Instance:
    """One machine: a worker queue and the models in its memory."""

    __slots__ = ("memory", "queue")

    def __init__(self, queue: WorkerQueue, memory: ModelMemory) -> None:
        self.queue = queue
        self.memory = memory


class ModelHost:
    """The instances behind one endpoint.

    An invocation goes where it is expected to be answered first: to an instance that holds the model, unless its queue
    is longer than a load elsewhere takes; among equals to the one with the most room. AWS documents the same
    preference without its formula.
    """

    def __init__(self, instances: list[Instance], typical_load_s: float) -> None:
        self.instances = instances
        self._typical_load_s = typical_load_s

    def place(self, model: str, now: float, load_s: Callable[[], float]) -> tuple[Instance, float]:
        """Choose the instance for an invocation of *model*, loading it where needed.

        Args:
            model: The target model.
            now: The arrival, in seconds.
            load_s: Draws the duration of a load; called only if one is needed.

        Returns:
            The instance, and when the model is ready there (not after *now* for a warm model), in seconds.
        """
        instance = self.instances[0] if len(self.instances) == 1 else self._first_to_answer(model, now)
        ready_at = instance.memory.ready_at(model)
        if ready_at is None:
            return instance, instance.memory.load(model, now, load_s())
        instance.memory.touch(model)
        return instance, ready_at

    def _first_to_answer(self, model: str, now: float) -> Instance:
        def expectation(instance: Instance) -> tuple[float, float]:
            ready_at = instance.memory.ready_at(model)
            if ready_at is None:
                ready_at = now + self._typical_load_s
            return max(now, ready_at, instance.queue.free_at), instance.memory.used

        return min(self.instances, key=expectation)

    @property
    def busy_s(self) -> float:
        """Time given to requests so far, summed over workers, in seconds."""
        return sum(instance.queue.busy_s for instance in self.instances)

    @property
    def loads(self) -> int:
        """Model loads begun so far."""
        return sum(instance.memory.loads for instance in self.instances)

    @property
    def evictions(self) -> int:
        """Models unloaded so far."""
        return sum(instance.memory.evictions for instance in self.instances)
