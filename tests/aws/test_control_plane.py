"""Calls to a control plane go where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted_plane import SINGLE_MODEL, ScriptedPlane

from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
from pytest_smload.aws.target import EndpointTarget

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def plane() -> Iterator[ScriptedPlane]:
    """A control plane on this machine."""
    with ScriptedPlane(SINGLE_MODEL) as made:
        yield made


def test_one_on_this_machine_is_not_behind_a_proxy(plane: ScriptedPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is another machine, to which 127.0.0.1 is itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    control = ControlPlane(plane.target)
    try:
        answer = control.call("sagemaker", "DescribeEndpoint", EndpointName="abalone")
    finally:
        control.close()

    assert answer["EndpointStatus"] == "InService"


def test_aws_itself_is_behind_the_proxy(plane: ScriptedPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on this machine goes the way botocore would."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:PLANTED@127.0.0.1:1")
    monkeypatch.setattr("pytest_smload.aws.control_plane.ATTEMPTS", 1)
    control = ControlPlane(
        EndpointTarget("a", "us-east-1", "https://runtime.example", "test", plane.target.credentials)
    )
    try:
        with pytest.raises(ControlPlaneError) as caught:
            control.call("sagemaker", "DescribeEndpoint", EndpointName="abalone")
    finally:
        control.close()

    assert (caught.value.code, caught.value.answered) == ("ProxyConnectionError", False)
    assert "PLANTED" not in str(caught.value)
