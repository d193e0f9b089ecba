"""Evaluates target-tracking policies once a period, for as long as there are any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_smload.emulator.control.tracking import HIGH, MINUTE_S

if TYPE_CHECKING:
    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.control.metrics import Metrics
    from pytest_smload.emulator.control.scaling import Policy, Scaler, Target
    from pytest_smload.emulator.control.tallies import Tallies
    from pytest_smload.emulator.control.tracking import Wish

_LAG_S = 0.02
"""After the end of a period: its last answers have been noted by then."""


class TrackingClock:
    """The periods of target tracking: minutes divided by *speed*, aligned to the wall clock."""

    def __init__(self, scaler: Scaler, metrics: Metrics, tallies: Tallies, clock: Clock, speed: float) -> None:
        self._scaler = scaler
        self._metrics = metrics
        self._tallies = tallies
        self._clock = clock
        slice_ms = tallies.slice_ms
        self.period_ms = max(1, round(MINUTE_S * 1000 / speed / slice_ms)) * slice_ms
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Evaluate from the next period on; nothing happens where that has begun, or where nothing is tracked."""
        if self._task is None and any(self._tracked()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Evaluate no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def evaluate(self, end_ms: int) -> None:
        """Tell every policy of the period that ended at *end_ms*, since the epoch, and scale where they want it."""
        for target, policies in self._tracked():
            for policy in policies:
                if policy.tracker is not None:
                    samples = self._metrics.span(policy.tracker.series, end_ms - self.period_ms, end_ms)
                    policy.tracker.observe(samples, self.period_ms / 1000)
            if self._scaler.is_idle:
                self._scale(target, policies)

    async def _run(self) -> None:
        while any(self._tracked()):
            end_ms = (int(self._clock.epoch_s() * 1000) // self.period_ms + 1) * self.period_ms
            await asyncio.sleep(end_ms / 1000 - self._clock.epoch_s() + _LAG_S)
            await self._tallies.catch_up()
            self.evaluate(end_ms)
        self._task = None

    def _tracked(self) -> list[tuple[Target, list[Policy]]]:
        found = [
            (target, [policy for policy in target.policies.values() if policy.tracker is not None])
            for target in self._scaler.targets.values()
        ]
        return [(target, policies) for target, policies in found if policies]

    def _scale(self, target: Target, policies: list[Policy]) -> None:
        """Scale out where one policy wants it, as far as any does; scale in where all do, as far as all do."""
        count, now_s = self._scaler.count(target), self._clock.now_s()
        wishes: list[tuple[Wish, Policy]] = []
        for policy in policies:
            wish = None if policy.tracker is None else policy.tracker.wish(count, now_s)
            if wish is not None:
                wishes.append((wish, policy))
        outs = [(wish, policy) for wish, policy in wishes if wish.alarm == HIGH]
        if not outs and len(wishes) < len(policies):
            return
        wish, policy = max(outs or wishes, key=lambda found: found[0].count)
        switch = "DynamicScalingOutSuspended" if wish.alarm == HIGH else "DynamicScalingInSuspended"
        wanted = min(max(wish.count, target.minimum), target.maximum)
        if target.suspended[switch] or wanted == count or (wanted > count) != (wish.alarm == HIGH):
            return
        alarm = next(name for name in policy.alarms if wish.alarm in name)
        cause = f"monitor alarm {alarm} in state ALARM triggered policy {policy.name}"
        self._scaler.scale(target, wanted, cause, policy.tracker)
