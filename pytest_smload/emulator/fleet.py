"""What stands behind one endpoint name: variants, inference components and containers, and which of them is invoked."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_smload.core.request.members import MEMBERS
from pytest_smload.emulator import protocol
from pytest_smload.emulator.model_host import Instance, ModelHost, ModelMemory, SharedQueueHost, WorkerQueue

if TYPE_CHECKING:
    from random import Random

    from pytest_smload.emulator.durations import Distribution
    from pytest_smload.emulator.protocol import Answer
    from pytest_smload.emulator.scenario import Scenario

_VARIANT = MEMBERS["TargetVariant"].header_key
_CONTAINER = MEMBERS["TargetContainerHostname"].header_key
_COMPONENT = MEMBERS["InferenceComponentName"].header_key


class Destination:
    """Where an invocation goes.

    Attributes:
        number: Its number among the fleet's, from 1.
        variant: The production variant's name.
        component: The inference component's name, or an empty text.
        container: The container's name, or an empty text.
        host: The instances, or a component's copies, that serve it.
        latency: Its own processing time, or None for the scenario's.
    """

    __slots__ = ("component", "container", "host", "latency", "number", "variant")

    def __init__(
        self, number: int, variant: str, component: str, container: str, host: ModelHost, latency: Distribution | None
    ) -> None:
        self.number = number
        self.variant = variant
        self.component = component
        self.container = container
        self.host = host
        self.latency = latency


class Fleet:
    """The destinations of one endpoint, and the weights by which variants are drawn.

    Attributes:
        hosts: The instances of each variant, by its name.
        copies: The copies of each inference component, by its name.
        weights: The weights in force, by variant.
        destinations: All of them; the one with number *n* at *n* - 1.
    """

    def __init__(self, scenario: Scenario, random: Random) -> None:
        self._random = random
        counts = {name: table.instances or scenario.instances for name, table in scenario.variants.items()}
        self.hosts = {name: _host(scenario, count) for name, count in counts.items()}
        self.copies = {
            name: SharedQueueHost(scenario.workers, scenario.queue_limit, table.copies)
            for name, table in (scenario.components or {}).items()
        }
        self.destinations: list[Destination] = []
        self._by_component: dict[str, Destination] = {}
        self._by_container: dict[tuple[str, str], Destination] = {}
        for name, table in (scenario.components or {}).items():
            variant = table.variant or next(iter(scenario.variants))
            self._by_component[name] = self._add(variant, name, "", self.copies[name], table.latency)
        if scenario.components is None:
            for name, variant_table in scenario.variants.items():
                for container, latency in (scenario.containers or {"": variant_table.latency}).items():
                    found = self._add(name, "", container, self.hosts[name], latency)
                    self._by_container[name, container] = found
        self._has_containers = scenario.containers is not None
        self._only = self.destinations[0] if len(self.destinations) == 1 and not self._by_component else None
        self.weights: dict[str, float] = {}
        self.weigh({name: table.weight for name, table in scenario.variants.items()})

    def weigh(self, weights: dict[str, float]) -> None:
        """Draw variants by *weights* from now on."""
        self.weights = weights
        self._names = list(weights)
        self._steps = list(accumulate(weights.values()))

    def refusal(self, name: str, headers: dict[bytes, bytes]) -> Answer | None:
        """Return the error for a request to endpoint *name* whose destination does not exist."""
        variant = headers.get(_VARIANT)
        if variant is not None and variant.decode("latin-1") not in self.hosts:
            return protocol.variant_not_found(name, variant.decode("latin-1"))
        if self._by_component:
            component = headers.get(_COMPONENT, b"").decode("latin-1")
            if not component:
                return protocol.component_missing()
            if component not in self._by_component:
                return protocol.component_not_found(name, component)
        elif self._has_containers:
            container = headers.get(_CONTAINER, b"").decode("latin-1")
            if not container:
                return protocol.container_missing(name)
            if (self._names[0], container) not in self._by_container:
                return protocol.container_not_found(name, container)
        return None

    def destination(self, headers: dict[bytes, bytes]) -> Destination:
        """Choose where a request goes that is not refused."""
        if self._only is not None:
            return self._only
        if self._by_component:
            return self._by_component[headers[_COMPONENT].decode("latin-1")]
        variant = headers.get(_VARIANT, b"").decode("latin-1") or self._draw_variant()
        container = headers[_CONTAINER].decode("latin-1") if self._has_containers else ""
        return self._by_container[variant, container]

    def _draw_variant(self) -> str:
        if len(self._names) == 1:
            return self._names[0]
        return self._random.choices(self._names, cum_weights=self._steps)[0]

    def _add(
        self, variant: str, component: str, container: str, host: ModelHost, latency: Distribution | None
    ) -> Destination:
        found = Destination(len(self.destinations) + 1, variant, component, container, host, latency)
        self.destinations.append(found)
        return found


def _host(scenario: Scenario, count: int) -> ModelHost:
    cold = scenario.cold
    if cold is None:
        return SharedQueueHost(scenario.workers, scenario.queue_limit, count)

    def new_instance(number: int, since: float) -> Instance:
        memory = ModelMemory(cold.memory, cold.size_of)
        return Instance(WorkerQueue(scenario.workers, scenario.queue_limit), memory, number, since)

    instances = [new_instance(number, float("-inf")) for number in range(count)]
    return ModelHost(instances, cold.load_time.typical_s, new_instance)
