"""Our client in the benchmarks: a load through the engine and the http transport, with CPU marks taken on the way."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import ClientFigures, CpuMark
from workload import CONTENT_TYPE, ENDPOINT_NAME, MODELS, ROW

from pytest_smload.aws.endpoint import resolve_target
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.trust.health import ClientHealth


@dataclass(frozen=True, slots=True)
class _Address:
    endpoint_url: str
    endpoint_name: str = ENDPOINT_NAME
    region: str | None = None
    source: str = "benchmark"
    control_url: str | None = None


class MeteredTransport(HttpTransport):
    """The http transport, noting the process's CPU whenever the engine sweeps: four times a second, off the path.

    Attributes:
        marks: The notes, in order of time.
    """

    def __init__(self, target: EndpointTarget, *, timeout_s: float) -> None:
        super().__init__(target, timeout_s=timeout_s)
        self.marks: list[CpuMark] = []

    def sweep(self, now: float) -> None:
        super().sweep(now)
        self.marks.append(CpuMark.now())


@dataclass(frozen=True, slots=True)
class Load:
    """A load that ran, and what was found in it."""

    recording: Recording
    measurement: Measurement
    health: ClientHealth
    marks: list[CpuMark]

    def figures(self) -> ClientFigures:
        """Return what the load alone cost: between the first and the last mark inside the window."""
        recording, samples = self.recording, self.recording.samples
        inside = [mark for mark in self.marks if recording.window_start_s <= mark.at_s < recording.window_end_s]
        if len(inside) < 2:
            raise SystemExit("the window is too short for two readings of the CPU; make it a second at least")
        first, last = inside[0], inside[-1]
        # Samples are in the order they ended, but for those that ended within the same few microseconds.
        begin, end = bisect_left(samples.end, first.at_s), bisect_left(samples.end, last.at_s)
        kinds = samples.kind[begin:end]
        return ClientFigures(
            begin_s=first.at_s,
            end_s=last.at_s,
            requests=end - begin,
            errors=len(kinds) - kinds.count(0),
            cpu_s=last.cpu_s - first.cpu_s,
            p95_ms=self.measurement.total.p95_ms,
            delay_p99_ms=self.health.delay_p99_ms,
        )


def target_at(url: str) -> EndpointTarget:
    """Return the target at *url*; region, credentials and CA bundle come from the environment, as they do for boto3."""
    return resolve_target(_Address(url))


def profile_of(**fields: Any) -> LoadProfile:
    """Return a profile with the benchmarks' models and payload where *fields* has none."""
    usual: dict[str, Any] = {"models": MODELS, "payload": ROW, "content_type": CONTENT_TYPE, "seed": 1}
    return LoadProfile(**(usual | fields))


def run(url: str, profile: LoadProfile, *, around: AbstractContextManager[object] | None = None) -> Load:
    """Run *profile* against *url* as the plugin does, and look at what it measured.

    Args:
        around: Entered for the load alone: a profiler.
    """
    target = target_at(url)
    plan = LoadPlan.from_profile(profile, Path())
    transport = MeteredTransport(target, timeout_s=profile.timeout_s)
    hooks = LoadHooks(on_progress=lambda _progress: None)
    with around or nullcontext():
        recording = run_load(plan, transport, endpoint_name=target.endpoint_name, base_url=target.url, hooks=hooks)
    measurement = measure(recording)
    health = examine(recording, measurement, budgeted_scopes=(), simulated=False)
    return Load(recording, measurement, health, transport.marks)
