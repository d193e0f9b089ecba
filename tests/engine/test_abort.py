"""A load whose error rate stays too high ends early."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import pytest
from fakes import FakeTransport, run
from recordings import Row, recording

from pytest_smload.core.limits.aborted import abort_check
from pytest_smload.core.load.abort_rule import AbortRule
from pytest_smload.core.load.profile import check_load_fields
from pytest_smload.core.samples.recording import Abort, Samples
from pytest_smload.engine.abort import AbortWatch
from pytest_smload.engine.hooks import LoadHooks, Running


def add(samples: Samples, good: int, bad: int, *, took_s: float = 0.0, late_s: float = 0.0) -> None:
    """Append samples of which only kind and count matter, and where it is about latency what they took."""
    for kind in [0] * good + [1] * bad:
        samples.due.append(0)
        samples.start.append(late_s)
        samples.end.append(late_s + took_s)
        samples.kind.append(kind)
        samples.model.append(0)


@pytest.fixture
def samples() -> Samples:
    """Empty columns."""
    return Samples()


def test_the_whole_span_must_be_over(samples: Samples) -> None:
    """Errors end a load only once they have lasted."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=10), samples)
    outcomes = []
    for second in range(12):
        outcomes.append(watch.check(100.0 + second))
        add(samples, 0, 20)

    assert outcomes == [False] * 10 + [True] * 2
    assert watch.abort == Abort(error_rate=1.0, requests=200, span_s=10, limit=0.5)


def test_only_the_latest_span_counts(samples: Samples) -> None:
    """A bad beginning is forgotten, a good one excuses nothing."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=3), samples)
    outcomes = []
    for second in range(12):
        outcomes.append(watch.check(float(second)))
        add(samples, 20 if second < 5 else 0, 20 if second >= 5 else 0)

    # From second 5 on all fail: half of the last three seconds' requests have failed from second 7 on.
    assert outcomes.index(True) == 7


def test_few_requests_end_nothing(samples: Samples) -> None:
    """A rate over a handful of requests says nothing."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=1), samples)
    watch.check(0.0)
    add(samples, 0, 9)

    assert not watch.check(2.0)


def test_without_a_rule_nothing_ends(samples: Samples) -> None:
    """abort_on is asked for, never a default."""
    watch = AbortWatch(None, samples)
    add(samples, 0, 100)

    assert not watch.check(1e9)


P95 = AbortRule(error_rate=None, span_s=3, p95_ms=1000)


class Waiting:
    """A load in which so many requests have waited since its first second."""

    def __init__(self, count: int) -> None:
        self.begin_s = float("-inf")
        self._count = count

    def under_way(self, _now: float) -> Iterator[tuple[float, int]]:
        return iter([(1.0, 0)] * self._count)


def seconds(watch: AbortWatch, samples: Samples, *each: tuple[int, int, float]) -> list[bool]:
    """Look once a second while so many good and bad ones end, each having taken so long."""
    outcomes = []
    for second, (good, bad, took_s) in enumerate(each):
        outcomes.append(watch.check(float(second)))
        add(samples, good, bad, took_s=took_s)
    return [*outcomes, watch.check(float(len(each)))]


@pytest.mark.parametrize(("slow", "ends"), [((2, 2, 1), False), ((2, 2, 2), True), ((6, 0, 0), False)])
def test_latency_is_judged_by_nearest_rank(samples: Samples, slow: tuple[int, ...], ends: bool) -> None:
    """p95 of 100 is the 95th: five slower ones are within it, six are not; and in each third of the span as well."""
    watch = AbortWatch(P95, samples)
    outcomes = []
    for second, (count, late) in enumerate(zip((34, 33, 33), slow, strict=True)):
        outcomes.append(watch.check(float(second)))
        add(samples, count - late, 0, took_s=0.1)
        add(samples, late, 0, took_s=1.1)

    assert [False, False, False, ends] == [*outcomes, watch.check(3.0)]
    if ends:
        assert watch.abort == Abort(error_rate=0.0, requests=100, span_s=3, limit=0.0, p95_ms=1000)


def test_one_spell_is_not_all_of_the_span(samples: Samples) -> None:
    """Four seconds in which all is slow do not end a load that may be so for half a minute; ten and more may."""
    rule = AbortRule(error_rate=None, span_s=30, p95_ms=1000)
    outcomes = [
        seconds(
            AbortWatch(rule, own := Samples()),
            own,
            *[(50, 0, 5.0 if 40 <= second < 40 + slow else 0.1) for second in range(90)],
        )
        for slow in (4, 9, 30)
    ]

    assert [False, False, True] == [any(each) for each in outcomes]
    assert 60 < outcomes[2].index(True) < 70


@pytest.mark.parametrize(("count", "ends"), [(2, False), (3, True)])
def test_a_few_users_who_wait_in_vain_end_the_load(samples: Samples, count: int, ends: bool) -> None:
    """Three that have waited for the limit and the whole span, in which nothing ended: fewer may be slow answers."""
    watch = AbortWatch(P95, samples, Waiting(count))

    assert [False] * 7 + [ends] == [watch.check(now) for now in (1.0, 2.0, 3.0, 4.0, 5.0, 5.1, 5.2, 5.3)]
    if ends:
        assert watch.abort == Abort(error_rate=0.0, requests=count, span_s=3, limit=0.0, p95_ms=1000)


