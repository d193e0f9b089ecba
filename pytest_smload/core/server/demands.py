"""What is asked of CloudWatch for a load, and why an endpoint or a load cannot have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.server.resolution import duration_problem

if TYPE_CHECKING:
    from pytest_smload.core.limits.server_limit import ServerLimit
    from pytest_smload.core.limits.server_metrics import ServerMetric
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.server.resolution import Resolution
    from pytest_smload.core.server.variant import ServingVariant

_ALWAYS = (
    "model_latency_mean",
    "overhead_latency_mean",
    "cpu_utilization_max",
    "cpu_utilization_mean",
    "memory_utilization_max",
    "server_5xx",
    "server_4xx",
)
COMPONENTS_APART = "inference components have figures of their own, which are not asked for"
_WITH_GPUS = ("gpu_utilization_max", "gpu_memory_utilization_max")
_MULTI_MODEL = ("model_cache_hit", "loaded_models", "model_loading_wait_max")


def serving_variants(variants: Sequence[ServingVariant], named: Collection[str | None]) -> list[ServingVariant]:
    """Return the variants a load is served by: those its requests name as TargetVariant, and where some name none
    (None), those with traffic of their own."""
    by_weight = None in named
    return [each for each in variants if each.name in named or (by_weight and (each.weight > 0 or len(variants) == 1))]


def rows_to_ask(
    limited: Iterable[ServerMetric], variants: Sequence[ServingVariant], *, multi_model: bool
) -> list[ServerMetric]:
    """Return the metrics to ask for: those limited, and those a diagnosis is told from."""
    names = [*_ALWAYS, *(_MULTI_MODEL if multi_model else ())]
    if any(variant.gpus for variant in variants):
        names += _WITH_GPUS
    told = [
        SERVER_METRICS[name] for name in names if all(variant.units(SERVER_METRICS[name].per) for variant in variants)
    ]
    return list(dict.fromkeys([*limited, *told]))


def demand_problems(
    limits: Sequence[ServerLimit],
    *,
    variants: Sequence[ServingVariant],
    resolution: Resolution,
    profile: LoadProfile,
    multi_model: bool,
    components: bool,
    table: str,
) -> list[str]:
    """Return a sentence per limit that cannot be held, and one on a window CloudWatch has no figures of.

    Args:
        limits: On the server's side.
        variants: Those that serve the load.
        resolution: How finely their figures are published.
        profile: The load.
        multi_model: Whether it names models.
        components: Whether it names inference components.
        table: The endpoint's table, where what is not known can be said.
    """
    if not limits:
        return []
    if components:
        return [f"{limits[0].source}: {limits[0].metric}: {COMPONENTS_APART}; leave the limit out"]
    problems = [
        f"{limit.source}: {limit.metric}: {problem}"
        for limit in limits
        for problem in _problems(limit.row, variants, multi_model=multi_model, table=table)
    ]
    percentiles = any(limit.row.fold == "percentile" for limit in limits)
    window = duration_problem(profile.window_ends_s, resolution, percentiles=percentiles)
    return [*problems, *([f"{limits[0].source}: {limits[0].metric}: {window}"] if window else [])]


def _problems(row: ServerMetric, variants: Sequence[ServingVariant], *, multi_model: bool, table: str) -> Iterator[str]:
    if not variants:
        yield "no variant of the endpoint serves this load; check variant, and the variants' weights"
    if row.fold == "percentile" and len(variants) > 1:
        names = ", ".join(variant.name for variant in variants)
        yield (
            f"percentiles of several variants ({names}) cannot be put together; load one of them (variant=...), or "
            "limit the mean"
        )
    if row.name in _MULTI_MODEL and not multi_model:
        yield "only multi-model endpoints have it, and this load names no models; leave the limit out"
    for variant in variants:
        units = variant.units(row.per)
        what = variant.instance_type or f"variant {variant.name}, which has no single instance type,"
        if units == 0:
            yield f"{what} has no {row.per.upper()}; leave the limit out"
        elif units is None:
            count = f"{row.per}s"
            named = "vCPUs" if row.per == "vcpu" else "GPUs"
            yield f"how many {named} {what} has is not known; set {count} = N in {table}"
