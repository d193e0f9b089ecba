"""The endpoint's metrics by their CloudWatch names: which series exist, their units, their data points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_smload.emulator.control.samples import Samples
from pytest_smload.emulator.control.utilization import Utilization

if TYPE_CHECKING:
    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.control.tallies import Tallies, Tally
    from pytest_smload.emulator.fleet import Destination, Fleet
    from pytest_smload.emulator.scenario import Scenario

INVOCATIONS: Final = "AWS/SageMaker"
INSTANCES: Final = "/aws/sagemaker/Endpoints"
COUNT: Final = "None"
MICROSECONDS: Final = "Microseconds"
PERCENT: Final = "Percent"

_Add = Callable[["Tally", Samples], None]
_Values = Callable[[Utilization, Sequence["Destination"], int, int], Sequence[float]]


def _share_of(name: str) -> _Add:
    """Return what adds a count of invocations: a 1 for each that is meant, a 0 for every other."""

    def add(tally: Tally, samples: Samples) -> None:
        met = getattr(tally, name)
        samples.add_counts(tally.answers, met, float(met == tally.answers), float(met > 0))

    return add


def _per_instance(tally: Tally, samples: Samples) -> None:
    if tally.answers:
        mean = tally.per_instance / tally.answers
        samples.add_counts(tally.answers, tally.per_instance, mean, mean)


def _values_of(name: str, *, percentiles: bool = False) -> _Add:
    def add(tally: Tally, samples: Samples) -> None:
        values: Samples = getattr(tally, name)
        if percentiles:
            samples.join(values)
        else:
            samples.add_counts(values.count, values.total, values.low, values.high)

    return add


def _hits(tally: Tally, samples: Samples) -> None:
    count = tally.wait_us.count
    samples.add_counts(count, tally.hits, float(tally.hits == count), float(tally.hits > 0))


ADDED: Final[dict[tuple[str, str], tuple[str, _Add]]] = {
    (INVOCATIONS, "Invocations"): (COUNT, _share_of("answers")),
    (INVOCATIONS, "InvocationsPerInstance"): (COUNT, _per_instance),
    (INVOCATIONS, "InvocationsPerCopy"): (COUNT, _per_instance),
    (INVOCATIONS, "Invocation4XXErrors"): (COUNT, _share_of("client_errors")),
    (INVOCATIONS, "Invocation5XXErrors"): (COUNT, _share_of("server_errors")),
    (INVOCATIONS, "InvocationModelErrors"): (COUNT, _share_of("failures")),
    (INVOCATIONS, "ModelLatency"): (MICROSECONDS, _values_of("model_us", percentiles=True)),
    (INVOCATIONS, "ContainerLatency"): (MICROSECONDS, _values_of("model_us", percentiles=True)),
    (INVOCATIONS, "OverheadLatency"): (MICROSECONDS, _values_of("overhead_us")),
    (INVOCATIONS, "ModelLoadingWaitTime"): (MICROSECONDS, _values_of("wait_us")),
    (INVOCATIONS, "ModelCacheHit"): (COUNT, _hits),
}
"""Unit of a metric that is counted from invocations, and what adds it; percentiles where AWS documents them."""
MEASURED: Final[dict[tuple[str, str], tuple[str, _Values]]] = {
    (INSTANCES, "CPUUtilization"): (PERCENT, Utilization.cpu),
    (INSTANCES, "MemoryUtilization"): (PERCENT, Utilization.memory),
    (INSTANCES, "DiskUtilization"): (PERCENT, Utilization.disk),
    (INSTANCES, "GPUUtilization"): (PERCENT, Utilization.gpu),
    (INSTANCES, "GPUMemoryUtilization"): (PERCENT, Utilization.gpu_memory),
    (INSTANCES, "LoadedModelCount"): (COUNT, Utilization.loaded_models),
    (INVOCATIONS, "ConcurrentRequestsPerModel"): (COUNT, Utilization.in_flight),
    (INVOCATIONS, "ConcurrentRequestsPerCopy"): (COUNT, Utilization.in_flight),
}
"""Unit of a metric that has a value per instance, and what gives the values."""
LOADING: Final = (INVOCATIONS, "ModelLoadingTime")
_BY_COPY: Final = {"InvocationsPerCopy", "ConcurrentRequestsPerCopy"}
_BY_INSTANCE: Final = {"InvocationsPerInstance", "ConcurrentRequestsPerModel"}


@dataclass(frozen=True, slots=True)
class Series:
    """One metric with its dimensions.

    Attributes:
        namespace: ``AWS/SageMaker``.
        name: ``Invocations``.
        dimensions: Values by name; their order is nothing.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


