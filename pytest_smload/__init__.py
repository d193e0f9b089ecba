"""Performance assertions for Amazon SageMaker endpoints, in pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pytest_smload.version import __version__ as __version__

if TYPE_CHECKING:
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.capacity.comparison import compare_capacities
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.load.shapes import ramp, soak, spike, steps
    from pytest_smload.core.load.stages import Stage
    from pytest_smload.core.measure.figures import Stats, TimelinePoint
    from pytest_smload.core.measure.scope_name import ScopeName
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.trust.health import ClientHealth
    from pytest_smload.errors import (
        ConfigurationError,
        EmulatorError,
        EndpointError,
        InvocationError,
        PayloadError,
        SmloadError,
    )
    from pytest_smload.gate.sm_endpoint import INHERIT, SmEndpoint
    from pytest_smload.gate.typed_marks import perf, perf_budget
    from pytest_smload.scripting.endpoint import Endpoint
    from pytest_smload.transport.sdk.single import InvokeResponse


_PLACES = {
    "Capacity": "pytest_smload.core.capacity.capacity",
    "Check": "pytest_smload.core.limits.check",
    "ClientHealth": "pytest_smload.core.trust.health",
    "ConfigurationError": "pytest_smload.errors",
    "EmulatorError": "pytest_smload.errors",
    "Endpoint": "pytest_smload.scripting.endpoint",
    "EndpointError": "pytest_smload.errors",
    "INHERIT": "pytest_smload.gate.sm_endpoint",
    "InvocationError": "pytest_smload.errors",
    "InvokeResponse": "pytest_smload.transport.sdk.single",
    "LoadProfile": "pytest_smload.core.load.profile",
    "LoadResult": "pytest_smload.core.results.result",
    "PayloadError": "pytest_smload.errors",
    "ScopeName": "pytest_smload.core.measure.scope_name",
    "SmEndpoint": "pytest_smload.gate.sm_endpoint",
    "SmloadError": "pytest_smload.errors",
    "Stage": "pytest_smload.core.load.stages",
    "Stats": "pytest_smload.core.measure.figures",
    "TimelinePoint": "pytest_smload.core.measure.figures",
    "compare_capacities": "pytest_smload.core.capacity.comparison",
    "perf": "pytest_smload.gate.typed_marks",
    "perf_budget": "pytest_smload.gate.typed_marks",
    "ramp": "pytest_smload.core.load.shapes",
    "soak": "pytest_smload.core.load.shapes",
    "spike": "pytest_smload.core.load.shapes",
    "steps": "pytest_smload.core.load.shapes",
}

__all__ = [
    "INHERIT",
    "Capacity",
    "Check",
    "ClientHealth",
    "ConfigurationError",
    "EmulatorError",
    "Endpoint",
    "EndpointError",
    "InvocationError",
    "InvokeResponse",
    "LoadProfile",
    "LoadResult",
    "PayloadError",
    "ScopeName",
    "SmEndpoint",
    "SmloadError",
    "Stage",
    "Stats",
    "TimelinePoint",
    "compare_capacities",
    "perf",
    "perf_budget",
    "ramp",
    "soak",
    "spike",
    "steps",
]


if not TYPE_CHECKING:  # a checker reads the imports above, and so knows a name that does not exist

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for: an installed plugin that is not used costs nothing."""
        if name in _PLACES:
            return getattr(import_module(_PLACES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
