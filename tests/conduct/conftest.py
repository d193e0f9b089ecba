"""Fixtures of the conduct tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scaling_peer import serving
from scaling_service import ENDPOINT, ScalingService

from pytest_smload.aws.autoscaling import InstanceControl
from pytest_smload.aws.control_plane import ControlPlane
from pytest_smload.aws.credentials import StaticCredentials
from pytest_smload.aws.target import Credentials, EndpointTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def controlled() -> Iterator[Callable[[ScalingService], InstanceControl]]:
    """Serve a service in the place of the one before, and reach it with boto3's own clients."""
    served = [ScalingService()]
    with serving(lambda: served[-1]) as url:
        credentials = StaticCredentials(Credentials("AKIA", "secret"), "test")
        plane = ControlPlane(EndpointTarget(ENDPOINT, "us-east-1", url, "test", credentials, control_url=url))

        def control(service: ScalingService) -> InstanceControl:
            served.append(service)
            plane.calls.clear()
            return InstanceControl(plane)

        yield control
        plane.close()
