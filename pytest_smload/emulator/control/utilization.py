"""How much of each instance was in use within a span of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smload.core.limits.vcpus import gpus_of, vcpus_of
from pytest_smload.emulator.control.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.control.tallies import Tallies
    from pytest_smload.emulator.fleet import Destination
    from pytest_smload.emulator.model_host import Instance, ModelHost
    from pytest_smload.emulator.scenario import Scenario

MEMORY_PERCENT: Final = 30.0
"""Of an instance whose models' room the scenario does not limit."""
_BASE_PERCENT: Final = 10.0
_MODELS_PERCENT: Final = 80.0
"""Of an instance whose models fill the room they have, over the base."""
DISK_PERCENT: Final = 20.0
UNKNOWN_VCPUS: Final = 2
"""Of an instance type whose vCPUs are not known."""
_MICROSECONDS: Final = 1e6


class Utilization:
    """Values of the instances behind some destinations, a value per instance.

    Spans are in milliseconds since the epoch.
    """

    def __init__(self, scenario: Scenario, tallies: Tallies, clock: Clock) -> None:
        self._scenario = scenario
        self._tallies = tallies
        self._clock = clock

    def cpu(self, to: Sequence[Destination], start_ms: int, end_ms: int) -> list[float]:
        """Return CPUUtilization: 100 for each vCPU that is busy all the time."""
        cores = self._vcpus(to)
        share = self._scenario.hosting.cpu_share
        return [busy * share * cores * 100 for busy in self._busy_shares(to, start_ms, end_ms)]

    def gpu(self, to: Sequence[Destination], start_ms: int, end_ms: int) -> list[float]:
        """Return GPUUtilization: 100 for each GPU that is busy all the time; nothing without a GPU."""
        count = self._gpus(to)
        return [busy * count * 100 for busy in self._busy_shares(to, start_ms, end_ms)] if count else []

    def memory(self, to: Sequence[Destination], _start_ms: int, end_ms: int) -> list[float]:
        """Return MemoryUtilization, in percent."""
        found = []
        for host, count in self._hosts(to, end_ms):
            cold = self._scenario.cold
            if host.shares_queue or cold is None or cold.memory is None:
                found += [MEMORY_PERCENT] * count
                continue
            for instance in self._present(host, end_ms):
                used = self._latest(instance, end_ms)[1]
                found.append(_BASE_PERCENT + _MODELS_PERCENT * used / cold.memory)
        return found

    def gpu_memory(self, to: Sequence[Destination], start_ms: int, end_ms: int) -> list[float]:
        """Return GPUMemoryUtilization: of each GPU as much as of the memory; nothing without a GPU."""
        count = self._gpus(to)
        return [percent * count for percent in self.memory(to, start_ms, end_ms)] if count else []

    def disk(self, to: Sequence[Destination], _start_ms: int, end_ms: int) -> list[float]:
        """Return DiskUtilization, in percent."""
        return [DISK_PERCENT for _, count in self._hosts(to, end_ms) for _ in range(count)]

    def loaded_models(self, to: Sequence[Destination], _start_ms: int, end_ms: int) -> list[float]:
        """Return LoadedModelCount; nothing for an endpoint that is not multi-model."""
        if not self._scenario.needs_target_model:
            return []
        if self._scenario.cold is None:
            models = float(len(self._scenario.models or ()))
            return [models for _, count in self._hosts(to, end_ms) for _ in range(count)]
        return [
            float(self._latest(instance, end_ms)[0])
            for host, _ in self._hosts(to, end_ms)
            for instance in self._present(host, end_ms)
        ]

    def in_flight(self, to: Sequence[Destination], start_ms: int, end_ms: int) -> list[float]:
        """Return ConcurrentRequestsPerModel: the mean number in flight, shared evenly by the instances."""
        count = sum(count for _, count in self._hosts(to, end_ms))
        in_flight_s = sum(tally.in_flight_s for tally in self._tallies.between(_numbers(to), start_ms, end_ms))
        return [in_flight_s / ((end_ms - start_ms) / 1000) / count] * count if count else []

    def loading_us(self, to: Sequence[Destination], start_ms: int, end_ms: int) -> Samples:
        """Return ModelLoadingTime of the loads that ended within the span, in microseconds."""
        start_s, end_s = (self._clock.monotonic_s(edge / 1000) for edge in (start_ms, end_ms))
        return Samples.of(
            *(
                load.load_s * _MICROSECONDS
                for host, _ in self._hosts(to, end_ms)
                for instance in host.all_instances
                for load in instance.memory.history
                if start_s <= load.ready_at < end_s
            )
        )

    def _busy_shares(self, to: Sequence[Destination], start_ms: int, end_ms: int) -> list[float]:
        start_s, end_s = (self._clock.monotonic_s(edge / 1000) for edge in (start_ms, end_ms))
        workers = self._scenario.workers or self._vcpus(to)
        tallies = list(self._tallies.between(_numbers(to), start_ms, end_ms))
        hosts = self._hosts(to, end_ms)
        if all(host.shares_queue for host, _ in hosts):
            given_s = workers * sum(host.counts.integral_s(start_s, end_s) for host, _ in hosts)
            busy_s = sum(sum(tally.busy_s.values()) for tally in tallies)
            share = min(1.0, busy_s / given_s) if given_s else 0.0
            return [share] * sum(count for _, count in hosts)
        found = []
        for host, _ in hosts:
            for instance in self._present(host, end_ms):
                given_s = workers * (end_s - max(start_s, instance.since))
                busy_s = sum(tally.busy_s.get(instance.number, 0.0) for tally in tallies)
                found.append(min(1.0, busy_s / given_s))
        return found

    def _hosts(self, to: Sequence[Destination], end_ms: int) -> list[tuple[ModelHost, int]]:
        """Return the hosts of destinations, each once, and how many instances each had at the end of a span."""
        end_s = self._clock.monotonic_s(end_ms / 1000)
        hosts = {id(destination.host): destination.host for destination in to}
        return [(host, host.counts.at(end_s)) for host in hosts.values()]

    def _present(self, host: ModelHost, end_ms: int) -> list[Instance]:
        end_s = self._clock.monotonic_s(end_ms / 1000)
        return [instance for instance in host.all_instances if instance.since < end_s <= instance.until]

    def _latest(self, instance: Instance, end_ms: int) -> tuple[int, float]:
        """Return the models an instance held at the end of a span, and the room they took."""
        end_s = self._clock.monotonic_s(end_ms / 1000)
        for load in reversed(instance.memory.history):
            if load.at < end_s:
                return load.models, load.used
        return 0, 0.0

    def _vcpus(self, to: Sequence[Destination]) -> int:
        return vcpus_of(self._instance_type(to)) or UNKNOWN_VCPUS

    def _gpus(self, to: Sequence[Destination]) -> int:
        return gpus_of(self._instance_type(to)) or 0

    def _instance_type(self, to: Sequence[Destination]) -> str:
        table = self._scenario.variants[to[0].variant]
        return table.instance_type or self._scenario.hosting.instance_type


def _numbers(to: Sequence[Destination]) -> list[int]:
    return [destination.number for destination in to]
