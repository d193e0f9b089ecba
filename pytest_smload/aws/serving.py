"""Asks SageMaker who serves an endpoint: its variants, their instances, and how finely their figures are published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smload.core.limits.vcpus import gpus_of, vcpus_of
from pytest_smload.core.server.resolution import Resolution
from pytest_smload.core.server.variant import Variant

if TYPE_CHECKING:
    from pytest_smload.aws.control_plane import ControlPlane


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves an endpoint."""

    variants: tuple[Variant, ...]
    resolution: Resolution


def serving(plane: ControlPlane, *, vcpus: int | None = None, gpus: int | None = None) -> Serving:
    """Return who serves the endpoint of *plane*: DescribeEndpoint, and for what that leaves out its configuration's.

    Args:
        vcpus, gpus: Of each instance, where the user says so; else by instance type.

    Raises:
        ControlPlaneError: there is no such endpoint, or asking is not allowed.
    """
    endpoint = plane.call("sagemaker", "DescribeEndpoint", EndpointName=plane.target.endpoint_name)
    config = plane.call(
        "sagemaker", "DescribeEndpointConfig", EndpointConfigName=endpoint.get("EndpointConfigName", "")
    )
    configured = {each.get("VariantName"): each for each in config.get("ProductionVariants") or ()}
    variants = [
        _variant(each, configured.get(each.get("VariantName"), {}), vcpus, gpus)
        for each in endpoint.get("ProductionVariants") or ()
    ]
    metrics = config.get("MetricsConfig") or {}
    every_s = metrics.get("MetricPublishFrequencyInSeconds")
    return Serving(tuple(variants), Resolution.published(every_s, enhanced=bool(metrics.get("EnableEnhancedMetrics"))))


def _variant(summary: Mapping[str, Any], config: Mapping[str, Any], vcpus: int | None, gpus: int | None) -> Variant:
    types = _instance_types(config)
    instance_type = types[0] if len(types) == 1 else None
    return Variant(
        name=str(summary.get("VariantName", "")),
        instance_type=instance_type,
        instances=summary.get("CurrentInstanceCount"),
        weight=float(summary.get("CurrentWeight") or 0.0),
        vcpus=vcpus if vcpus is not None else _known(types, vcpus_of),
        gpus=gpus if gpus is not None else _known(types, gpus_of),
    )


def _instance_types(config: Mapping[str, Any]) -> list[str]:
    pools: Iterable[Mapping[str, Any]] = config.get("InstancePools") or ()
    named = [config.get("InstanceType"), *(pool.get("InstanceType") for pool in pools)]
    return list(dict.fromkeys(each for each in named if each))


def _known(types: list[str], count_of: Any) -> int | None:
    """What every type has alike, or None."""
    counts = {count_of(each) for each in types}
    return counts.pop() if len(counts) == 1 else None
