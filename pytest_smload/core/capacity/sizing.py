"""Computes what a capacity means for size: instances for a rate, and the target of a scaling policy."""

from __future__ import annotations

from math import ceil, inf, isfinite

from pytest_smload.core.quoting import quoted
from pytest_smload.errors import ConfigurationError

_MINUTE_S = 60
_ROUNDING = 1e-9
"""1,000 TPS over 200 is 5 instances, also where floats make 5.0000000001 of it."""


def instances_for(tps: float, *, per_instance_tps: float, headroom: float) -> int:
    """Return how many instances carry *tps* with room for *headroom* (0.3: 30 %) more.

    ceil(tps * (1 + headroom) / per_instance_tps): instances are taken to add up, which a load on so many shows.

    Raises:
        ConfigurationError: an argument that is no rate or share, or no capacity to divide by.
    """
    _positive("instances_for: tps", tps)
    if not _is_number(headroom) or not 0 <= headroom < inf:
        raise ConfigurationError(f"instances_for: headroom is a share such as 0.3; not {quoted(headroom)}")
    _some_capacity("instances_for", per_instance_tps)
    return max(1, ceil(tps * (1 + headroom) / per_instance_tps - _ROUNDING))


def autoscaling_target(per_instance_tps: float, *, safety: float) -> float:
    """Return the target of a policy on SageMakerVariantInvocationsPerInstance: invocations per instance and minute.

    AWS's formula, (MAX_RPS * SAFETY_FACTOR) * 60, of "Load testing your auto scaling configuration" in the SageMaker AI
    developer guide (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-loadtest.html), which begins at 0.5.

    Raises:
        ConfigurationError: *safety* is not in (0, 1], or there is no capacity.
    """
    if not _is_number(safety) or not 0 < safety <= 1:
        raise ConfigurationError(
            f"autoscaling_target: safety is a share above 0 up to 1, such as 0.5; not {quoted(safety)}"
        )
    _some_capacity("autoscaling_target", per_instance_tps)
    return per_instance_tps * safety * _MINUTE_S


def check_price(instance_hour_usd: object) -> None:
    """Refuse what is no price.

    Raises:
        ConfigurationError: it is none.
    """
    if not _is_number(instance_hour_usd) or not 0 <= instance_hour_usd < inf:  # type: ignore[operator]
        raise ConfigurationError(
            f"cost_per_million: instance_hour_usd is US dollars such as 0.119; not {quoted(instance_hour_usd)}"
        )


def _positive(what: str, value: object) -> None:
    if not _is_number(value) or value <= 0:  # type: ignore[operator]
        raise ConfigurationError(f"{what} is a number above 0, such as 1000; not {quoted(value)}")


def _some_capacity(what: str, per_instance_tps: float) -> None:
    if not per_instance_tps > 0:
        raise ConfigurationError(f"{what}: no rate that keeps the budget was found, so there is nothing to size by")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
