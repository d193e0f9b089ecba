"""What CloudWatch is asked for, and what its pages say together, through botocore's own client."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import repeat
from math import inf, nan
from typing import Any

import pytest
from botocore.stub import Stubber

from pytest_smload.aws.cloudwatch import MOST_QUERIES, ask, requests
from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
from pytest_smload.aws.endpoint import local_target
from pytest_smload.core.server.resolution import Span
from pytest_smload.core.server.series import Point, Series

BEGIN = 1_790_000_040
SPAN = Span(BEGIN, BEGIN + 120)
INVOCATIONS = Series("AllTraffic", "AWS/SageMaker", "Invocations", "Sum", 60)
P95 = Series("AllTraffic", "AWS/SageMaker", "ModelLatency", "p95", 120)


def at(second: int) -> datetime:
    return datetime.fromtimestamp(BEGIN + second, UTC)


def result(place: int, *points: tuple[int, float], status: str = "Complete") -> dict[str, Any]:
    return {
        "Id": f"q{place}",
        "Label": "x",
        "Timestamps": [at(second) for second, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": status,
    }


@pytest.fixture
def plane() -> Any:
    """A control plane nobody answers for."""
    target = local_target(
        "http://127.0.0.1:9", access_key="a", secret_key="b", endpoint_name="abalone", region="us-east-1"
    )
    made = ControlPlane(target)
    yield made
    made.close()


@pytest.fixture
def stub(plane: ControlPlane) -> Any:
    """botocore's client, answering what it is told."""
    with Stubber(plane._client("cloudwatch")) as stubber:
        yield stubber


def test_the_question():
    """Each series by its endpoint and variant, in its own period; the window as whole periods in UTC."""
    (question,) = requests("abalone", [INVOCATIONS, P95], SPAN)

    assert (at(0), at(120), "TimestampAscending") == (
        question["StartTime"],
        question["EndTime"],
        question["ScanBy"],
    )
    first, second = question["MetricDataQueries"]
    assert first == {
        "Id": "q0",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/SageMaker",
                "MetricName": "Invocations",
                "Dimensions": [
                    {"Name": "EndpointName", "Value": "abalone"},
                    {"Name": "VariantName", "Value": "AllTraffic"},
                ],
            },
            "Period": 60,
            "Stat": "Sum",
        },
        "ReturnData": True,
    }
    assert ("q1", 120, "p95") == (second["Id"], second["MetricStat"]["Period"], second["MetricStat"]["Stat"])


def test_five_hundred_queries_at_most():
    """More are more questions, their Ids going on."""
    many = [Series(f"v{number}", "N", "M", "Sum", 60) for number in range(MOST_QUERIES + 1)]

    sizes = [
        (len(question["MetricDataQueries"]), question["MetricDataQueries"][-1]["Id"])
        for question in requests("abalone", many, SPAN)
    ]

    assert [(500, "q499"), (1, "q500")] == sizes


def test_nothing_wanted_is_not_asked(plane):
    """No call is made."""
    assert ({}, []) == (ask(plane, [], SPAN), plane.calls)


def test_pages_are_put_together_by_id(plane, stub):
    """A series goes on under its Id on the next page; botocore would keep one of the two."""
    stub.add_response(
        "get_metric_data",
        {"MetricDataResults": [result(0, (0, 5.0), status="PartialData")], "NextToken": "more"},
    )
    stub.add_response("get_metric_data", {"MetricDataResults": [result(1, (0, 93.8)), result(0, (60, 7.0))]})

    found = ask(plane, [INVOCATIONS, P95], SPAN)

    assert {
        INVOCATIONS: (Point(BEGIN, 5.0), Point(BEGIN + 60, 7.0)),
        P95: (Point(BEGIN, 93.8),),
    } == found
    assert ["cloudwatch:GetMetricData"] * 2 == plane.calls
    stub.assert_no_pending_responses()


def test_points_come_in_the_order_of_time(plane, stub):
    """However they were answered."""
    stub.add_response("get_metric_data", {"MetricDataResults": [result(0, (60, 7.0), (0, 5.0))]})

    assert [5.0, 7.0] == [point.value for point in ask(plane, [INVOCATIONS], SPAN)[INVOCATIONS]]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"MetricDataResults": []},
        {"MetricDataResults": [result(0)]},
        {"MetricDataResults": [{"Id": "q0", "StatusCode": "Complete"}]},
        {"MetricDataResults": [{**result(0, (0, 1.0)), "Id": "q7"}]},
        {"MetricDataResults": [{**result(0, (0, 1.0)), "Id": "somebody_elses"}]},
    ],
)
def test_no_values_are_no_data(plane, stub, answer):
    """Empty, absent, or under an Id nobody asked for."""
    stub.add_response("get_metric_data", answer)

    assert {INVOCATIONS: ()} == ask(plane, [INVOCATIONS], SPAN)


def test_what_is_no_number_is_no_data(plane, stub):
    """Nothing can be counted with it."""
    stub.add_response("get_metric_data", {"MetricDataResults": [result(0, (0, nan), (60, inf))]})

    assert {INVOCATIONS: ()} == ask(plane, [INVOCATIONS], SPAN)


def test_an_answer_without_end_is_an_error(plane, monkeypatch):
    """The last page never comes."""
    monkeypatch.setattr(plane, "pages", lambda *_, **__: repeat({"MetricDataResults": [], "NextToken": "more"}))

    with pytest.raises(ControlPlaneError, match="an answer without end"):
        ask(plane, [INVOCATIONS], SPAN)


def test_an_error_within_an_answer_is_an_error(plane, stub):
    """Not an empty series."""
    stub.add_response("get_metric_data", {"MetricDataResults": [result(0, status="InternalError")]})

    with pytest.raises(ControlPlaneError, match="CloudWatch says InternalError of its own answer") as raised:
        ask(plane, [INVOCATIONS], SPAN)

    assert not raised.value.denied


@pytest.mark.parametrize(
    ("code", "denied"),
    [("AccessDenied", True), ("ValidationError", False), ("InvalidNextToken", False), ("InternalServiceFault", False)],
)
def test_what_is_refused_is_told_in_one_line(plane, stub, code, denied):
    """With the permission's name where that is missing."""
    stub.add_client_error("get_metric_data", code, "no\nway")

    with pytest.raises(ControlPlaneError) as raised:
        ask(plane, [INVOCATIONS], SPAN)

    how = "is not allowed" if denied else "failed"
    assert (f"cloudwatch:GetMetricData {how}: {code}: no way", denied) == (str(raised.value), raised.value.denied)
