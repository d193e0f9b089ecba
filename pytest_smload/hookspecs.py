"""The hooks pytest-smload offers to conftest files and other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from locust.env import Environment

    from pytest_smload.core.load.profile import LoadProfile


@pytest.hookspec
def pytest_smload_environment(environment: Environment, profile: LoadProfile) -> None:
    """Called with the Locust environment of each load before its first user is spawned.

    Listeners, CSV writers and the web UI attach here; its events hear every request, named by TargetModel, while the
    global ``locust.events`` does not. Implementing this hook costs each request the firing of Locust's request event.
    """
