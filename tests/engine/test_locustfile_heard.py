"""What request events of a user's code become."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter, time
from typing import Any

import numpy as np
import pytest

from pytest_smload.core.samples.recording import MOST_ROUTE_EXAMPLES, TASKS
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


@pytest.mark.parametrize("start", [None, 12.0, "noon", 4e9])
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


@pytest.mark.parametrize("frames", [b"[]\n", b"{}\n", b"x\n", b'{"kind": "ready", "bytes": -1, "shape": null}\n',
                                    b'{"kind": "ready", "bytes": 0}\n', b'{"kind": "refused", "bytes": 0, "text": 3}\n',
                                    b'{"kind": "ready", "bytes": 0, "shape": null, "more": 1}\n', b"\x80\x04\x95\n",
                                    b"[" * 100_000 + b"\n"])  # fmt: skip
def test_what_is_no_frame_is_refused(frames: bytes) -> None:
    """What a process of a user's code says is data of known kinds, or nothing."""
    with pytest.raises(ValueError, match=r".+"):
        Frames().take(frames)


@pytest.mark.parametrize("time_ms", [-5, float("inf"), "5", True, 10**400, 1e300, 3_600_000])
def test_a_time_that_cannot_be_is_an_error(time_ms: object) -> None:
    """Of a negative one the percentiles would be too fast, one longer than the load would lie before its window."""
    one = Heard((), epoch_s=time() - perf_counter(), begun_s=perf_counter() - 10)
    one.request("GET", "/", time_ms, 0)
    assert "Untimed" == one.kinds.name(one.samples.kind[0])
    assert one.samples.end[0] == one.samples.start[0] == pytest.approx(perf_counter(), abs=0.1)


@pytest.mark.parametrize("time_ms", [5, Decimal(5), np.float32(5), np.int64(5)])
def test_any_number_is_a_time(time_ms: object) -> None:
    """Clients compute theirs with whatever they like."""
    one = heard()
    one.request("GET", "/", time_ms, 0)
    assert 0 == one.samples.kind[0]
    assert one.samples.end[0] - one.samples.start[0] == pytest.approx(0.005)


def test_names_are_fit_to_be_shown() -> None:
    """Nothing in them steers a terminal, cannot be written down, or is a credential; what looks alike is one name."""
    one = Heard(["T a  b"], epoch_s=0.0, words=OwnWords({"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG"}))
    for name in ("a\x00 \x1b[31mb\n", "a\ud800\u202e [31mb", "x" * 100_000, "k=wJalrXUtnFEMI/K7MDENG", "a\tb"):
        one.request("T", name, 1.0, 0)
    assert ["T a  b", "T a [31mb", f"T {'x' * 297}…", "T k=[redacted]"] == one.names
    assert [1, 1, 2, 3, 0] == list(one.samples.model)


def test_a_request_called_as_the_tasks_is_apart_from_them() -> None:
    """Its figures are a request's."""
    one = heard()
    one.request("", TASKS, 1.0, 0)
    one.task_failed(ValueError("v"), "U")
    assert [f"'{TASKS}'", TASKS] == one.names
    assert [0, 1] == list(one.samples.model)


class Hostile(Exception):  # noqa: N818 - the name is the point
    """False, and without a text."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise ValueError


def test_an_exception_is_a_failure_whatever_it_says_of_itself() -> None:
    """It would else be a fast success."""
    one = heard()
    one.request("GET", "/", 1.0, 0, exception=Hostile())
    assert "Hostile" == one.kinds.name(one.samples.kind[0])
    assert "(Hostile without a text)" == one.examples["Hostile"].message


def test_kinds_are_bounded() -> None:
    """An exception class made anew for each failure does not fill the memory with examples."""
    one = heard()
    for number in range(400):
        one.request("GET", "/", 1.0, 0, exception=type(f"E{number}", (Exception,), {})("m"))
    assert len(one.examples) <= 256
    assert "Other" in one.examples


def test_each_name_has_its_own_first_failure() -> None:
    """Of each kind; what a task raised is the tasks' own, and there are no more of them than are kept."""
    one = heard()
    for name in ("/a", "/b", "/a"):
        one.request("GET", name, 1.0, 0, exception=ValueError(f"of {name}, {len(one.samples)}"))
    one.task_failed(KeyError("k"), "MyUser")
    said = {(one.names[route], kind): each.message for (route, kind), each in one.route_examples.items()}
    assert "of /a, 0" in said["GET /a", "ValueError"]
    assert "of /b, 1" in said["GET /b", "ValueError"]
    assert "MyUser: KeyError: 'k'" == said[TASKS, "Task"]
    assert 3 == len(said)
    for number in range(MOST_ROUTE_EXAMPLES):
        one.request("GET", f"/{number}", 1.0, 0, exception=ValueError("m"))
    assert MOST_ROUTE_EXAMPLES == len(one.route_examples)


def test_who_did_not_end_in_time_is_the_tasks_example() -> None:
    """A user that waits for its answer is known by no request."""
    one = heard()
    one.stuck(1, not_before_s=0.0, now=1.0)
    ((pair, failure),) = one.route_examples.items()
    assert ((one.names.index(TASKS), "Timeout"), failure) == (pair, one.examples["Timeout"])
