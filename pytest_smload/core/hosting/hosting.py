"""What hosts an endpoint: its configuration, variants, models and inference components, as its control plane tells."""

from __future__ import annotations

from dataclasses import dataclass, replace

IN_SERVICE = "InService"
ON_THE_WAY = ("Creating", "Updating", "SystemUpdating")
"""Statuses that end in `IN_SERVICE` by themselves, if nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Serverless:
    """What a serverless variant may use: MB of memory, and how many invocations at once."""

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class ManagedScaling:
    """Between how many instances SageMaker itself scales a variant (ManagedInstanceScaling)."""

    min_instances: int | None
    max_instances: int | None


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a model.

    Attributes:
        name: Its ContainerHostname, or None where it has none.
        image: As the model names it.
        model_data: S3 URI of its model; of a multi-model container the prefix that TargetModels are under.
        multi_model: Whether it loads models by TargetModel; None where its Mode is not told.
    """

    name: str | None
    image: str | None
    model_data: str | None
    multi_model: bool | None = False


@dataclass(frozen=True, slots=True)
class VariantState:
    """How one variant stands at a moment (DescribeEndpoint).

    Attributes:
        instances, desired_instances: Current and desired instance count; None of a serverless variant.
        weight, desired_weight: Current and desired share of the traffic, relative to the other variants'.
        serverless: What it may use now, where it is serverless.
        images: Images deployed, resolved to their digests.
        pools: Instances per type, where a variant has several types.
    """

    name: str
    instances: int | None = None
    desired_instances: int | None = None
    weight: float | None = None
    desired_weight: float | None = None
    serverless: Serverless | None = None
    images: tuple[str, ...] = ()
    pools: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointState:
    """How an endpoint stands at a moment (DescribeEndpoint).

    Attributes:
        failure: Why it failed, or None.
        created_at, modified_at: CreationTime and LastModifiedTime, ISO 8601; None where they are not told.
        data_capture_percent: Share of the invocations copied to S3, in percent; None where capture is off.
    """

    status: str
    config_name: str | None
    arn: str | None = None
    variants: tuple[VariantState, ...] = ()
    failure: str | None = None
    data_capture_percent: float | None = None
    created_at: str | None = None
    modified_at: str | None = None

    @property
    def in_service(self) -> bool:
        """Whether it takes requests, and nothing is under way."""
        return self.status == IN_SERVICE


@dataclass(frozen=True, slots=True)
class Variant:
    """One production (or shadow) variant.

    Attributes:
        instance_type: ``"ml.c5.large"``; None of a serverless variant, one with *pools*, and where it is not known.
        instances, desired_instances: Current and desired count; None of a serverless variant.
        weight: Share of the traffic, relative to the other variants'.
        model: Name of its model; None where inference components are hosted, and where it is not known.
        containers: Of its model; None where they are not known.
        direct: Whether its containers are invoked by name (InferenceExecutionConfig Direct).
        images: Deployed images by digest; empty where they are not known.
        shadow: Whether it gets copies of requests, and its answers go nowhere.
        pools: Instances per type, where it has several types.
    """

    name: str
    instance_type: str | None = None
    instances: int | None = None
    desired_instances: int | None = None
    weight: float | None = None
    serverless: Serverless | None = None
    managed_scaling: ManagedScaling | None = None
    model: str | None = None
    containers: tuple[Container, ...] | None = None
    direct: bool = False
    images: tuple[str, ...] = ()
    shadow: bool = False
    pools: tuple[tuple[str, int], ...] = ()

    @property
    def multi_model(self) -> bool | None:
        """Whether it loads models by TargetModel; None where that is not known."""
        kinds = {each.multi_model for each in self.containers or ()}
        return True if True in kinds else None if None in kinds or not kinds else False

    def instances_by_type(self) -> dict[str, int] | None:
        """Return how many instances it has of each type, none where it is serverless; None where that is not known."""
        if self.serverless is not None:
            return {}
        if self.pools:
            return dict(self.pools)
        if self.instance_type is None or self.instances is None:
            return None
        return {self.instance_type: self.instances}


@dataclass(frozen=True, slots=True)
class Component:
    """One inference component."""

    name: str
    status: str
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """What hosts an endpoint.

    Attributes:
        config_name: Name of its endpoint configuration.
        variants: Production variants, then shadow variants.
        multi_model: Whether requests must carry a TargetModel; None where that is not known, or variants differ.
        asynchronous: Whether it takes InvokeEndpointAsync only.
        components: Inference components; None where there are none to ask for, or they are not known.
        data_capture_percent: Share of the invocations copied to S3, in percent; None where capture is off.
        metrics_period_s: How often its metrics are published (MetricsConfig); None for the service's default.
        enhanced_metrics: Whether invocation metrics are published as often, and per instance.
    """

    status: str
    config_name: str | None
    variants: tuple[Variant, ...] = ()
    multi_model: bool | None = None
    asynchronous: bool = False
    components: tuple[Component, ...] | None = None
    data_capture_percent: float | None = None
    metrics_period_s: int | None = None
    enhanced_metrics: bool = False

    @property
    def production(self) -> tuple[Variant, ...]:
        """The variants that answer."""
        return tuple(each for each in self.variants if not each.shadow)

    @property
    def container_names(self) -> tuple[str, ...] | None:
        """Names containers are invoked by; None where they are not known."""
        if any(each.containers is None for each in self.production):
            return None
        named = (one.name for each in self.production for one in each.containers or ())
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def model_prefixes(self) -> tuple[str, ...]:
        """S3 prefixes that TargetModels are under, as far as they are known."""
        containers = [one for each in self.production for one in each.containers or ()]
        found = (one.model_data for one in containers if one.multi_model)
        return tuple(dict.fromkeys(uri for uri in found if uri))

    def instances_by_type(self) -> dict[str, int] | None:
        """Return how many instances there are of each type, shadow variants included; None where that is not known."""
        total: dict[str, int] = {}
        for variant in self.variants:
            counts = variant.instances_by_type()
            if counts is None:
                return None
            for kind, count in counts.items():
                total[kind] = total.get(kind, 0) + count
        return total if self.variants else None

    def as_of(self, state: EndpointState) -> Hosting:
        """Return the same configuration as it stands in *state*: status, counts, weights, images."""
        states = {each.name: each for each in state.variants}
        return replace(
            self,
            status=state.status,
            data_capture_percent=state.data_capture_percent,
            variants=tuple(_variant_as_of(each, states.get(each.name)) for each in self.variants),
        )


def _variant_as_of(variant: Variant, state: VariantState | None) -> Variant:
    if state is None:
        return variant
    return replace(
        variant,
        instances=state.instances,
        desired_instances=state.desired_instances,
        weight=state.weight,
        serverless=state.serverless or variant.serverless,
        images=state.images or variant.images,
        pools=state.pools or variant.pools,
    )


def agreed_multi_model(variants: tuple[Variant, ...]) -> bool | None:
    """Return what the *variants* that answer are alike in, or None where one is not known or they differ."""
    kinds = {each.multi_model for each in variants if not each.shadow}
    return kinds.pop() if len(kinds) == 1 else None
