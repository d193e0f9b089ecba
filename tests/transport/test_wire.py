"""Members of InvokeEndpoint travel under botocore's header names, or are refused before any load."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from scripted_peer import OK_RESPONSE, answers

from pytest_smload.core.request.invocation import Route
from pytest_smload.core.request.members import MEMBERS
from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.wire import route_headers, validate_route

ASCII_ONLY = "a header carries printable ASCII only"
VALUES = {member: f"{member.lower()} of a request" for member in MEMBERS}


def route(**fields: str) -> Route:
    return Route(index=0, name="xgboost", fields=tuple(fields.items()))


def test_headers_are_those_boto3_sends(start_peer: object) -> None:
    """Every member arrives under the same name and value as from boto3's own client."""
    peer = start_peer(answers(OK_RESPONSE))
    client = boto3.session.Session().client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{peer.port}",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    client.invoke_endpoint(EndpointName="abalone", Body=b"1", **VALUES)["Body"].close()
    client.close()
    lines = peer.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    sent = dict(line.split(": ", 1) for line in lines)

    assert {name: sent.get(name) for name, _ in route_headers(route(**VALUES))} == dict(route_headers(route(**VALUES)))
    assert {name for name in sent if name.startswith("X-Amzn-SageMaker")} <= {
        name for name, _ in route_headers(route(**VALUES))
    }


def test_limits_are_the_apis() -> None:
    """Names, header names and longest values are those of the service model botocore ships."""
    client = boto3.session.Session().client("sagemaker-runtime", region_name="us-east-1")
    members = client.meta.service_model.operation_model("InvokeEndpoint").input_shape.members
    client.close()
    expected = {
        name: (shape.serialization["name"], shape.metadata.get("max"))
        for name, shape in members.items()
        if shape.serialization.get("location") == "header"
    }

    assert {name: (MEMBERS[name].header, MEMBERS[name].max_chars) for name in expected} == expected


@pytest.mark.parametrize("value", ["a", "a  b", "x" * 1024, "!~ {\"key\": 'value'}"])
def test_printable_ascii_passes(value: str) -> None:
    """Inner spaces and punctuation are carried as they are."""
    validate_route(route(TargetModel=value))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"TargetModel": "größe"}, f"TargetModel 'größe' has 'ö' at position 2; {ASCII_ONLY}"),
        ({"TargetModel": "a\r\nX-Evil: 1"}, rf"TargetModel 'a\r\nX-Evil: 1' has '\r' at position 1; {ASCII_ONLY}"),
        ({"TargetModel": "a\tb"}, rf"TargetModel 'a\tb' has '\t' at position 1; {ASCII_ONLY}"),
        ({"Accept": " a"}, "Accept ' a' begins or ends with a space, which HTTP removes"),
        ({"Accept": ""}, "Accept '' is empty; leave it out instead"),
        ({"InferenceId": "x" * 65}, f"InferenceId '{'x' * 57}...' is 65 characters long; InvokeEndpoint allows 64"),
        ({"Targetmodel": "a"}, "'Targetmodel' is not a member of InvokeEndpoint; did you mean TargetModel?"),
    ],
)  # fmt: skip
def test_what_a_header_cannot_carry_is_refused(fields: dict[str, str], problem: str) -> None:
    """The message names model, member, what is wrong with its value and what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        validate_route(route(**fields))

    assert caught.value.problems == [f"model 'xgboost': {problem}"]


def test_all_problems_are_reported_together() -> None:
    """Mistakes in several members are one error; a member given twice is one of them."""
    with pytest.raises(ConfigurationError) as caught:
        validate_route(Route(0, "m", (("Accept", "a"), ("Accept", "b"), ("TargetModel", "ü"), ("Foo", "x"))))

    assert len(caught.value.problems) == 3
