"""What an endpoint decides for an invocation and when it answers, on a clock that the tests set."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.emulator.endpoint import Endpoint
from pytest_smload.emulator.scenario import Scenario

if TYPE_CHECKING:
    from pytest_smload.emulator.faults import Fault
    from pytest_smload.emulator.model_host import Instance
    from pytest_smload.emulator.protocol import Answer


def endpoint(**keys: Any) -> Endpoint:
    """Return an endpoint for a scenario with these top-level keys."""
    return Endpoint(Scenario.model_validate(keys))


def answered(at: Endpoint, now_s: float, model: str = "m") -> tuple[float, str]:
    """Send a warm invocation through the endpoint; return when it is answered, and with what kind."""
    fault = at.strike(model, now_s)
    if fault is not None and fault.kind != "ModelError":
        due_s, rejection = at.rejection(fault, model, now_s)
        return round(due_s, 6), rejection.kind
    due_s, failure = processed(at, now_s, model, fault)
    return round(due_s, 6), "ok" if failure is None else failure.kind


def place(at: Endpoint, model: str, now_s: float) -> tuple[Instance, float, float]:
    """Place an invocation at the endpoint's only destination."""
    return at.place(at.fleet.destination({}), model, now_s)


def processed(
    at: Endpoint, now_s: float, model: str = "m", fault: Fault | None = None, name: str = "local"
) -> tuple[float, Answer | None]:
    """Let the endpoint's only destination process an invocation."""
    instance, ready_s, _ = place(at, model, now_s)
    row = at.log.begin(now_s, model)
    return at.process(row, at.fleet.destination({}), instance, name, model, ready_s, fault)


def body(answer: Answer | None) -> dict[str, Any]:
    """Return the members of an error."""
    assert answer is not None
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_it_saturates() -> None:
    """Two instances with one worker of 100 ms each: of four at once, two are answered 100 ms later than the others."""
    at = endpoint(latency="100ms", instances=2, workers=1)

    assert [answered(at, 0.0) for _ in range(4)] == [(0.1, "ok"), (0.1, "ok"), (0.2, "ok"), (0.2, "ok")]


def test_a_full_queue_is_service_unavailable_at_once() -> None:
    """With one processed and one waiting, the third is refused immediately."""
    at = endpoint(latency="100ms", workers=1, queue_limit=1)

    assert [answered(at, 0.0) for _ in range(3)] == [(0.1, "ok"), (0.2, "ok"), (0.0, "ServiceUnavailable")]


def test_a_model_timeout_leaves_the_worker_busy() -> None:
    """The runtime answers ModelError with original status 0 after its time-out; the container goes on to the end."""
    at = endpoint(latency="3s", workers=1, model_timeout="2s")
    instance = place(at, "m", 0.0)[0]
    due_s, failure = processed(at, 0.0)

    assert due_s == 2.0
    assert body(failure)["OriginalStatusCode"] == 0
    assert body(failure)["Message"].startswith(
        'Received server error (0) from primary with message "Your invocation timed out while waiting for a response '
        "from container primary."
    )
    assert instance.queue.start_at(2.5) == 3.0


def test_cold_loads() -> None:
    """The first invocation of a model waits for its load, a later one does not, and a long load has a limit."""
    at = endpoint(cold={"load_time": "5s", "load_timeout": "3s", "memory": 1})
    _, ready_s, give_up_s = place(at, "a", 10.0)
    assert (ready_s, give_up_s) == (15.0, 13.0)
    assert place(at, "a", 14.0)[1] == 15.0
    assert place(at, "a", 16.0)[1] == 16.0

    assert place(at, "b", 20.0)[1] == 25.0
    assert (at.summary(samples=False)["loads"], at.summary(samples=False)["evictions"]) == (2, 1)


def test_the_scenario_clock_starts_with_the_first_invocation() -> None:
    """A span at 10 s is ten seconds after the first invocation, whenever that was."""
    at = endpoint(latency="1s", faults=[{"kind": "ThrottlingException", "at": "10s", "for": "1s"}])

    assert [answered(at, now_s) for now_s in (1000.0, 1010.5, 1011.0)] == [
        (1001.0, "ok"),
        (1010.5, "ThrottlingException"),
        (1012.0, "ok"),
    ]


