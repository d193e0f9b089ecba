"""The table of metrics CloudWatch has of an endpoint: all that is to be known of each, a row each.

Namespaces, names, units and dimensions are those of "Amazon SageMaker AI metrics in Amazon CloudWatch" in the SageMaker
developer guide: times in microseconds, memory and disk in percent, CPU and GPUs in percent of one vCPU or GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_smload.core.limits.check import Unit
from pytest_smload.core.limits.quantities import ANSWERS, COUNT, DURATION, LATENCY, MODELS, PER_MINUTE, SHARE, Quantity
from pytest_smload.core.statistics.percentiles import needed_samples

REQUESTS = "AWS/SageMaker"
"""Of what happens with requests: a value for each, published by the minute unless the metrics are enhanced."""
HOSTS = "/aws/sagemaker/Endpoints"
"""Of the instances: a value per instance and publication."""

Fold = Literal["percentile", "mean", "max", "sum", "per minute", "level"]
"""How a window's value comes of its periods': not at all, asked for as one; sum over count; the largest; the sum; that
by the minute; the mean of each period's sum."""
Per = Literal["", "vcpu", "gpu"]
_STATISTICS: Mapping[Fold, tuple[str, ...]] = {
    "mean": ("Sum", "SampleCount"),
    "max": ("Maximum",),
    "sum": ("Sum",),
    "per minute": ("Sum",),
    "level": ("Sum",),
}
_MICROSECONDS, _PERCENT = 1e-3, 1e-2


@dataclass(frozen=True, slots=True)
class ServerMetric:
    """What a limit on the server's side may be about.

    Attributes:
        name: The key it is limited by.
        words: What it is called in a sentence.
        quantity: What its values are, and how bounds of them are written.
        namespace, series: CloudWatch's namespace and metric name.
        fold: How the window's value comes about.
        scale: CloudWatch's unit in the quantity's: 0.001 for microseconds in ms.
        per: What CloudWatch adds up over an instance's vCPUs or GPUs is divided by their number.
        at_least: Whether a bare value is the least allowed.
        only_rises: Whether what CloudWatch has not counted yet can only make it larger.
        per_mille: Of a percentile, which.
        of_each: Whether there is a value for every invocation, so that no period with one is without.
    """

    name: str
    words: str
    quantity: Quantity
    namespace: str
    series: str
    fold: Fold
    scale: float = 1.0
    per: Per = ""
    at_least: bool = False
    only_rises: bool = False
    per_mille: int = 0
    of_each: bool = True

    @property
    def unit(self) -> Unit:
        """The unit of its values."""
        return self.quantity.unit

    @property
    def statistics(self) -> tuple[str, ...]:
        """CloudWatch's statistics it is made of: ``("p95",)``, ``("Sum", "SampleCount")``."""
        return (f"p{self.per_mille / 10:g}",) if self.fold == "percentile" else _STATISTICS[self.fold]

    @property
    def needed(self) -> int:
        """How many samples it takes to be judged, as many as a percentile of the client's."""
        return needed_samples(self.per_mille) if self.per_mille else 1


def _model_latency(per_mille: int) -> ServerMetric:
    percentile = f"p{per_mille // 10}"
    return ServerMetric(
        f"model_latency_{percentile}",
        f"ModelLatency {percentile}",
        LATENCY,
        REQUESTS,
        "ModelLatency",
        "percentile",
        _MICROSECONDS,
        per_mille=per_mille,
    )


def _utilization(name: str, words: str, series: str, fold: Fold = "max", per: Per = "") -> ServerMetric:
    rises = fold == "max"
    return ServerMetric(name, words, SHARE, HOSTS, series, fold, _PERCENT, per, only_rises=rises)


_ROWS = (
    *map(_model_latency, (500, 900, 950, 990)),
    ServerMetric("model_latency_mean", "mean ModelLatency", LATENCY, REQUESTS, "ModelLatency", "mean", _MICROSECONDS),
    ServerMetric(
        "overhead_latency_mean", "mean OverheadLatency", LATENCY, REQUESTS, "OverheadLatency", "mean", _MICROSECONDS
    ),
    _utilization("cpu_utilization_max", "max CPU utilization", "CPUUtilization", per="vcpu"),
    _utilization("cpu_utilization_mean", "mean CPU utilization", "CPUUtilization", "mean", per="vcpu"),
    _utilization("memory_utilization_max", "max memory utilization", "MemoryUtilization"),
    _utilization("gpu_utilization_max", "max GPU utilization", "GPUUtilization", per="gpu"),
    _utilization("gpu_memory_utilization_max", "max GPU memory utilization", "GPUMemoryUtilization", per="gpu"),
    _utilization("disk_utilization_max", "max disk utilization", "DiskUtilization"),
    ServerMetric("model_cache_hit", "ModelCacheHit", SHARE, REQUESTS, "ModelCacheHit", "mean", at_least=True),
    ServerMetric(
        "model_loading_wait_max",
        "max ModelLoadingWaitTime",
        DURATION,
        REQUESTS,
        "ModelLoadingWaitTime",
        "max",
        _MICROSECONDS,
        only_rises=True,
        of_each=False,
    ),
    ServerMetric("loaded_models", "loaded models", MODELS, HOSTS, "LoadedModelCount", "level", at_least=True),
    ServerMetric(
        "invocations_per_instance",
        "invocations per instance",
        PER_MINUTE,
        REQUESTS,
        "InvocationsPerInstance",
        "per minute",
        only_rises=True,
    ),
    ServerMetric(
        "server_5xx", "5xx answers of the model", ANSWERS, REQUESTS, "Invocation5XXErrors", "sum", only_rises=True
    ),
    ServerMetric(
        "server_4xx", "4xx answers of the model", ANSWERS, REQUESTS, "Invocation4XXErrors", "sum", only_rises=True
    ),
)
SERVER_METRICS: Mapping[str, ServerMetric] = {row.name: row for row in _ROWS}
"""By name, in the order checks are shown."""
WATCHED = (
    ServerMetric("invocations", "invocations", COUNT, REQUESTS, "Invocations", "sum"),
    ServerMetric(
        "concurrent_requests_max",
        "max ConcurrentRequestsPerModel",
        COUNT,
        REQUESTS,
        "ConcurrentRequestsPerModel",
        "max",
        of_each=False,
    ),
)
"""What no limit is about, and is yet shown over time."""
