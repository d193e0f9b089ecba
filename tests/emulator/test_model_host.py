"""Queues, memory and placement, on a clock that the tests set."""

from __future__ import annotations

from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.emulator.count_history import CountHistory
from pytest_smload.emulator.model_host import Instance, ModelHost, ModelMemory, SharedQueueHost, WorkerQueue


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


def test_a_new_instance_takes_what_arrives_later() -> None:
    """Requests that queue before a second instance joins keep their times; those after it find a free worker."""
    host = SharedQueueHost(1, None, 1)
    queue = host.instances[0].queue
    for _ in range(3):
        start = queue.start_at(0.0)
        assert start is not None
        queue.occupy(start, start + 10.0)
    host.scale(2, 1.0)
    starts = []
    for now in (2.0, 3.0):
        start = queue.start_at(now)
        assert start is not None
        queue.occupy(start, start + 10.0)
        starts.append(start)

    assert starts == [2.0, 12.0]
    assert host.busy_s == 50.0


def test_an_instance_that_leaves_finishes_what_it_has() -> None:
    """Scaled in to one, the worker that would have been free last is gone, and its request still counts."""
    host = SharedQueueHost(1, None, 2)
    queue = host.instances[0].queue
    queue.occupy(0.0, 10.0)
    queue.occupy(0.0, 4.0)
    host.scale(1, 1.0)

    assert queue.start_at(2.0) == 4.0
    assert host.busy_s == 14.0


def test_queue_limits_grow_with_the_instances() -> None:
    """A queue limit is for each instance."""
    host = SharedQueueHost(1, 1, 1)
    queue = host.instances[0].queue
    queue.occupy(0.0, 10.0)
    queue.occupy(10.0, 20.0)
    assert queue.start_at(1.0) is None
    host.scale(2, 2.0)

    assert queue.start_at(2.0) == 2.0


def test_workers_without_limit_can_be_scaled() -> None:
    """With unlimited workers nothing queues, however many instances there are."""
    host = SharedQueueHost(None, None, 1)
    host.scale(3, 1.0)

    assert (host.counts.latest, host.instances[0].queue.start_at(5.0)) == (3, 5.0)


def test_a_new_instance_of_a_multi_model_endpoint_is_cold() -> None:
    """It has no model yet; the newest leaves first, and its loads still count."""

    def new_instance(number: int, since: float) -> Instance:
        return Instance(WorkerQueue(1, None), ModelMemory(None, lambda _: 1.0), number, since)

    host = ModelHost([new_instance(0, 0.0)], 1.0, new_instance)
    host.place("a", 0.0, lambda: 1.0)
    host.instances[0].queue.occupy(1.0, 100.0)
    host.scale(2, 5.0)
    instance, ready_at = host.place("a", 6.0, lambda: 1.0)
    host.scale(1, 10.0)

    assert (instance.number, instance.since, instance.until, ready_at) == (1, 5.0, 10.0, 7.0)
    assert (host.loads, len(host.instances)) == (2, 1)
    assert host.place("a", 11.0, lambda: 1.0)[0].number == 0


def test_counts_by_time() -> None:
    """A history knows how many there were when, and their sum over time."""
    history = CountHistory(1)
    history.change(10.0, 3)
    history.change(20.0, 2)

    assert [history.at(t) for t in (-1.0, 9.9, 10.0, 20.0)] == [1, 1, 3, 2]
    assert history.latest == 2
    assert history.integral_s(5.0, 25.0) == 5.0 + 30.0 + 10.0