def test_an_invocation_received_before_the_clock_started_counts() -> None:
    """Where a later invocation is complete first, the earlier one is still met by its share of faults."""
    at = endpoint(
        latency="1s",
        faults=[{"kind": "ThrottlingException", "rate": 0.5}, {"kind": "slow", "rate": 0.5, "extra": "1s"}],
    )

    assert [answered(at, now_s) for now_s in (10.0, 9.999, 11.0)] == [
        (11.0, "ok"),
        (9.999, "ThrottlingException"),
        (13.0, "ok"),
    ]


def test_errors_and_answers_wait_for_the_end_of_a_freeze() -> None:
    """What is due inside a freeze comes after it, processing and errors alike."""
    at = endpoint(
        latency="1s",
        faults=[{"kind": "freeze", "at": "5s", "for": "2s"}, {"kind": "503", "at": "6s", "for": "1s"}],
    )

    assert [answered(at, now_s) for now_s in (0.0, 4.5, 6.5)] == [(1.0, "ok"), (7.5, "ok"), (7.0, "503")]


def test_a_model_error_takes_the_models_time() -> None:
    """A ModelError fault is the model's own failure: it is processed, and says the container's status and text."""
    faults = [{"kind": "ModelError", "rate": 1.0, "original_status": 400, "message": "bad row"}]
    at = endpoint(latency="1s", faults=faults)
    fault = at.strike("m", 0.0)
    due_s, failure = processed(at, 0.0, "m", fault, "abalone")

    assert due_s == 1.0
    assert body(failure) == {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
        "LogStreamArn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/abalone",
        "Message": 'Received client error (400) from primary with message "bad row". See https://us-east-1.console.aws.'
        "amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/abalone in account "
        "123456789012 for more information.",
        "OriginalMessage": "bad row",
        "OriginalStatusCode": 400,
    }


@pytest.mark.parametrize(
    ("keys", "name", "model", "headers", "text"),
    [
        ({"endpoint": "a"}, "b", "m", {}, "Endpoint b of account 123456789012 not found."),
        ({"multi_model": True}, "a", "", {}, "Request r-1 is missing a target model header"),
        (
            {"multi_model": False},
            "a",
            "m",
            {},
            "Endpoint a is not a multi-model endpoint and does not support target model header.",
        ),
        ({"models": ["x"]}, "a", "m", {}, "Failed to download model data(bucket: smload-emulator, key: m)."),
        ({}, "a", "m", {b"x-amzn-sagemaker-target-variant": b"v"}, "Variant v not found for endpoint a."),
        (
            {},
            "a",
            "m",
            {b"x-amzn-sagemaker-inference-id": b"i" * 65},
            "Value at 'inferenceId' failed to satisfy constraint: Member must have length less than or equal to 64",
        ),
    ],
)
def test_requests_that_do_not_fit(
    keys: dict[str, Any], name: str, model: str, headers: dict[bytes, bytes], text: str
) -> None:
    """A request that does not fit the endpoint is a ValidationError with AWS's text."""
    answer = endpoint(**keys).refusal(name, model, headers, "r-1")

    assert answer is not None
    assert (answer.status, answer.kind) == (400, "ValidationError")
    assert text in body(answer)["Message"]


def test_variants_are_drawn_by_weight() -> None:
    """Without a target variant 3:1 weights are seen as such; a target variant is obeyed."""
    at = endpoint(variants={"blue": 3, "green": 1})
    drawn = Counter(at.fleet.destination({}).variant for _ in range(1000))

    assert {"blue", "green"} == set(drawn)
    assert 700 < drawn["blue"] < 800
    headers = {b"x-amzn-sagemaker-target-variant": b"green"}
    assert variant(at.success(at.fleet.destination(headers), headers, b"")) == "green"


def variant(answer: Answer) -> str:
    """Return the variant an answer names."""
    return dict(answer.headers)[b"x-amzn-invoked-production-variant"].decode()


def test_the_same_seed_draws_the_same() -> None:
    """Two endpoints of one scenario answer the same invocations at the same times."""
    first, second = (endpoint(seed=3), endpoint(seed=3))

    assert [answered(first, 0.0) for _ in range(20)] == [answered(second, 0.0) for _ in range(20)]
    assert [answered(endpoint(seed=4), 0.0)] != [answered(endpoint(seed=3), 0.0)]


def test_busy_share_is_of_all_workers() -> None:
    """One of two workers busy all the time is a share of a half."""
    at = endpoint(latency="1s", workers=2)
    row = at.log.begin(0.0, "m")
    due_s, _ = answered(at, 0.0)
    at.log.end(row, due_s, "ok")

    assert at.summary(samples=False)["busy_share"] == 0.5
    assert endpoint().summary(samples=False)["busy_share"] is None
