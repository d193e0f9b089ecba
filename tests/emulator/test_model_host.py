"""Queues, memory and placement, on a clock that the tests set."""

from __future__ import annotations

from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.emulator.model_host import Instance, ModelHost, ModelMemory, WorkerQueue


def test_workers_without_limit_never_queue() -> None:
    """Every request begins on arrival."""
    queue = WorkerQueue(None, None)
    for _ in range(100):
        assert queue.start_at(5.0) == 5.0
        queue.occupy(5.0, 9.0)

    assert queue.busy_s == 400.0


def test_the_queue_is_first_in_first_out() -> None:
    """Two workers of 1 s each: four requests at once begin at 0, 0, 1 and 1 s."""
    queue = WorkerQueue(2, None)
    starts = []
    for _ in range(4):
        start = queue.start_at(0.0)
        assert start is not None
        queue.occupy(start, start + 1.0)
        starts.append(start)

    assert starts == [0.0, 0.0, 1.0, 1.0]
    assert queue.free_at == 2.0


def test_a_full_queue_refuses_until_one_has_begun() -> None:
    """One worker and one waiting: the third is refused, and accepted once the second has begun."""
    queue = WorkerQueue(1, 1)
    queue.occupy(0.0, 1.0)
    assert queue.start_at(0.1) == 1.0
    queue.occupy(1.0, 2.0)

    assert queue.start_at(0.2) is None
    assert queue.start_at(1.0) == 2.0


@settings(max_examples=50, deadline=None)
@given(
    workers=st.integers(1, 5),
    requests=st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 3)), min_size=1, max_size=60),
)
def test_never_more_at_once_than_workers(workers: int, requests: list[tuple[float, float]]) -> None:
    """Whatever arrives, no moment has more requests in processing than workers, and none waits beside a free worker."""
    queue = WorkerQueue(workers, None)
    now = 0.0
    spans: list[tuple[float, float]] = []
    for gap, service in requests:
        now += gap
        start = queue.start_at(now)
        assert start is not None
        assert sum(begin <= start < end for begin, end in spans) < workers
        waited_for = sum(end > now for _, end in spans)
        assert (start > now) == (waited_for >= workers)
        queue.occupy(start, start + service)
        spans.append((start, start + service))


def memory_of(slots: float | None) -> ModelMemory:
    """Return a memory for *slots* models of size 1; models named "big" take 2."""
    return ModelMemory(slots, lambda model: 2.0 if model == "big" else 1.0)


def test_the_least_recently_used_model_leaves() -> None:
    """With room for two, loading a third unloads the one not touched for longest."""
    memory = memory_of(2)
    memory.load("a", 0.0, 1.0)
    memory.load("b", 0.0, 1.0)
    memory.touch("a")

    assert memory.load("c", 5.0, 1.0) == 6.0
    assert (memory.ready_at("a"), memory.ready_at("b"), memory.ready_at("c")) == (1.0, None, 6.0)
    assert (memory.loads, memory.evictions, memory.used) == (3, 1, 2.0)


def test_a_large_model_makes_as_much_room_as_it_needs() -> None:
    """A model of size 2 unloads two of size 1."""
    memory = memory_of(3)
    for model in "abc":
        memory.load(model, 0.0, 0.0)
    memory.load("big", 1.0, 0.0)

    assert (memory.evictions, memory.used, memory.ready_at("c")) == (2, 3.0, 0.0)


def test_a_load_waits_for_a_victim_that_is_still_loading() -> None:
    """A model in the middle of its load cannot leave before it is there."""
    memory = memory_of(1)
    memory.load("a", 0.0, 3.0)

    assert memory.load("b", 1.0, 2.0) == 5.0


@settings(max_examples=50, deadline=None)
@given(slots=st.integers(1, 4), touches=st.lists(st.sampled_from("abcdef"), max_size=60))
def test_memory_is_a_plain_lru_cache(slots: int, touches: list[str]) -> None:
    """Hits and misses are those of an LRU cache with as many slots."""
    host = ModelHost([Instance(WorkerQueue(None, None), memory_of(slots))], 1.0)
    reference: OrderedDict[str, None] = OrderedDict()
    for now, model in enumerate(touches):
        loads = host.loads
        host.place(model, float(now), lambda: 0.0)
        assert (model not in reference) == (host.loads > loads)
        reference[model] = None
        reference.move_to_end(model)
        if len(reference) > slots:
            reference.popitem(last=False)


def two_instances(slots: float | None = None, workers: int | None = None) -> ModelHost:
    """Return two instances whose loads take 10 s."""
    return ModelHost([Instance(WorkerQueue(workers, None), memory_of(slots)) for _ in range(2)], 10.0)


def test_models_spread_over_instances_and_stay_where_they_are() -> None:
    """Cold models go where there is most room; a loaded one is found again."""
    host = two_instances()
    homes = [host.place(model, 0.0, lambda: 10.0)[0] for model in "abcd"]

    assert [instance.memory.used for instance in host.instances] == [2.0, 2.0]
    assert homes == [host.place(model, 20.0, lambda: pytest.fail("loaded twice"))[0] for model in "abcd"]


def test_a_second_request_waits_for_the_load_in_progress() -> None:
    """A model is loaded once for all that ask for it meanwhile."""
    host = two_instances()

    assert [host.place("a", now, lambda: 10.0)[1] for now in (0.0, 4.0)] == [10.0, 10.0]
    assert host.loads == 1


def test_a_long_queue_spills_over_to_another_instance() -> None:
    """Where the holder's queue is longer than a load, the model is loaded a second time."""
    host = two_instances(workers=1)
    first, _ = host.place("a", 0.0, lambda: 10.0)
    first.queue.occupy(10.0, 15.0)
    assert first is host.place("a", 10.0, lambda: 10.0)[0]
    first.queue.occupy(15.0, 30.0)

    second, ready_s = host.place("a", 11.0, lambda: 10.0)

    assert first is not second
    assert (ready_s, host.loads) == (21.0, 2)
