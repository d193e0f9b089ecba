"""When target tracking scales, and how far: alarms and cooldowns on a clock that may run faster."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.emulator.control.call import ControlError, needed
from pytest_smload.emulator.control.metrics import INVOCATIONS, Series
from pytest_smload.emulator.control.samples import STATISTICS

if TYPE_CHECKING:
    from pytest_smload.emulator.control.samples import Samples

MINUTE_S: Final = 60.0
HIGH_PERIODS: Final = 3
"""One-minute periods above the target that raise the alarm (AlarmHigh of a policy put by Application Auto Scaling)."""
LOW_PERIODS: Final = 15
LOW_SHARE: Final = 0.9
"""Of the target: fifteen periods below it raise AlarmLow."""
COOLDOWN_S: Final = 300
"""Of either direction where the policy has none (API reference, for SageMaker)."""
HIGH: Final = "AlarmHigh"
LOW: Final = "AlarmLow"
_PREDEFINED: Final = {
    "SageMakerVariantInvocationsPerInstance": ("InvocationsPerInstance", "Sum"),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": ("ConcurrentRequestsPerModel", "Average"),
}
_PER_MINUTE: Final = frozenset({"Sum", "SampleCount"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a policy wants.

    Attributes:
        count: Instances.
        alarm: ``AlarmHigh`` or ``AlarmLow``.
    """

    count: int
    alarm: str


class Tracker:
    """One target-tracking policy, told its metric once a period.

    Args:
        configuration: ``TargetTrackingScalingPolicyConfiguration``.
        endpoint: Name of the endpoint.
        variant: Name of the variant.
        speed: What cooldowns are divided by.

    Attributes:
        series: The metric tracked.
    """

    def __init__(self, configuration: dict[str, Any], endpoint: str, variant: str, speed: float) -> None:
        self.series, self._statistic = _metric(configuration, endpoint, variant)
        self._target = float(needed(configuration, "TargetValue"))
        if not 0 < self._target < math.inf:
            raise ControlError("ValidationException", "The target value must be above 0.")
        self._never_in = bool(configuration.get("DisableScaleIn"))
        self._out_cooldown_s = _cooldown_s(configuration, "ScaleOutCooldown") / speed
        self._in_cooldown_s = _cooldown_s(configuration, "ScaleInCooldown") / speed
        self._out_after_s = self._in_after_s = -math.inf
        self._values: deque[float | None] = deque(maxlen=LOW_PERIODS)

    def observe(self, samples: Samples, period_s: float) -> None:
        """Note what the metric was in a period that took *period_s*; sums count for a whole minute."""
        if not samples.count:
            self._values.append(None)
            return
        value = STATISTICS[self._statistic](samples)
        self._values.append(value * MINUTE_S / period_s if self._statistic in _PER_MINUTE else value)

    def wish(self, count: int, now_s: float) -> Wish | None:
        """Return what the policy wants where there are *count* instances, or None for no change.

        A period without data breaches nothing: an endpoint without traffic is not scaled in, as on AWS.
        """
        values = list(self._values)
        latest = values[-1] if values else None
        if latest is None:
            return None
        fitting = math.ceil(count * latest / self._target)
        if (
            _all(values[-HIGH_PERIODS:], HIGH_PERIODS, lambda value: value > self._target)
            and now_s >= self._out_after_s
        ):
            return Wish(max(fitting, count + 1), HIGH)
        is_low = _all(values, LOW_PERIODS, lambda value: value < self._target * LOW_SHARE)
        if is_low and not self._never_in and fitting < count and now_s >= self._in_after_s:
            return Wish(max(fitting, 1), LOW)
        return None

    def scaled(self, change: int, now_s: float) -> None:
        """Begin the cooldown of a change of the count that this policy brought about."""
        if change > 0:
            self._out_after_s = now_s + self._out_cooldown_s
        else:
            self._in_after_s = now_s + self._in_cooldown_s


def _all(values: list[float | None], count: int, fits: Any) -> bool:
    return len(values) == count and all(value is not None and fits(value) for value in values)


def _cooldown_s(configuration: dict[str, Any], name: str) -> float:
    found = configuration.get(name)
    seconds = COOLDOWN_S if found is None else float(found)
    if not 0 <= seconds < math.inf:
        raise ControlError("ValidationException", f"{name} must not be negative.")
    return seconds


def _metric(configuration: dict[str, Any], endpoint: str, variant: str) -> tuple[Series, str]:
    custom = configuration.get("CustomizedMetricSpecification")
    if custom is not None:
        if "Metrics" in custom:
            raise ControlError("ValidationException", "The embedded endpoint tracks one metric, and no metric math.")
        dimensions = {one["Name"]: one["Value"] for one in custom.get("Dimensions") or []}
        series = Series(needed(custom, "Namespace"), needed(custom, "MetricName"), dimensions)
        statistic = needed(custom, "Statistic")
        if statistic not in STATISTICS:
            raise ControlError("ValidationException", f"The statistic {statistic} is none of {', '.join(STATISTICS)}.")
        return series, statistic
    kind = needed(configuration.get("PredefinedMetricSpecification") or {}, "PredefinedMetricType")
    if kind not in _PREDEFINED:
        raise ControlError(
            "ValidationException",
            "Scalable dimension sagemaker:variant:DesiredInstanceCount only supports the following predefined metric "
            f"types: {', '.join(_PREDEFINED)}",
        )
    name, statistic = _PREDEFINED[kind]
    return Series(INVOCATIONS, name, {"EndpointName": endpoint, "VariantName": variant}), statistic
