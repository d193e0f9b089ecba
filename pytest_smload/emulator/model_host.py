"""Where an invocation runs and when it is done: instances, workers, queues and the models they hold in memory.

Everything is arithmetic on the times given; nothing here sleeps or reads a clock.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.emulator.count_history import CountHistory

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

    def resize(self, workers: int, queue_limit: int | None, now: float) -> None:
        """Have *workers* from *now* on; those that leave are the last to be free, and finish what they were given.

        Requests that were given a worker before keep their times.
        """
        self._queue_limit = queue_limit
        if self._free_at is None:
            return
        if workers < len(self._free_at):
            self._free_at = sorted(self._free_at)[:workers]  # sorted, a list is a heap
        for _ in range(workers - len(self._free_at)):
            heapq.heappush(self._free_at, now)

    def _waiting(self, now: float) -> int:
        # First in, first out: starts only grow, so those that have begun are at the left.
        while self._starts and self._starts[0] <= now:
            self._starts.popleft()
        return len(self._starts)


class Load(NamedTuple):
    """One load of a model, as an instance's memory notes it.

    Attributes:
        at: When it began, in seconds.
        ready_at: When the model was ready, in seconds.
        load_s: How long the load itself took.
        models: Models in memory with it.
        used: Room taken with it.
    """

    at: float
    ready_at: float
    load_s: float
    models: int
    used: float


class ModelMemory:
    """The models one instance holds; the least recently used leave when another needs the room.

    Args:
        capacity: Room, in the unit of sizes, or None for no limit.
        size_of: Gives the size of a model.

    Attributes:
        used: Room taken, in the same unit.
        loads: Loads begun so far.
        evictions: Models unloaded so far.
        history: Every load, in the order of their beginnings.
        capacity: Room, in the unit of sizes, or None for no limit.
    """

    __slots__ = ("_ready_at", "_size_of", "capacity", "evictions", "history", "loads", "used")

    def __init__(self, capacity: float | None, size_of: Callable[[str], float]) -> None:
        self.capacity = capacity
        self._size_of = size_of
        self._ready_at: OrderedDict[str, float] = OrderedDict()
        self.used = 0.0
        self.loads = 0
        self.evictions = 0
        self.history: list[Load] = []

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
        while self.capacity is not None and self._ready_at and self.used + size > self.capacity:
            victim, victim_ready_at = self._ready_at.popitem(last=False)
            self.used -= self._size_of(victim)
            self.evictions += 1
            begin = max(begin, victim_ready_at)
        self._ready_at[model] = begin + load_s
        self.used += size
        self.loads += 1
        self.history.append(Load(now, begin + load_s, load_s, len(self._ready_at), self.used))
        return begin + load_s


class Instance:
    """One machine: a worker queue and the models in its memory.

    Attributes:
        number: Its number among all that a host ever had.
        since: When it joined, in seconds; minus infinity for one there from the start.
        until: When it left, in seconds; infinity for one that is there.
    """

    __slots__ = ("memory", "number", "queue", "since", "until")

    def __init__(self, queue: WorkerQueue, memory: ModelMemory, number: int = 0, since: float = float("-inf")) -> None:
        self.queue = queue
        self.memory = memory
        self.number = number
        self.since = since
        self.until = float("inf")


class ModelHost:
    """The instances behind one endpoint.

    An invocation goes where it is expected to be answered first: to an instance that holds the model, unless its queue
    is longer than a load elsewhere takes; among equals to the one with the most room. AWS documents the same
    preference without its formula.

    Attributes:
        instances: Those that take requests.
        all_instances: Those that have left besides.
        counts: How many there were when.
        shares_queue: Whether one queue and one `Instance` stand for all of them.
    """

    shares_queue = False

    def __init__(
        self,
        instances: list[Instance],
        typical_load_s: float,
        new_instance: Callable[[int, float], Instance] | None = None,
    ) -> None:
        """
        Args:
            instances: Those it starts with.
            typical_load_s: What a load is expected to take, in seconds.
            new_instance: Makes one more, given its number and when it joins; without it the host cannot grow.
        """
        self.instances = instances
        self.all_instances = list(instances)
        self.counts = CountHistory(len(instances))
        self._typical_load_s = typical_load_s
        self._new_instance = new_instance

    def scale(self, count: int, now: float) -> None:
        """Have *count* instances for what arrives from *now* on; the newest leave first, and finish what they have."""
        while len(self.instances) > count:
            self.instances.pop().until = now
        while len(self.instances) < count and self._new_instance is not None:
            instance = self._new_instance(len(self.all_instances), now)
            self.instances.append(instance)
            self.all_instances.append(instance)
        self.counts.change(now, count)

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
        return sum(instance.queue.busy_s for instance in self.all_instances)

    @property
    def loads(self) -> int:
        """Model loads begun so far."""
        return sum(instance.memory.loads for instance in self.all_instances)

    @property
    def evictions(self) -> int:
        """Models unloaded so far."""
        return sum(instance.memory.evictions for instance in self.all_instances)


class SharedQueueHost(ModelHost):
    """Instances with nothing to load: any worker serves any model, so one queue stands before all of them.

    Args:
        workers: Of each instance, or None for no limit.
        queue_limit: Requests that may wait for each instance, or None for no limit.
        count: Instances it starts with.
    """

    shares_queue = True

    def __init__(self, workers: int | None, queue_limit: int | None, count: int) -> None:
        self._workers = workers
        self._limit = queue_limit
        queue = WorkerQueue(_times(workers, count), _times(queue_limit, count))
        super().__init__([Instance(queue, ModelMemory(None, lambda _: 0.0))], 0.0)
        self.counts = CountHistory(count)

    def scale(self, count: int, now: float) -> None:
        """Have *count* instances for what arrives from *now* on."""
        if self._workers is not None:
            self.instances[0].queue.resize(self._workers * count, _times(self._limit, count), now)
        self.counts.change(now, count)


def _times(number: int | None, count: int) -> int | None:
    return None if number is None else number * count
