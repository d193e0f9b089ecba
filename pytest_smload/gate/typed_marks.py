"""The marks ``perf`` and ``perf_budget`` with typed keyword arguments, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, overload

import pytest

from pytest_smload.core.load.profile import Arrivals, OnUnproven, Order, PayloadSource, Weights
from pytest_smload.core.load.stage_list import Stages

if TYPE_CHECKING:
    from typing import Unpack

    Marked = TypeVar("Marked", bound="Callable[..., object] | type")


class AutoscaledFields(TypedDict, total=False):
    """Keys of ``perf(autoscaled={...})``; ``min`` and ``max`` are instances."""

    min: int
    max: int
    invocations_per_instance: float
    instances: int
    scale_in_cooldown: str
    scale_out_cooldown: str
    variant: str


class PinnedFields(TypedDict, total=False):
    """Keys of ``perf(pinned={...})``."""

    instances: int
    variant: str


class PerfLoad(TypedDict, total=False):
    """Keyword arguments of ``perf``: the fields of a `LoadProfile`, and the names of tables of smload.toml."""

    users: int | None
    spawn_rate: float | None
    wait: str | None
    tps: float | None
    arrivals: Arrivals
    stages: Stages | None
    duration: str
    warmup: str
    models: Weights | None
    variants: Weights | None
    containers: Weights | None
    components: Weights | None
    payload: PayloadSource | Mapping[str, PayloadSource] | None
    content_type: str | Mapping[str, str] | None
    accept: str | Mapping[str, str] | None
    batch: int | Mapping[str, int] | None
    variant: str | Mapping[str, str] | None
    container: str | Mapping[str, str] | None
    component: str | Mapping[str, str] | None
    custom_attributes: str | Mapping[str, str] | None
    inference_id: str | Mapping[str, str] | None
    order: Order
    max_in_flight: int | None
    prime: bool
    prime_timeout: str
    max_requests: int | None
    timeout: str
    max_duration: str | None
    seed: int
    on_unproven: OnUnproven
    invalid_retries: int
    abort_on: Mapping[str, str | float] | None
    locustfile: str | None
    host: str | None
    tags: Sequence[str] | None
    exclude_tags: Sequence[str] | None
    profile: str
    endpoint: str
    control: str
    pinned: int | PinnedFields | None
    autoscaled: AutoscaledFields | None


class PerfLimits(TypedDict, total=False):
    """Keyword arguments of ``perf_budget``: limits, and the model (variant, ...) or stage they hold for."""

    p50: str
    p90: str
    p95: str
    p99: str
    p99_9: str
    mean: str
    max: str
    cold_p95: str
    stalled: str
    tps: float | str
    error_rate: float | str
    errors: Mapping[str, float | str]
    requests: int | str
    model_latency_p50: str
    model_latency_p90: str
    model_latency_p95: str
    model_latency_p99: str
    model_latency_mean: str
    overhead_latency_mean: str
    cpu_utilization_max: float | str
    cpu_utilization_mean: float | str
    memory_utilization_max: float | str
    gpu_utilization_max: float | str
    gpu_memory_utilization_max: float | str
    disk_utilization_max: float | str
    model_cache_hit: float | str
    model_loading_wait_max: str
    loaded_models: int | str
    invocations_per_instance: float | str
    server_5xx: int | str
    server_4xx: int | str
    scaled_to: int | str
    scale_out_within: str
    cost_per_million: float | str
    regression: Mapping[str, str]
    baseline_required: bool
    model: str
    variant: str
    container: str
    component: str
    name: str
    stage: str


if TYPE_CHECKING:

    @overload
    def perf(test: Marked, /) -> Marked: ...
    @overload
    def perf(**load: Unpack[PerfLoad]) -> pytest.MarkDecorator: ...
    def perf(*_: Any, **__: Any) -> Any:
        """``pytest.mark.perf``: a performance test, and its load in the fields of a `LoadProfile`."""

    def perf_budget(**limits: Unpack[PerfLimits]) -> pytest.MarkDecorator:
        """``pytest.mark.perf_budget``: limits of the test's load; repeatable."""
        return pytest.mark.perf_budget(**limits)

else:
    perf: Final = pytest.mark.perf
    perf_budget: Final = pytest.mark.perf_budget
