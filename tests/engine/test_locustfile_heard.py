"""What request events of a user's code become."""

from __future__ import annotations

from time import perf_counter, time
from typing import Any

import pytest

from pytest_smload.core.samples.recording import TASKS
from pytest_smload.engine.locustfile.failures import failure_of
from pytest_smload.engine.locustfile.frames import Frames, frame
from pytest_smload.engine.locustfile.heard import MOST_NAMES, Heard
from pytest_smload.engine.locustfile.own_words import OwnWords


def heard(*names: str) -> Heard:
    """One that has heard nothing."""
    return Heard(names, epoch_s=time() - perf_counter())


@pytest.mark.parametrize("clock", [time, perf_counter])
def test_a_sample_has_the_times_of_its_event(clock: Any) -> None:
    """It began at ``start_time``, of either clock, and ended the response time later, not when it was told."""
    one, start, now = heard(), clock() - 0.5, perf_counter()
    assert one.request("GET", "/", 300.0, 7, start_time=start)
    assert one.samples.start[0] == pytest.approx(now - 0.5, abs=0.05)
    assert one.samples.end[0] - one.samples.start[0] == pytest.approx(0.3)
    assert (["GET /"], [7]) == (one.names, list(one.lengths))


@pytest.mark.parametrize("start", [None, 12.0, "noon", time() + 1e6])
def test_a_start_of_no_known_clock_is_not_believed(start: object) -> None:
    """Then the request ended when the event was fired."""
    one = heard()
    one.request("GET", "/", 300.0, 0, start_time=start)
    assert one.samples.end[0] == pytest.approx(perf_counter(), abs=0.1)
    assert one.samples.end[0] - one.samples.start[0] == pytest.approx(0.3)


@pytest.mark.parametrize("time_ms", [None, float("nan"), "fast"])
def test_a_success_without_a_time_is_an_error(time_ms: object) -> None:
    """It would else be the fastest of all."""
    one = heard()
    one.request("GET", "/", time_ms, 0)
    assert "Untimed" == one.kinds.name(one.samples.kind[0])


def test_what_begins_after_the_window_is_in_no_sample() -> None:
    """One that ended after it and began in it is."""
    one = heard()
    one.window_end_s = perf_counter() - 0.1
    assert one.request("GET", "/", 300.0, 0)
    assert not one.request("GET", "/", 10.0, 0)
    assert (1, 1) == (len(one.samples), one.beyond)


def test_an_exception_is_one_error_however_often_it_is_told() -> None:
    """A task that raises what its event has told of already fails once; another exception is an error of kind Task."""
    one, error = heard(), ValueError("boo")
    one.request("GET", "/", 1.0, 0, exception=error)
    one.task_failed(error, "MyUser")
    one.task_failed(KeyError("k"), "MyUser")
    assert ["ValueError", "Task"] == [one.kinds.name(kind) for kind in one.samples.kind]
    assert ["GET /", TASKS] == [one.names[route] for route in one.samples.model]
    assert "MyUser: KeyError: 'k'" == one.examples["Task"].message


def test_limited_names_are_there_without_a_request() -> None:
    """So that a limit on a misspelt one is INVALID rather than never checked."""
    assert ["GET /a", "GET /b"] == heard("GET /a", "GET /b").names


def test_names_are_bounded() -> None:
    """An id in the name makes as many as there are requests; those beyond the bound are counted together."""
    one = heard()
    for number in range(MOST_NAMES + 5):
        one.request("GET", f"/{number}", 1.0, 0)
    assert (MOST_NAMES + 1, "Other") == (len(one.names), one.names[-1])
    assert 5 == sum(route == MOST_NAMES for route in one.samples.model)
    assert one.notes


class ReadTimeoutError(Exception):
    """As botocore and urllib3 have one."""


class EndpointConnectionError(Exception):
    """As botocore has one."""


class Unsent(Exception):  # noqa: N818 - the name is the point
    """A name that only our own samples may have."""


class ClientError(Exception):
    """As botocore has one."""

    response = {  # noqa: RUF012 - as botocore's
        "Error": {"Code": "ModelError", "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": 424},
        "OriginalStatusCode": 500,
    }


class Answer:
    """As requests has one."""

    status_code = 503


class HTTPError(Exception):
    """As requests has one."""

    response = Answer()


@pytest.mark.parametrize(
    ("exception", "kind", "status"),
    [
        (ClientError("An error occurred"), "ModelError", 424),
        (HTTPError("503 Server Error"), "HTTPError", 503),
        (ReadTimeoutError("late"), "Timeout", None),
        (TimeoutError(), "Timeout", None),
        (EndpointConnectionError("no"), "Connection", None),
        (ConnectionRefusedError("no"), "Connection", None),
        (Unsent("mine"), "Failure", None),
        ("just text", "Failure", None),
        (ValueError("x" * 5000), "ValueError", None),
    ],
)
def test_failures_are_named_as_elsewhere(exception: object, kind: str, status: int | None) -> None:
    """AWS's code, our words for what any client has, else the type; a message of one bounded line."""
    failure = failure_of(exception, OwnWords({}))
    assert (kind, status) == (failure.kind, failure.status)
    assert failure.message
    assert len(failure.message) <= 300
    assert "\n" not in failure.message


def test_frames_are_put_together_from_any_pieces() -> None:
    """Content with newlines in it stays whole."""
    whole = frame("recorded", b"x\ny\n", notes=["n"]) + frame("ready", shape=None)
    frames = Frames()
    found = [each for place in range(len(whole)) for each in frames.take(whole[place : place + 1])]
    assert [("recorded", {"notes": ["n"]}, b"x\ny\n"), ("ready", {"shape": None}, b"")] == found
