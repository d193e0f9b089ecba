"""Preflight's calls: what each tells, and what is known, noted or refused where one fails."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from scripted_plane import (
    ACCOUNT,
    ARN,
    IDENTITY,
    MULTI_MODEL,
    SINGLE_MODEL,
    Refused,
    ScriptedPlane,
    absent,
    configuration,
    denied,
    endpoint,
    model,
    variant,
)

from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.preflight import Preflight
from pytest_smload.core.hosting.hosting import Component, ManagedScaling, Serverless
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.core.hosting.hosting import Hosting


class Inspected:
    """A preflight after its questions, and what it asked, slept and said."""

    def __init__(self, script: Mapping[str, Any], **options: Any) -> None:
        self.slept_s: list[float] = []
        self.said: list[str] = []
        with ScriptedPlane(script) as plane:
            self.preflight = Preflight(plane.target, sleep=self.slept_s.append, **options)
            try:
                self.preflight.inspect(self.said.append)
                self.files = [self.preflight.files(uri) for uri in self.hosting.model_prefixes] if self.known else []
            finally:
                self.preflight.close()
                self.asked = plane.asked

    @property
    def known(self) -> bool:
        return self.preflight.hosting is not None

    @property
    def hosting(self) -> Hosting:
        assert self.preflight.hosting is not None
        return self.preflight.hosting

    @property
    def notes(self) -> list[str]:
        return self.preflight.notes


def without(script: Mapping[str, Any], *actions: str) -> dict[str, Any]:
    """*script* with *actions* denied."""
    return {name: answer for name, answer in script.items() if name not in actions}


def test_what_hosts_a_single_model_endpoint() -> None:
    """Status, configuration, instances, images and model data, in four calls and one of STS."""
    told = Inspected(SINGLE_MODEL)

    (only,) = told.hosting.variants
    assert ("InService", "abalone-1", False) == (
        told.hosting.status,
        told.hosting.config_name,
        told.hosting.multi_model,
    )
    assert ("ml.c5.large", 1, 1, 1.0) == (only.instance_type, only.instances, only.desired_instances, only.weight)
    assert only.containers is not None
    assert "s3://models/abalone.tar.gz" == only.containers[0].model_data
    assert ("image@sha256:1",) == only.images
    assert ACCOUNT == told.preflight.account
    assert list(SINGLE_MODEL) == told.asked
    assert [] == told.notes


def test_it_asks_once() -> None:
    """A second load asks nothing again."""
    with ScriptedPlane(SINGLE_MODEL) as plane:
        preflight = Preflight(plane.target)
        preflight.inspect(str)
        before = plane.asked
        preflight.inspect(str)
        preflight.close()
        assert before == plane.asked


def test_every_fact_of_a_configuration() -> None:
    """Serverless, managed scaling, shadow variants, data capture, metrics, asynchronous inference."""
    described = [
        variant("large", 3),
        variant("less", CurrentServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 20}),
    ]
    script = SINGLE_MODEL | {
        "sagemaker:DescribeEndpoint": endpoint(
            ProductionVariants=described,
            ShadowProductionVariants=[variant("shadow", 2)],
            DataCaptureConfig={"EnableCapture": True, "CaptureStatus": "Started", "CurrentSamplingPercentage": 20},
        ),
        "sagemaker:DescribeEndpointConfig": configuration(
            ProductionVariants=[
                {
                    "VariantName": "large",
                    "ModelName": "abalone",
                    "InstanceType": "ml.m5.large",
                    "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 4},
                },
                {
                    "VariantName": "less",
                    "ModelName": "abalone",
                    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 20},
                },
            ],
            ShadowProductionVariants=[{"VariantName": "shadow", "ModelName": "abalone", "InstanceType": "ml.c5.large"}],
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://out/"}},
            MetricsConfig={"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 10},
        ),
    }

    hosting = Inspected(script).hosting

    large, less, shadow = hosting.variants
    assert (ManagedScaling(1, 4), None) == (large.managed_scaling, less.managed_scaling)
    assert (None, Serverless(2048, 20)) == (large.serverless, less.serverless)
    assert (None, None) == (less.instances, less.instance_type)
    assert [False, False, True] == [each.shadow for each in hosting.variants]
    assert ("large", "less") == tuple(each.name for each in hosting.production)
    assert 2 == shadow.instances
    assert (20.0, True, 10, True) == (
        hosting.data_capture_percent,
        hosting.asynchronous,
        hosting.metrics_period_s,
        hosting.enhanced_metrics,
    )


def test_a_capture_that_is_stopped_is_none() -> None:
    """It is the status that counts, not that it is configured."""
    capture = {"EnableCapture": True, "CaptureStatus": "Stopped", "CurrentSamplingPercentage": 20}
    described = {"sagemaker:DescribeEndpoint": endpoint(DataCaptureConfig=capture)}

    assert Inspected(SINGLE_MODEL | described).hosting.data_capture_percent is None


def test_instances_of_several_types() -> None:
    """A variant of several types has its counts by type."""
    pools = [
        {"InstanceType": "ml.g5.xlarge", "CurrentInstanceCount": 2},
        {"InstanceType": "ml.g6.xlarge", "CurrentInstanceCount": 1},
    ]
    script = SINGLE_MODEL | {
        "sagemaker:DescribeEndpoint": endpoint(ProductionVariants=[variant(instances=3, InstancePools=pools)]),
        "sagemaker:DescribeEndpointConfig": configuration(
            ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": "abalone"}]
        ),
    }

    assert {"ml.g5.xlarge": 2, "ml.g6.xlarge": 1} == Inspected(script).hosting.instances_by_type()


def test_inference_components_come_in_pages() -> None:
    """All pages are read; they are asked for only where a variant has no model of its own."""

    def listed(parameters: dict[str, Any]) -> dict[str, Any]:
        page = int(parameters.get("NextToken", 0))
        common = {"CreationTime": 1.7e9, "LastModifiedTime": 1.7e9, "EndpointName": "abalone", "EndpointArn": ARN}
        component = {
            "InferenceComponentName": f"c{page}",
            "InferenceComponentArn": f"{ARN}/c{page}",
            "InferenceComponentStatus": "InService",
            "VariantName": "AllTraffic",
            **common,
        }
        return {"InferenceComponents": [component]} | ({"NextToken": str(page + 1)} if page < 2 else {})

    bare = {"VariantName": "AllTraffic", "InstanceType": "ml.c5.large"}
    script = SINGLE_MODEL | {
        "sagemaker:DescribeEndpointConfig": configuration(ProductionVariants=[bare]),
        "sagemaker:ListInferenceComponents": listed,
    }
    told = Inspected(script)

    assert tuple(Component(f"c{page}", "InService", "AllTraffic") for page in range(3)) == told.hosting.components
    assert "sagemaker:DescribeModel" not in told.asked


def test_pages_of_components_are_bounded() -> None:
    """A service that always has one more page is not asked for ever."""
    more = {"InferenceComponents": [], "NextToken": "again"}
    bare = {"VariantName": "AllTraffic", "InstanceType": "ml.c5.large"}
    script = SINGLE_MODEL | {
        "sagemaker:DescribeEndpointConfig": configuration(ProductionVariants=[bare]),
        "sagemaker:ListInferenceComponents": more,
    }

    assert 10 == Inspected(script).asked.count("sagemaker:ListInferenceComponents")


def test_model_files_come_in_pages() -> None:
    """Keys of all pages count."""
    keys = [f"abalone/{number:05}.tar.gz" for number in range(2500)]
    told = Inspected(MULTI_MODEL | {"s3:ListBucket": keys})

    (files,) = told.files
    assert files is not None
    assert (2500, True) == (len(files.keys), files.complete)
    assert 3 == told.asked.count("s3:ListBucket")
    assert "00000.tar.gz" == files.names()[0]


def test_pages_of_model_files_are_bounded() -> None:
    """A prefix with very many objects is listed in part, and said to be."""
    keys = [f"abalone/{number:05}.tar.gz" for number in range(12_000)]

    (files,) = Inspected(MULTI_MODEL | {"s3:ListBucket": keys}).files

    assert files is not None
    assert (10_000, False) == (len(files.keys), files.complete)


@pytest.mark.parametrize(
    ("action", "note"),
    [
        (
            "sagemaker:DescribeEndpoint",
            "the endpoint's status and instances are not known, nor whether they change during the load",
        ),
        ("sagemaker:DescribeEndpointConfig", "instance types, models and images are not known"),
        ("sagemaker:DescribeModel", "what model 'abalone' consists of is not known, nor whether it is multi-model"),
        ("s3:ListBucket", "whether each TargetModel exists is left to priming"),
    ],
)
def test_a_denied_call_is_a_note(action: str, note: str) -> None:
    """It names the action as IAM does, and what is not known without it; not whose credentials may not do it."""
    told = Inspected(without(MULTI_MODEL, action))

    assert [f"{action} is not allowed: {note}"] == told.notes
    assert "someone@example.com" not in str(told.notes)


def test_with_nothing_allowed_everything_is_unknown() -> None:
    """Credentials that may only invoke: two calls, one note, no error."""
    told = Inspected({"sts:GetCallerIdentity": IDENTITY})

    assert ["sagemaker:DescribeEndpoint", "sts:GetCallerIdentity"] == told.asked
    assert (None, None, 1) == (told.preflight.state, told.preflight.hosting, len(told.notes))
    assert ACCOUNT == told.preflight.account


def test_a_denied_configuration_leaves_what_the_endpoint_says() -> None:
    """Counts and images are known, instance types are not."""
    hosting = Inspected(without(SINGLE_MODEL, "sagemaker:DescribeEndpointConfig")).hosting

    (only,) = hosting.variants
    assert (1, ("image@sha256:1",), None, None) == (
        only.instances,
        only.images,
        only.instance_type,
        hosting.multi_model,
    )
    assert hosting.instances_by_type() is None


def test_a_deleted_configuration_and_model_are_notes() -> None:
    """An endpoint goes on serving when they are gone."""
    gone = Refused("ValidationException", "Could not find endpoint configuration")
    assert (
        "DescribeEndpointConfig failed" in Inspected(SINGLE_MODEL | {"sagemaker:DescribeEndpointConfig": gone}).notes[0]
    )

    gone = Refused("ValidationException", "Could not find model")
    told = Inspected(SINGLE_MODEL | {"sagemaker:DescribeModel": gone})
    assert "DescribeModel failed: ValidationException" in told.notes[0]
    assert told.hosting.multi_model is None


def test_throttling_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is throttled twice is answered at its third attempt; one always throttled is a note."""
    monkeypatch.setattr("time.sleep", lambda _s: None)
    slow_down = Refused("ThrottlingException", "Rate exceeded")

    told = Inspected(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": [slow_down, slow_down, endpoint()]})
    assert (3, []) == (told.asked.count("sagemaker:DescribeEndpoint"), told.notes)

    told = Inspected(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": slow_down})
    assert 4 == told.asked.count("sagemaker:DescribeEndpoint")
    assert told.notes[0].startswith("sagemaker:DescribeEndpoint failed: ThrottlingException: Rate exceeded: ")


def test_no_route_is_a_note_and_ends_the_questions() -> None:
    """A VPC without a way to the control plane: nothing more is asked once nobody answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = local_target(
            f"http://127.0.0.1:{unused.getsockname()[1]}",
            access_key="A",
            secret_key="S",
            endpoint_name="abalone",
            region="us-east-1",
        )
        preflight = Preflight(target)
        preflight.inspect(str)

    assert ["sagemaker:DescribeEndpoint"] == preflight.plane.calls
    (note,) = preflight.notes
    assert note.startswith("sagemaker:DescribeEndpoint failed: Could not connect")


def test_garbage_is_a_note() -> None:
    """A proxy that answers with a page of its own stops nothing."""
    page = Refused("<html>" + "x" * 5000, "y" * 5000, 502)
    told = Inspected(without(SINGLE_MODEL, "sagemaker:DescribeEndpoint") | {"sagemaker:DescribeEndpoint": page})

    (note,) = told.notes
    assert len(note) < 6000
    assert told.preflight.hosting is None


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating"])
def test_an_endpoint_on_its_way_is_waited_for(status: str) -> None:
    """It is asked again until it is InService, with a line each time."""
    script = SINGLE_MODEL | {"sagemaker:DescribeEndpoint": [endpoint(status), endpoint(status), endpoint()]}
    told = Inspected(script)

    assert "InService" == told.hosting.status
    assert [1.0, 2.0] == told.slept_s
    assert [f"smload: endpoint 'abalone' is {status}, waited 0s of 10m for InService"] * 2 == told.said


def test_waiting_is_bounded() -> None:
    """An endpoint that stays on its way is refused when the time is up."""
    with pytest.raises(EndpointError, match="endpoint 'abalone' is still Updating after 0s; run again once it is"):
        Inspected(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": endpoint("Updating")}, wait_in_service_s=0)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("Failed", "is Failed ('no capacity'): it cannot serve"),
        ("OutOfService", "is OutOfService"),
        ("RollingBack", "is RollingBack: its update failed and is being undone"),
        ("UpdateRollbackFailed", "is UpdateRollbackFailed"),
        ("Deleting", "is Deleting: it is being deleted; name another endpoint"),
        ("Odd", "is Odd: a load needs it InService"),
    ],
)
def test_any_other_status_is_refused(status: str, words: str) -> None:
    """In one line, with what to do."""
    more = {"FailureReason": "no\ncapacity"} if status == "Failed" else {}
    with pytest.raises(EndpointError) as caught:
        Inspected(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": endpoint(status, **more)})

    assert f"endpoint 'abalone' {words}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_endpoint_is_refused() -> None:
    """After three tries, as one just created may not be known everywhere at once."""
    told: list[str] = []
    with ScriptedPlane(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": absent()}) as plane:
        preflight = Preflight(plane.target, sleep=lambda _s: None)
        with pytest.raises(EndpointError) as caught:
            preflight.inspect(told.append)
        assert 3 == plane.asked.count("sagemaker:DescribeEndpoint")

    assert str(caught.value).startswith("there is no endpoint 'abalone' in us-east-1 for the credentials from emulator")
    assert caught.value.__context__ is None


def test_an_endpoint_just_created_is_found() -> None:
    """Eventual consistency: absent at first, then there."""
    assert Inspected(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": [absent(), endpoint()]}).known


def test_tags_come_in_pages() -> None:
    """All of them are read, and once."""

    def listed(parameters: dict[str, Any]) -> dict[str, Any]:
        if "NextToken" in parameters:
            return {"Tags": [{"Key": "env", "Value": "prod"}]}
        return {"Tags": [{"Key": "team", "Value": "fish"}], "NextToken": "2"}

    with ScriptedPlane(SINGLE_MODEL | {"sagemaker:ListTags": listed}) as plane:
        preflight = Preflight(plane.target)
        preflight.inspect(str)
        assert {"team": "fish", "env": "prod"} == preflight.tags() == preflight.tags()
        preflight.close()
        assert 2 == plane.asked.count("sagemaker:ListTags")


def test_denied_tags_are_a_note() -> None:
    """That only the name was held against the patterns is said."""
    with ScriptedPlane(SINGLE_MODEL | {"sagemaker:ListTags": denied("sagemaker:ListTags")}) as plane:
        preflight = Preflight(plane.target)
        preflight.inspect(str)
        assert preflight.tags() is preflight.tags() is None
        preflight.close()
        assert 1 == plane.asked.count("sagemaker:ListTags")

    (note,) = preflight.notes
    assert note.startswith("sagemaker:ListTags is not allowed: only the endpoint's name, not its tags, was held")


def test_tags_of_an_endpoint_nobody_may_describe_are_a_note() -> None:
    """Its ARN is not known then."""
    told = Inspected({"sts:GetCallerIdentity": IDENTITY})

    assert told.preflight.tags() is None
    assert any(note.startswith("only the endpoint's name, not its tags") for note in told.notes)


def test_answers_without_what_they_should_have_break_nothing() -> None:
    """What is not told is not known."""
    hollow = {name: {} for name in SINGLE_MODEL} | {
        "sagemaker:DescribeEndpoint": {"EndpointStatus": "InService", "ProductionVariants": [{}]},
        "sagemaker:ListTags": {"Tags": [{}]},
    }
    told = Inspected(hollow)

    assert (None, None) == (told.hosting.config_name, told.hosting.instances_by_type())


def test_a_new_configuration_is_described_anew() -> None:
    """Between two loads somebody deployed: the second load's facts are the new ones; else one call is enough."""
    after = endpoint(EndpointConfigName="abalone-2", ProductionVariants=[variant(instances=2)])
    script = SINGLE_MODEL | {"sagemaker:DescribeEndpoint": [endpoint(), endpoint(), after]}
    with ScriptedPlane(script) as plane:
        preflight = Preflight(plane.target)
        preflight.inspect(str)
        preflight.refresh()
        assert 1 == plane.asked.count("sagemaker:DescribeEndpointConfig")
        preflight.refresh()
        preflight.close()
        assert 2 == plane.asked.count("sagemaker:DescribeEndpointConfig")

    assert preflight.hosting is not None
    assert {"ml.c5.large": 2} == preflight.hosting.instances_by_type()


def test_a_multi_container_model() -> None:
    """Its containers have names, and are invoked by them where the model says Direct."""
    described = model() | {
        "Containers": [{"ContainerHostname": name, "Image": f"{name}:1"} for name in ("first", "second")],
        "InferenceExecutionConfig": {"Mode": "Direct"},
    }
    del described["PrimaryContainer"]
    hosting = Inspected(SINGLE_MODEL | {"sagemaker:DescribeModel": described}).hosting

    assert ("first", "second") == hosting.container_names
    assert hosting.variants[0].direct
