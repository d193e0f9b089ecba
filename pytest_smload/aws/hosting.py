"""Asks SageMaker what hosts an endpoint, one description after another."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.core.hosting.hosting import (
    Component,
    Container,
    EndpointState,
    Hosting,
    ManagedScaling,
    Serverless,
    Variant,
    VariantState,
    agreed_multi_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pytest_smload.aws.control_plane import ControlPlane

SERVICE = "sagemaker"
_MOST_COMPONENT_PAGES = 10
_PAGE = 100
_MULTI_MODEL = {"MultiModel": True, "SingleModel": False}


def endpoint_state(plane: ControlPlane) -> EndpointState:
    """Return how the endpoint of *plane* stands now: one DescribeEndpoint.

    Raises:
        ControlPlaneError: it cannot be asked, or there is no such endpoint.
    """
    answer = plane.call(SERVICE, "DescribeEndpoint", EndpointName=plane.target.endpoint_name)
    capture = answer.get("DataCaptureConfig") or {}
    captures = capture.get("EnableCapture") and capture.get("CaptureStatus", "Started") == "Started"
    described = [*answer.get("ProductionVariants", ()), *answer.get("ShadowProductionVariants", ())]
    return EndpointState(
        status=str(answer.get("EndpointStatus", "unknown")),
        config_name=answer.get("EndpointConfigName"),
        arn=answer.get("EndpointArn"),
        variants=tuple(_variant_state(each) for each in described),
        failure=answer.get("FailureReason"),
        data_capture_percent=float(capture.get("CurrentSamplingPercentage", 0)) if captures else None,
        created_at=_moment(answer.get("CreationTime")),
        modified_at=_moment(answer.get("LastModifiedTime")),
    )


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def hosting(plane: ControlPlane, state: EndpointState, note: Callable[[ControlPlaneError, str], object]) -> Hosting:
    """Return what hosts the endpoint that stands as *state* says: its configuration, models and inference components.

    Args:
        note: Called with each call that failed and what follows from that, in words.
    """
    known = Hosting(
        status=state.status,
        config_name=state.config_name,
        variants=tuple(Variant(each.name) for each in state.variants),
    )
    try:
        if state.config_name is not None:
            known = _of_configuration(plane, state.config_name)
    except ControlPlaneError as error:
        note(error, "instance types, models and images are not known")
        return known.as_of(state)
    models: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(each.model for each in known.variants if each.model is not None):
        try:
            models[name] = plane.call(SERVICE, "DescribeModel", ModelName=name)
        except ControlPlaneError as error:
            note(error, f"what model {name!r} consists of is not known, nor whether it is multi-model")
            if not error.answered or error.denied:
                break
    variants = tuple(_with_model(each, models.get(each.model or "")) for each in known.variants)
    known = replace(known, variants=variants, multi_model=agreed_multi_model(variants)).as_of(state)
    if any(each.model is None for each in known.production):
        try:
            known = replace(known, components=_components(plane))
        except ControlPlaneError as error:
            note(error, "the endpoint's inference components are not known")
    return known


def _of_configuration(plane: ControlPlane, name: str) -> Hosting:
    answer = plane.call(SERVICE, "DescribeEndpointConfig", EndpointConfigName=name)
    metrics = answer.get("MetricsConfig") or {}
    return Hosting(
        status="",
        config_name=name,
        variants=(
            *(_variant(each, shadow=False) for each in answer.get("ProductionVariants", ())),
            *(_variant(each, shadow=True) for each in answer.get("ShadowProductionVariants", ())),
        ),
        asynchronous=answer.get("AsyncInferenceConfig") is not None,
        metrics_period_s=metrics.get("MetricPublishFrequencyInSeconds"),
        enhanced_metrics=bool(metrics.get("EnableEnhancedMetrics", False)),
    )


def _variant(described: dict[str, Any], *, shadow: bool) -> Variant:
    scaling = described.get("ManagedInstanceScaling") or {}
    enabled = scaling.get("Status") == "ENABLED"
    return Variant(
        name=described.get("VariantName", ""),
        instance_type=described.get("InstanceType"),
        serverless=_serverless(described.get("ServerlessConfig")),
        managed_scaling=ManagedScaling(scaling.get("MinInstanceCount"), scaling.get("MaxInstanceCount"))
        if enabled
        else None,
        model=described.get("ModelName"),
        shadow=shadow,
    )


def _with_model(variant: Variant, model: dict[str, Any] | None) -> Variant:
    if model is None:
        return variant
    described = model.get("Containers") or [model.get("PrimaryContainer") or {}]
    execution = model.get("InferenceExecutionConfig") or {}
    containers = tuple(_container(each) for each in described)
    return replace(variant, containers=containers, direct=execution.get("Mode") == "Direct")


def _container(described: dict[str, Any]) -> Container:
    source = (described.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return Container(
        name=described.get("ContainerHostname"),
        image=described.get("Image") or described.get("ModelPackageName"),
        model_data=described.get("ModelDataUrl") or source.get("S3Uri"),
        multi_model=_MULTI_MODEL.get(described.get("Mode", "")),
    )


def _components(plane: ControlPlane) -> tuple[Component, ...]:
    found: list[Component] = []
    pages = plane.pages(
        SERVICE, "ListInferenceComponents", EndpointNameEquals=plane.target.endpoint_name, MaxResults=_PAGE
    )
    for page in islice(pages, _MOST_COMPONENT_PAGES):
        found += (
            Component(
                each.get("InferenceComponentName", ""),
                each.get("InferenceComponentStatus", ""),
                each.get("VariantName"),
            )
            for each in page.get("InferenceComponents", ())
        )
    return tuple(found)


def _variant_state(described: dict[str, Any]) -> VariantState:
    serverless = _serverless(described.get("CurrentServerlessConfig"))
    images: Iterable[dict[str, Any]] = described.get("DeployedImages", ())
    return VariantState(
        name=described.get("VariantName", ""),
        instances=described.get("CurrentInstanceCount") if serverless is None else None,
        desired_instances=described.get("DesiredInstanceCount") if serverless is None else None,
        weight=described.get("CurrentWeight"),
        desired_weight=described.get("DesiredWeight"),
        serverless=serverless,
        images=tuple(str(each.get("ResolvedImage") or each.get("SpecifiedImage")) for each in images),
        pools=tuple(
            (each.get("InstanceType", ""), each.get("CurrentInstanceCount", 0))
            for each in described.get("InstancePools", ())
        ),
    )


def _serverless(described: dict[str, Any] | None) -> Serverless | None:
    if not described:
        return None
    return Serverless(
        memory_mb=described.get("MemorySizeInMB", 0),
        max_concurrency=described.get("MaxConcurrency", 0),
        provisioned_concurrency=described.get("ProvisionedConcurrency"),
    )
