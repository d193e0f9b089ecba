"""Runs small real loads and counts what their reports say, kind by kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.target import Credentials, EndpointTarget
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.sources import override_budget
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import Measurement, measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.run import run_load
from pytest_smload.transport.http.transport import HttpTransport
from pytest_smload.transport.sdk.transport import Boto3Transport

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.emulator.endpoint_log import EndpointLog
    from pytest_smload.emulator.process import EmulatorProcess

ENDPOINT = "abalone"
CLOSED: dict[str, Any] = {"users": 4}
OPEN: dict[str, Any] = {"tps": 150, "max_in_flight": 200}
_MOST_LOOKS = 1_000


@dataclass
class FixedCredentials:
    """Credentials that stay the same."""

    current: Credentials = field(default_factory=lambda: Credentials("AKIDFIXED", "secret"))
    method: str = "test"


def peer_target(port: int, credentials: Any = None) -> EndpointTarget:
    """Return the target of a peer on this machine."""
    return EndpointTarget(ENDPOINT, "us-east-1", f"http://127.0.0.1:{port}", "test", credentials or FixedCredentials())


def emulator_target(emulator: EmulatorProcess) -> EndpointTarget:
    """Return the target of an embedded endpoint."""
    return local_target(
        emulator.url,
        access_key=emulator.access_key,
        secret_key=emulator.secret_key,
        endpoint_name=ENDPOINT,
        region=emulator.region,
    )


def _profile(fields: dict[str, Any]) -> LoadProfile:
    defaults = {"payload": b"0.455,0.365", "content_type": "text/csv", "warmup": "0s", "timeout": "30s"}
    return LoadProfile(**(defaults | fields))


@dataclass(frozen=True)
class LoadRun:
    """What a load recorded, and what its report says."""

    recording: Recording
    measurement: Measurement

    @property
    def kinds(self) -> Counter[str]:
        """Requests sent, by kind: the window's as the report counts them, and the warm-up's."""
        measurement = self.measurement
        window = Counter({"ok": measurement.total.ok, **measurement.errors})
        assert window.total() == measurement.total.requests
        assert window["Unsent"] == measurement.unsent
        del window["Unsent"]
        warmup = self._warmup_kinds()
        assert (warmup.total(), warmup.total() - warmup["ok"]) == (measurement.warmup.sent, measurement.warmup.errors)
        return +(window + warmup)

    @property
    def models(self) -> Counter[tuple[str, str]]:
        """Requests sent, by model and kind."""
        recording = self.recording
        samples = recording.samples
        return Counter(
            (recording.model_names[model], recording.kind_names[kind])
            for model, kind in zip(samples.model, samples.kind, strict=True)
        )

    @property
    def accused(self) -> list[str]:
        """What the report holds against the client's credentials, clock, DNS or descriptors."""
        health = examine(self.recording, self.measurement, budgeted_scopes=(), simulated=False)
        return [finding.cause for finding in health.reasons if "on the client's side" in finding.cause]

    def _warmup_kinds(self) -> Counter[str]:
        recording = self.recording
        samples = recording.samples
        since = samples.due if recording.open_model else samples.start
        return Counter(
            recording.kind_names[kind]
            for begun, kind in zip(since, samples.kind, strict=True)
            if begun < recording.window_start_s
        )


def run(
    target: EndpointTarget,
    *,
    transport: str = "http",
    hooks: LoadHooks | None = None,
    max_body_bytes: int | None = None,
    **fields: Any,
) -> LoadRun:
    """Run the load *fields* describe."""
    profile = _profile(fields)
    chosen: Any
    if transport == "boto3":
        chosen = Boto3Transport(target, timeout_s=profile.timeout_s, pool_size=profile.most_in_flight)
    else:
        options = {} if max_body_bytes is None else {"max_body_bytes": max_body_bytes}
        chosen = HttpTransport(target, timeout_s=profile.timeout_s, **options)
    recording = run_load(
        LoadPlan.from_profile(profile, Path()),
        chosen,
        endpoint_name=target.endpoint_name,
        base_url=target.url,
        hooks=hooks or LoadHooks(),
    )
    return LoadRun(recording, measure(recording))


def judged(
    target: EndpointTarget, budget: dict[str, Any], *, hooks: LoadHooks | None = None, **fields: Any
) -> LoadResult:
    """Run the load *fields* describe and hold it against *budget*."""
    load = run(target, hooks=hooks, **fields)
    recording, measurement = load.recording, load.measurement
    limits = override_budget(budget, source="test")
    assert limits is not None
    profile = _profile(fields)
    resolved = limits.resolve(routes=[], open_model=profile.open_model)
    assert resolved.problems == ()
    return build_result(
        recording,
        measurement,
        examine(recording, measurement, budgeted_scopes={TOTAL}, simulated=False),
        label=None,
        endpoint=EndpointFacts("test", target.endpoint_name, target.region, target.url),
        profile=profile,
        transport="http",
        transport_reason="test",
        checks=judge(resolved.limits, measurement, slowness=ClientSlowness(recording)),
        notes=(),
    )


def settled_log(emulator: EmulatorProcess) -> EndpointLog:
    """Return the endpoint's log once everything it received has been answered."""
    for _ in range(_MOST_LOOKS):
        log = emulator.log()
        if not log.in_flight:
            return log
    raise AssertionError(f"{log.in_flight} requests are still under way")
