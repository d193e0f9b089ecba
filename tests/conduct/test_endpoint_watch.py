"""An endpoint that changes while it is loaded makes the measurement INVALID."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from scripted_plane import SINGLE_MODEL, Refused, ScriptedPlane, absent, denied, endpoint, variant

from pytest_smload.aws.preflight import Preflight
from pytest_smload.conduct.endpoint_watch import EndpointWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.conduct.witness import Testimony

UNUSED = cast("Any", None)
FIVE_S = 5.0


def watched(
    *answers: Any, during: Callable[[ScriptedPlane], object] = str, **options: Any
) -> tuple[Testimony, list[str]]:
    """What is testified where DescribeEndpoint gives *answers*, preflight's own first; and the actions of the load."""
    with ScriptedPlane(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": [endpoint(), *answers]}) as plane:
        preflight = Preflight(plane.target, sleep=lambda _s: None)
        preflight.inspect(str)
        asked_before = len(plane.asked)
        watch = EndpointWatch(preflight, **options)
        try:
            watch.begin()
            during(plane)
            told = watch.testify(UNUSED, UNUSED, str)
        finally:
            watch.close()
            watch.close()
            preflight.close()
        return told, plane.asked[asked_before:]


def until_asked(count: int) -> Callable[[ScriptedPlane], None]:
    """Wait until so many calls of DescribeEndpoint have come."""

    def wait(plane: ScriptedPlane) -> None:
        deadline_s = time.monotonic() + FIVE_S
        while plane.asked.count("sagemaker:DescribeEndpoint") < count and time.monotonic() < deadline_s:
            time.sleep(0.01)

    return wait


def scaled(instances: int, **more: Any) -> dict[str, Any]:
    """The endpoint with so many instances."""
    return endpoint(ProductionVariants=[variant(instances=instances)], **more)


def test_nothing_changed() -> None:
    """Two calls, nothing to say."""
    told, asked = watched()

    assert ((), ()) == (told.reasons, told.notes)
    assert ["sagemaker:DescribeEndpoint"] * 2 == asked


def test_an_instance_came() -> None:
    """It is said which variant, from what to what, and what to do."""
    told, _ = watched(endpoint(), scaled(2))

    (reason,) = told.reasons
    assert "the endpoint changed during the load: variant 'AllTraffic' went from 1 to 2 instances" == reason.cause
    assert "run the test again" in reason.remedy


def test_an_instance_may_come_to_a_load_that_scales() -> None:
    """A deployment may not."""
    updating = scaled(2, EndpointStatus="Updating")

    assert () == watched(endpoint(), updating, may_scale=True)[0].reasons
    deployed = scaled(2, EndpointConfigName="abalone-2")
    (reason,) = watched(endpoint(), deployed, may_scale=True)[0].reasons
    assert reason.cause.endswith("load: its configuration went from 'abalone-1' to 'abalone-2'")


def test_several_changes_are_one_reason() -> None:
    """In one line."""
    (reason,) = watched(endpoint(), scaled(2, EndpointConfigName="abalone-2"))[0].reasons

    assert "; variant 'AllTraffic' went from" in reason.cause


def test_a_change_before_the_load_is_none() -> None:
    """What was pinned between preflight and the load is what it begins with."""
    assert () == watched(scaled(2), scaled(2))[0].reasons


def test_an_update_under_way_is_waited_for() -> None:
    """A load begins on an endpoint in service only."""
    told, asked = watched(endpoint("Updating"), endpoint("Updating"), scaled(2), scaled(2))

    assert () == told.reasons
    assert 4 == len(asked)


def test_an_endpoint_that_is_gone() -> None:
    """Deleted during the load."""
    (reason,) = watched(endpoint(), absent())[0].reasons

    assert "the endpoint changed during the load: it is gone" == reason.cause


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (denied("sagemaker:DescribeEndpoint"), "sagemaker:DescribeEndpoint is not allowed: "),
        (Refused("InternalFailure", "x", 400), "sagemaker:DescribeEndpoint failed (InternalFailure): "),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_what_cannot_be_asked_any_more_is_a_note(answer: Refused, what: str, before: bool) -> None:
    """Not a reason: nobody knows of a change."""
    told, _ = watched(answer) if before else watched(endpoint(), answer)

    assert () == told.reasons
    (note,) = told.notes
    assert note.startswith(what.partition(" (")[0])
    assert "not known" in note


def test_a_change_that_is_undone_meanwhile_is_seen_where_it_is_watched() -> None:
    """With how long after the load's begin it was seen, however often; the thread ends with the load."""
    told, _ = watched(endpoint(), scaled(2), scaled(2), endpoint(), every_s=0.02, during=until_asked(6))

    (reason,) = told.reasons
    assert "variant 'AllTraffic' went from 1 to 2 instances (0s after its begin)" in reason.cause
    assert "smload-endpoint-watch" not in {each.name for each in threading.enumerate()}


def test_without_watching_nothing_is_asked_in_between() -> None:
    """However long the load takes."""
    _, asked = watched(during=lambda _plane: time.sleep(0.1))

    assert 2 == len(asked)


def test_instances_that_come_count_for_the_cost() -> None:
    """What hosts the endpoint is kept up to date while it is watched."""
    with ScriptedPlane(SINGLE_MODEL | {"sagemaker:DescribeEndpoint": [endpoint(), endpoint(), scaled(3)]}) as plane:
        preflight = Preflight(plane.target)
        preflight.inspect(str)
        watch = EndpointWatch(preflight, every_s=0.02)
        watch.begin()
        until_asked(5)(plane)
        hosting = preflight.hosting
        watch.close()
        preflight.close()

    assert hosting is not None
    assert {"ml.c5.large": 3} == hosting.instances_by_type()


def test_an_endpoint_nobody_may_describe_is_not_asked_again() -> None:
    """Preflight's own note says it already."""
    with ScriptedPlane({}) as plane:
        preflight = Preflight(plane.target)
        preflight.inspect(str)
        before = len(plane.asked)
        watch = EndpointWatch(preflight, every_s=0.02)
        watch.begin()
        told = watch.testify(UNUSED, UNUSED, str)
        watch.close()
        preflight.close()
        assert before == len(plane.asked)

    assert ((), ()) == (told.reasons, told.notes)
