"""A load of which nothing succeeds ends early, and its recording says with what it failed."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from fakes import FakeTransport, plan_of, run

from pytest_smload.core.limits.aborted import abort_check
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.engine import giving_up
from pytest_smload.engine.giving_up import GivingUp
from pytest_smload.engine.session import LoadSession


class Moments:
    """A session's samples and requests under way, at moments a test chooses."""

    def __init__(self) -> None:
        self.transport = FakeTransport()
        self.session = LoadSession(plan_of(users=1), self.transport, endpoint_name="fake", base_url="http://127.0.0.1")

    def failed(self, count: int, kind: str = "ModelError", start_s: float = 0.0) -> None:
        """Let *count* requests begun at *start_s* fail at once."""
        for _ in range(count):
            connection = self.transport.connection()
            connection.start = connection.end = start_s
            connection.failure = InvocationFailure(kind, "out of memory")
            code = self.transport.kinds.code(kind)
            self.session.record(connection, start_s, 0, code, self.session.plan.rows[0][0])

    def succeeded(self) -> None:
        """Let one request succeed."""
        connection = self.transport.connection()
        self.session.record(connection, 0.0, 0, 0, self.session.plan.rows[0][0])

    def under_way(self, start_s: float) -> None:
        """Let a request begun at *start_s* be under way."""
        connection = self.session.enter(object())
        connection.start, connection.end = start_s, start_s - 1


@pytest.fixture
def moments() -> Moments:
    """A load of which nothing has happened."""
    return Moments()


def test_twenty_failures_that_last_end_it(moments: Moments) -> None:
    """Kind, count and first message are in the reason."""
    watch = GivingUp(moments.session, when_all_fail=True)
    moments.failed(19)
    assert not watch.check(100.0)
    moments.failed(1, "ThrottlingException")
    assert watch.check(100.0)

    abort = watch.abort
    assert abort is not None
    assert (abort.kind, abort.requests, abort.error_rate) == ("ModelError", 20, 1.0)
    assert "none of the first 20 requests succeeded, 19 failed with ModelError: out of memory" in abort.reason
    assert "fake at http://127.0.0.1" in abort.reason


def test_a_blip_at_the_beginning_ends_nothing(moments: Moments) -> None:
    """Twenty failures in less than two seconds may be over soon."""
    watch = GivingUp(moments.session, when_all_fail=True)
    moments.failed(500)

    assert not watch.check(giving_up.LASTING_S - 0.01)
    assert watch.check(giving_up.LASTING_S + 0.01)


def test_a_slow_first_answer_may_be_a_success(moments: Moments) -> None:
    """An endpoint that rejects what it has no room for, at once, works on what it took: the first sent count."""
    watch = GivingUp(moments.session, when_all_fail=True)
    moments.under_way(0.0)
    moments.failed(500, start_s=0.1)

    assert not watch.check(100.0)


def test_one_success_settles_it(moments: Moments) -> None:
    """Whatever comes afterwards is the load's to measure."""
    watch = GivingUp(moments.session, when_all_fail=True)
    moments.succeeded()
    moments.failed(500)

    assert not watch.check(100.0)


def test_failures_a_test_allows_end_nothing(moments: Moments) -> None:
    """Only where the endpoint says that it stays so."""
    watch = GivingUp(moments.session, when_all_fail=False)
    moments.failed(500)

    assert not watch.check(100.0)


@pytest.mark.parametrize(
    ("kind", "message", "outcome"),
    [
        ("ValidationError", "Endpoint fake of account 111122223333 not found.", "fail"),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "invalid"),
        ("Client", "OSError: Network is unreachable", "invalid"),
    ],
)
def test_a_load_that_can_only_fail_ends_early(kind: str, message: str, outcome: str) -> None:
    """An endpoint that does not exist, and credentials that are refused, are one clear line after a few requests, which
    are in the recording."""
    transport = FakeTransport(outcome=lambda _sent: kind)
    transport.message = message
    begin = perf_counter()
    recording = run(transport, users=2, duration="60s")

    assert perf_counter() - begin < 30
    assert recording.aborted is not None
    assert f"every request fails with {kind}: {message.rstrip('.')}" in recording.aborted.reason
    assert measure(recording).errors == {kind: len(transport.log)}
    check = abort_check(recording.aborted, recording)
    assert (outcome, recording.aborted.reason) == (check.outcome, check.note)


@pytest.mark.parametrize("fields", [{"users": 2}, {"tps": 100}])
def test_what_was_sent_before_the_window_is_the_record(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A load given up while it warms up has its failures in its figures."""
    monkeypatch.setattr(giving_up, "LASTING_S", 0.1)
    transport = FakeTransport(outcome=lambda _sent: "ModelError")
    recording = run(transport, warmup="30s", duration="60s", prime=True, gives_up=True, **fields)

    assert recording.aborted is not None
    assert measure(recording).errors == {"ModelError": len(transport.log)}
    assert len(transport.log) >= giving_up.ENOUGH_FAILED


@pytest.mark.parametrize("fields", [{"users": 2, "wait": "10ms"}, {"tps": 100}])
def test_a_window_that_has_just_opened_hides_no_failure(
    fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load given up soon after its warm-up has the failures of both in its figures."""
    monkeypatch.setattr(giving_up, "LASTING_S", 0.35)
    transport = FakeTransport(outcome=lambda _sent: "ModelError")
    recording = run(transport, warmup="300ms", duration="60s", gives_up=True, **fields)

    assert recording.aborted is not None
    assert measure(recording).errors == {"ModelError": len(transport.log)}


def test_abort_on_says_when_failures_end_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that gives that rule has it applied, not ours."""
    monkeypatch.setattr(giving_up, "LASTING_S", 0.01)
    rule = {"error_rate": "50%", "for": "300ms"}
    recording = run(
        FakeTransport(outcome=lambda _sent: "ModelError"), users=2, duration="60s", abort_on=rule, gives_up=True
    )

    assert recording.aborted is not None
    assert (recording.aborted.reason, recording.aborted.span_s) == ("", 0.3)
