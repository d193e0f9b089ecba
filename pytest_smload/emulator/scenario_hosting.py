"""The scenario's tables for what stands behind the endpoint: its hosting, scaling, variants and components."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from pytest_smload.core.quoting import quoted
from pytest_smload.emulator.credentials import ACCOUNT, REGION
from pytest_smload.emulator.durations import is_distribution_table
from pytest_smload.emulator.scenario_table import AnyDistribution, Duration, Table

NAME_PATTERN = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
"""Of endpoints, variants, components and containers alike (SageMaker's service model)."""
LONGEST_METRICS_PERIOD_S = 300.0
FASTEST = 600.0
Name = Annotated[str, Field(min_length=1, max_length=63, pattern=NAME_PATTERN)]
_InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")]
_Action = Annotated[str, Field(pattern=r"^(\*|[a-z0-9-]+:[A-Za-z0-9*]+)$")]


class Hosting(Table):
    """``[hosting]``: what the control plane says of the endpoint, and how it behaves.

    Attributes:
        instance_type: Type of its instances.
        image: Image of its containers.
        tags: Tags of the endpoint.
        data_capture: Percentage of requests that data capture keeps; 0 is off.
        managed_instance_scaling: Whether the configuration has ManagedInstanceScaling enabled.
        metrics_period_s: How often metrics are published; whole seconds, 1..300.
        metrics_delay_s: How long after its end a period is published.
        start_up_s: How long an update takes, and so a new instance.
        quota: Most instances the account may have; None is no limit.
        cpu_share: Share of an instance's CPU that is busy when all its workers are.
        allow: Actions the built-in credentials may do (``sagemaker:Describe*``); None is all.
    """

    instance_type: _InstanceType = "ml.m5.large"
    image: str = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/smload-emulator:latest"
    tags: dict[str, str] = Field(default={})
    data_capture: int = Field(default=0, ge=0, le=100)
    managed_instance_scaling: bool = False
    metrics_period_s: Duration = Field(default=60.0, alias="metrics_period")
    metrics_delay_s: Duration = Field(default=0.0, alias="metrics_delay")
    start_up_s: Duration = Field(default=1.0, alias="start_up")
    quota: int | None = Field(default=None, ge=1)
    cpu_share: float = Field(default=1.0, gt=0, le=1)
    allow: list[_Action] | None = None

    @field_validator("metrics_period_s")
    @classmethod
    def _whole_seconds(cls, value: float) -> float:
        if value != int(value) or not 1 <= value <= LONGEST_METRICS_PERIOD_S:
            raise ValueError(f'metrics are published every whole second to "300s", not every {value:g} s')
        return value


class Autoscaling(Table):
    """``[autoscaling]``: the pace of Application Auto Scaling.

    Attributes:
        speed: What its minutes and cooldowns are divided by; timestamps stay real.
    """

    speed: float = Field(default=1.0, ge=1, le=FASTEST)


class Variant(Table):
    """One production variant; written as a number, that is its weight.

    Attributes:
        weight: Share of the requests that name no variant, relative to the other variants' weights.
        instances: Instances it starts with; None is the scenario's ``instances``.
        instance_type: Type of them; None is that of ``[hosting]``.
        latency: Processing time of all its models; None is the scenario's.
    """

    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    instances: int | None = Field(default=None, ge=1, le=1000)
    instance_type: _InstanceType | None = None
    latency: AnyDistribution = None


class Component(Table):
    """One inference component; written as a latency, that is all there is to say.

    Attributes:
        latency: Its processing time; None is the scenario's.
        copies: How many of it run, each with the scenario's workers.
        variant: The variant whose instances it is on; None is the first.
    """

    latency: AnyDistribution = None
    copies: int = Field(default=1, ge=1, le=1000)
    variant: str | None = None


def _by_weight(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"weight": value}
    if not isinstance(value, (dict, Variant)):
        allowed = "a weight such as 3, or { weight = 3, … }"
        raise ValueError(f"{quoted(value)} is not a variant; allowed: {allowed}")  # noqa: TRY004 - for pydantic
    return value


def _by_latency(value: object) -> object:
    if isinstance(value, str) or is_distribution_table(value):
        return {"latency": value}
    if not isinstance(value, (dict, Component)):
        allowed = 'a latency such as "30ms", or { latency = "30ms", … }'
        raise ValueError(f"{quoted(value)} is not a component; allowed: {allowed}")  # noqa: TRY004 - for pydantic
    return value


Variants = dict[Name, Annotated[Variant, BeforeValidator(_by_weight)]]
Components = dict[Name, Annotated[Component, BeforeValidator(_by_latency)]]
Containers = dict[Name, AnyDistribution]