def test_a_client_that_has_not_read_yet_is_no_silence(samples: Samples) -> None:
    """It stood still for longer than the rule's span: what came meanwhile is there at the next look."""
    watch = AbortWatch(P95, samples, Waiting(3))

    assert not any(watch.check(now) for now in (1.0, 1.1, 9.0))
    add(samples, 3, 0)
    assert not any(watch.check(now) for now in (9.1, 9.2, 9.3))


def test_silence_is_said_to_have_ended_the_load() -> None:
    """Its check has no sample of the span, and fails all the same."""
    abort = Abort(error_rate=0.0, requests=3, span_s=2, limit=0.0, p95_ms=1000)
    check = abort_check(abort, recording([Row(100.0, 100.0, 100.01)], 100.0, 109.0))

    assert check.outcome == "fail"
    assert check.limit == "<= 1 s for 2s"
    assert "nothing was answered in its last 2s" in check.note


@pytest.mark.parametrize(("count", "ends"), [(71, False), (72, True)])
def test_a_percentile_of_few_requests_ends_nothing(samples: Samples, count: int, ends: bool) -> None:
    """It takes as many as any check of p95 does."""
    watch = AbortWatch(P95, samples)

    assert ends == seconds(watch, samples, (count, 0, 9.0), (0, 0, 0.0), (0, 0, 0.0))[-1]


def test_fast_failures_are_no_fast_answers(samples: Samples) -> None:
    """What failed within the limit says nothing of latency; what failed later stands above it."""
    watch = AbortWatch(P95, samples)

    assert not seconds(watch, samples, (0, 500, 0.1), (71, 0, 9.0), (0, 0, 0.0))[-1]
    add(samples, 0, 1, took_s=9.0)
    assert watch.check(4.0)


def test_what_waits_is_slow_before_it_ends(samples: Samples) -> None:
    """An endpoint that answers nothing any more is slow from the moment on that the limit has passed."""
    watch = AbortWatch(P95, samples, Waiting(72))

    assert [False, False, False] == seconds(watch, samples, (0, 0, 0.0), (0, 0, 0.0))
    assert watch.check(3.0)
    assert watch.abort == Abort(error_rate=0.0, requests=72, span_s=3, limit=0.0, p95_ms=1000)


def test_priming_is_cold_and_says_nothing_of_latency(samples: Samples) -> None:
    """Neither its answers nor its waiting ones count, nor a span that reaches into it."""
    watch = AbortWatch(P95, samples, course := Waiting(100))
    course.begin_s = float("inf")

    assert not any(seconds(watch, samples, *[(100, 0, 9.0)] * 6))
    course.begin_s = 6.0
    assert [False, False, True] == [watch.check(now) for now in (7.0, 9.9, 10.0)]


@pytest.mark.parametrize("load", [{"tps": 50}, {"users": 2}])
def test_a_slow_priming_ends_nothing(load: dict[str, int]) -> None:
    """Models that take longer to load than the rule's whole span are still primed."""
    transport = FakeTransport()
    transport.latency_of = lambda count: 0.4 if count <= 2 else 0.002
    rule = {"p95": "20ms", "for": "100ms"}
    models = {"a": 1, "b": 1}
    recording = run(transport, duration="300ms", warmup="100ms", prime=True, models=models, abort_on=rule, **load)

    assert recording.aborted is None
    assert len(recording.samples) > len(models)


@pytest.mark.parametrize("from_due", [False, True])
def test_latency_of_an_open_load_counts_from_the_due_time(samples: Samples, from_due: bool) -> None:
    """A request that was sent late is as slow as its user found it."""
    watch = AbortWatch(P95, samples, from_due=from_due)
    watch.check(0.0)
    add(samples, 100, 0, took_s=0.1, late_s=5.0)

    assert from_due == watch.check(3.0)


def test_nothing_counts_in_the_grace(samples: Samples) -> None:
    """The span begins when the grace is over, whatever came in it."""
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=2, grace_s=5), samples)
    bad = [(0, 100, 0.0)] * 5
    good = [(100, 0, 0.0)] * 6

    assert not any(seconds(watch, samples, *bad, *good))
    watch = AbortWatch(AbortRule(error_rate=0.5, span_s=2, grace_s=5), samples)
    outcomes = seconds(watch, samples, *[(0, 100, 0.0)] * 9)
    assert 7 == outcomes.index(True)


def test_either_ends_the_load(samples: Samples) -> None:
    """A rule with both asks for both to be kept."""
    rule = AbortRule(error_rate=0.5, span_s=1, p95_ms=1000)
    failing, slow = AbortWatch(rule, samples), AbortWatch(rule, other := Samples())

    assert seconds(failing, samples, (0, 100, 0.1))[-1]
    assert seconds(slow, other, (100, 0, 2.0))[-1]
    assert failing.abort is not None
    assert slow.abort is not None
    assert (None, 1000) == (failing.abort.p95_ms, slow.abort.p95_ms)