class Metrics:
    """The series of one endpoint. All times are in milliseconds since the epoch."""

    def __init__(self, scenario: Scenario, fleet: Fleet, tallies: Tallies, clock: Clock) -> None:
        self._scenario = scenario
        self._fleet = fleet
        self._tallies = tallies
        self._clock = clock
        self._utilization = Utilization(scenario, tallies, clock)
        self._begun_ms = int(clock.epoch_s() * 1000)
        self.published_ms = int(scenario.hosting.metrics_period_s * 1000)
        self._delay_ms = int(scenario.hosting.metrics_delay_s * 1000)

    def unit(self, series: Series) -> str:
        """Return the unit of a series, ``None`` for one that does not exist."""
        if series.key == LOADING:
            return MICROSECONDS
        return (ADDED.get(series.key) or MEASURED.get(series.key) or (COUNT,))[0]

    def points(self, series: Series, start_ms: int, end_ms: int, period_ms: int) -> Iterator[tuple[int, Samples]]:
        """Yield the published data of each period that has any, from *start_ms* to before *end_ms*, oldest first.

        Data are published for whole periods of the scenario's ``metrics_period`` once those are over.
        """
        to = self.destinations(series)
        step = self.published_ms
        first = max(start_ms, self._begun_ms - step)
        last = min(end_ms, int(self._clock.epoch_s() * 1000) - self._delay_ms - step + 1)
        at = -(-first // step) * step
        while to and at < last:
            beginning = start_ms + (at - start_ms) // period_ms * period_ms
            next_at = at - (at - min(beginning + period_ms, last)) // step * step
            samples = Samples()
            # Counts of a period can be taken at once; values of instances are those of each published datum.
            for begin_ms in (at,) if series.key in ADDED else range(at, next_at, step):
                self._add(series, to, begin_ms, next_at if series.key in ADDED else begin_ms + step, samples)
            at = next_at
            if samples.count:
                yield beginning, samples

    def span(self, series: Series, start_ms: int, end_ms: int) -> Samples:
        """Return what a series holds between two times, published or not."""
        samples = Samples()
        to = self.destinations(series)
        if to:
            self._add(series, to, start_ms, end_ms, samples)
        return samples

    def destinations(self, series: Series) -> list[Destination]:
        """Return the destinations that a series counts; none for dimensions that no series has."""
        wanted = dict(series.dimensions)
        component = wanted.pop("InferenceComponentName", None)
        if component is not None:
            fits = not wanted and series.name not in _BY_INSTANCE
            return [to for to in self._fleet.destinations if fits and to.component == component]
        container = wanted.pop("ContainerName", None)
        if set(wanted) != {"EndpointName", "VariantName"} or series.name in _BY_COPY:
            return []
        if self._scenario.endpoint not in (None, wanted["EndpointName"]):
            return []
        if (container is None) == (series.name == "ContainerLatency"):
            return []
        return [
            to
            for to in self._fleet.destinations
            if to.variant == wanted["VariantName"] and container in (None, to.container)
        ]

    def _add(self, series: Series, to: Sequence[Destination], start_ms: int, end_ms: int, samples: Samples) -> None:
        if series.key in ADDED:
            add = ADDED[series.key][1]
            for tally in self._tallies.between([destination.number for destination in to], start_ms, end_ms):
                add(tally, samples)
        elif series.key == LOADING:
            found = self._utilization.loading_us(to, start_ms, end_ms)
            samples.add_counts(found.count, found.total, found.low, found.high)
        elif series.key in MEASURED:
            for value in MEASURED[series.key][1](self._utilization, to, start_ms, end_ms):
                samples.add(value)
