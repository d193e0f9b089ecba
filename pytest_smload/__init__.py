"""Performance assertions for Amazon SageMaker endpoints, in pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.load_fields import Stage
    from pytest_smload.core.profile import LoadProfile
    from pytest_smload.core.result import Check, ClientHealth, LoadResult, Stats
    from pytest_smload.errors import (
        ConfigurationError,
        EmulatorError,
        EndpointError,
        InvocationError,
        PayloadError,
        SmloadError,
    )
    from pytest_smload.gate.sm_endpoint import INHERIT, SmEndpoint

__version__ = "0.1.0"

_PLACES = {
    "Check": "pytest_smload.core.result",
    "ClientHealth": "pytest_smload.core.result",
    "ConfigurationError": "pytest_smload.errors",
    "EmulatorError": "pytest_smload.errors",
    "EndpointError": "pytest_smload.errors",
    "INHERIT": "pytest_smload.gate.sm_endpoint",
    "InvocationError": "pytest_smload.errors",
    "LoadProfile": "pytest_smload.core.profile",
    "LoadResult": "pytest_smload.core.result",
    "PayloadError": "pytest_smload.errors",
    "SmEndpoint": "pytest_smload.gate.sm_endpoint",
    "SmloadError": "pytest_smload.errors",
    "Stage": "pytest_smload.core.load_fields",
    "Stats": "pytest_smload.core.result",
}

__all__ = [
    "INHERIT",
    "Check",
    "ClientHealth",
    "ConfigurationError",
    "EmulatorError",
    "EndpointError",
    "InvocationError",
    "LoadProfile",
    "LoadResult",
    "PayloadError",
    "SmEndpoint",
    "SmloadError",
    "Stage",
    "Stats",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: an installed plugin that is not used costs nothing."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
