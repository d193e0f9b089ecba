"""What a settings file says, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pytest_smload.aws.preflight import WAIT_IN_SERVICE_S
from pytest_smload.aws.report_place import ReportPlace
from pytest_smload.core.limits.sources import FileBudget
from pytest_smload.core.safety.cost import Prices
from pytest_smload.core.safety.limits import NO_SAFETY, SafetyLimits

LOCAL = "local"
"""The name of the embedded endpoint; it needs no table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """One ``[endpoints.NAME]`` table.

    Attributes:
        name: The table's name, as ``--smload-endpoint`` takes it.
        endpoint_name: Name of the SageMaker endpoint; the table's name where none is given.
        region: AWS region, or None for boto3's own.
        account: 12-digit account the endpoint must be in, or None for no check.
        endpoint_url: Base URL of the SageMaker Runtime, or None for botocore's own.
        control_url: Base URL of the control plane, CloudWatch, autoscaling and STS, or None for botocore's own.
        production: Name of the table, this or another of the same endpoint, that says ``production = true``: it is not
            loaded unless that is asked for; ``""`` where none does.
        wait_in_service_s: How long it is waited for while it is being created or updated.
        watch_s: How often it is described while it is loaded, or None for before and after only.
        transport: A name in `TRANSPORTS`, or None for the software's choice.
        scenario: Scenario file of the embedded endpoint, absolute; None for its default scenario or a real endpoint.
        cloudwatch: Whether CloudWatch is asked about loads without limits on the server's side as well.
        vcpus, gpus: Of each of its instances; None where their type says it.
        traffic: Values of `TRAFFIC_FIELDS` the table gives.
        source: Where it was written, for messages: ``smload.toml [endpoints.staging]``.
        unhosted: Whether there is none: a locustfile's requests go to hosts of its own.
    """

    name: str
    endpoint_name: str
    source: str
    region: str | None = None
    account: str | None = None
    endpoint_url: str | None = None
    control_url: str | None = None
    production: str = ""
    wait_in_service_s: float = WAIT_IN_SERVICE_S
    watch_s: float | None = None
    transport: str | None = None
    scenario: Path | None = None
    cloudwatch: bool = False
    vcpus: int | None = None
    gpus: int | None = None
    traffic: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    unhosted: bool = False

    @property
    def embedded(self) -> bool:
        """Whether this is the embedded endpoint rather than one of SageMaker."""
        return self.name == LOCAL or self.scenario is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """One settings file, checked.

    Attributes:
        path: The file.
        label: The file as messages name it, relative to pytest's rootdir.
        root: Its folder, absolute: what payload paths, budget keys and ``.smload/`` are relative to.
        endpoint: Name of the default endpoint, or None.
        endpoints: Endpoint tables by name.
        profiles: Load fields of named profiles, by name.
        budgets: Budget tables by key (``default`` or a part of a test's id), as the core parses them.
        safety: What loads may not do.
        prices: What the endpoint's instances and its data cost.
        report_to: Where in S3 the reports of a run go; None for nowhere.
        otel: Whether its figures are sent to an OpenTelemetry collector.
    """

    path: Path
    label: str
    root: Path
    endpoint: str | None
    endpoints: Mapping[str, EndpointSettings]
    profiles: Mapping[str, Mapping[str, Any]]
    budgets: Mapping[str, FileBudget]
    safety: SafetyLimits = NO_SAFETY
    prices: Prices = field(default_factory=Prices)
    report_to: ReportPlace | None = None
    otel: bool = False


def embedded_endpoint() -> EndpointSettings:
    """Return the embedded endpoint with its default scenario, for a project without a ``[endpoints.local]`` table."""
    return EndpointSettings(name=LOCAL, endpoint_name=LOCAL, source="the embedded endpoint")


def no_endpoint() -> EndpointSettings:
    """Return what stands for an endpoint where a locustfile has hosts of its own, and none is configured."""
    return EndpointSettings(name="locustfile", endpoint_name="", source="the locustfile", unhosted=True)