@pytest.mark.parametrize("load", [{"tps": 400}, {"users": 20}])
def test_a_slow_load_stops_and_its_check_says_so(load: dict[str, int]) -> None:
    """It ends long before its duration, and its check is one of p95, failing for what the last span was."""
    recording = run(FakeTransport(latency_s=0.08), duration="60s", abort_on={"p95": "40ms", "for": "500ms"}, **load)

    assert recording.aborted is not None
    assert recording.window_s < 30
    # The machine's own slowness is another test's.
    check = abort_check(recording.aborted, recording, judged=False)
    assert ("total", "p95", "<= 40 ms for 500ms", "abort_on", "fail") == (
        check.scope,
        check.metric,
        check.limit,
        check.source,
        check.outcome,
    )
    assert check.observed >= 80
    assert check.at_most == 40
    assert check.note.startswith("abort_on ended the load for the requests of its last 500ms")


def test_a_client_that_stood_still_is_not_the_endpoint() -> None:
    """Requests that were late to be sent, because the client was, end the load without a verdict on the endpoint."""
    rows = [Row(due=10 + n / 100, start=12.0, end=12.001) for n in range(200)]
    aborted = Abort(error_rate=0.0, requests=200, span_s=2.0, limit=0.0, p95_ms=500.0)
    late = recording(rows, 10.0, 12.1, lag_s=(0.0001, 2.0), aborted=aborted)

    assert "invalid" == abort_check(aborted, late).outcome
    assert "fail" == abort_check(aborted, late, judged=False).outcome


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"p99": "2s", "for": "30s"}, "abort_on: unknown key 'p99'; did you mean 'p95'?"),
        ({"p95": "2s", "fro": "30s"}, "abort_on: unknown key 'fro'; did you mean 'for'?"),
        ({"p95": "2s"}, "needs for, and error_rate or p95 or both"),
        ({"for": "30s", "grace": "1m"}, "needs for, and error_rate or p95 or both"),
        ({"p95": 2, "for": "30s"}, 'abort_on: p95: 2 needs a unit: write "2s" or "2ms"'),
        ({"p95": "0s", "for": "30s"}, "abort_on: p95: must be longer than 0s"),
        ({"p95": "2s", "for": "0s"}, "abort_on: for: must be longer than 0s"),
        ({"p95": "2s", "for": "30s", "grace": "x"}, "abort_on: grace: 'x' is not a duration"),
        ({"error_rate": 2, "for": "30s"}, "abort_on: error_rate: 2 is not a share above 0"),
        ("p95", "abort_on: 'p95' is not a rule such as"),
    ],
)
def test_mistakes_in_a_rule(rule: object, problem: str) -> None:
    """One line each, with the nearest key."""
    found = check_load_fields({"abort_on": rule})
    assert any(problem in each for each in found)
    assert not any("\n" in each for each in found)


def test_a_rule_is_read() -> None:
    """Shares and durations become numbers; what is not asked for is None."""
    written = {"error_rate": "50%", "p95": "2s", "for": "30s", "grace": "1m"}

    assert AbortRule(0.5, 30.0, 2000.0, 60.0) == AbortRule.of(written)
    assert AbortRule(None, 30.0, 2000.0) == AbortRule.of({"p95": "2s", "for": "30s"})


def test_the_load_stops() -> None:
    """The load ends long before its duration, and its recording says why."""
    transport = FakeTransport(outcome=lambda _sent: "ModelError")
    begin = perf_counter()
    recording = run(transport, users=2, duration="60s", abort_on={"error_rate": "50%", "for": "200ms"})

    assert recording.aborted is not None
    assert (recording.aborted.error_rate, recording.aborted.limit) == (1.0, 0.5)
    assert perf_counter() - begin < 30
    assert not recording.interrupted


def test_the_caller_calls_a_load_off() -> None:
    """It is asked again and again how far the load is, and ends it; the rest of the schedule is no gap in the mix."""
    asked: list[Running] = []

    def ends(running: Running) -> bool:
        asked.append(running)
        return running.sent >= 20

    recording = run(FakeTransport(), LoadHooks(ends_load=ends), tps=100, duration="60s")

    assert 20 <= len(recording.samples) < 200
    assert (False, None, False) == (recording.complete, recording.aborted, recording.interrupted)
    assert [each.sent for each in asked] == sorted(each.sent for each in asked)
    assert asked[-1].primed
    assert 0 <= asked[0].elapsed_s < asked[-1].elapsed_s


def test_what_is_sent_while_priming_is_told_apart() -> None:
    """A caller that limits the rate of a load leaves its priming alone."""
    asked: list[Running] = []
    run(
        FakeTransport(latency_s=0.2),
        LoadHooks(ends_load=lambda running: asked.append(running) or False),
        users=1,
        duration="300ms",
        warmup="100ms",
        prime=True,
    )

    assert {True, False} == {each.primed for each in asked}
    assert 1 == max(each.sent for each in asked if not each.primed)
