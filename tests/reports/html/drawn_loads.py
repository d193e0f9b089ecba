"""Makes loads as a page has to show them, measured from samples drawn with a seed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.sources import parse_marker_limits
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import Stage, stage_spans
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.results.result import LoadResult
from pytest_smload.core.samples.generators import Generator
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine

STAGING = EndpointFacts("staging", "tenants", "us-east-1", "https://runtime.sagemaker.example", "111122223333")
LIMITS = {"p95": "120ms", "p99": "250ms", "error_rate": "2%", "tps": "90%"}
WARMUP_S = 5.0
Floats = Any


def _usual_ms(draw: np.random.Generator, due_s: Floats, model: Floats) -> Floats:
    return draw.lognormal(3.3 + 0.25 * np.sin(due_s / 9) + 0.02 * (model % 7), 0.45)


def measured(
    seed: int = 1,
    *,
    models: Sequence[str] = ("a.tar.gz", "b.tar.gz"),
    tps: float = 40,
    window_s: float = 60,
    limits: dict[str, Any] | None = None,
    model_limits: dict[str, Any] | None = None,
    latency_ms: Callable[[np.random.Generator, Floats, Floats], Floats] = _usual_ms,
    error_share: float = 0.0,
    messages: Sequence[str] = ("the model raised", "Rate exceeded"),
    stages: Sequence[Stage] | None = None,
    stalls_s: Sequence[float] = (),
    label: str | None = None,
    workers: Sequence[Generator] = (),
    notes: Sequence[str] = (),
    endpoint: EndpointFacts = STAGING,
) -> LoadResult:
    """Return the result of an open load over *models*, the first of them half of the traffic.

    Args:
        stalls_s: Seconds of the window in which the client's own loop stood still for 0.2 s.
    """
    draw = np.random.default_rng(seed)
    count = int(tps * (window_s + WARMUP_S))
    kinds = ErrorKinds()
    codes = np.array([kinds.code("ModelError", 500), kinds.code("ThrottlingException", 400)], np.uint8)
    due = np.arange(count) / tps
    model = np.where(draw.random(count) < 0.5, 0, draw.integers(0, len(models), count))
    late = (due > 0.6 * window_s) & (draw.random(count) < error_share)
    columns = {
        "due": due,
        "start": due + 0.0002,
        "end": due + 0.0002 + latency_ms(draw, due, model) / 1000,
        "kind": np.where(late, codes[(draw.random(count) < 0.3).astype(int)], 0).astype(np.uint8),
        "model": model.astype(np.uint16),
    }
    samples = Samples()
    for name, column in columns.items():
        getattr(samples, name).frombytes(np.ascontiguousarray(column).tobytes())
    lag_s = draw.exponential(0.0002, int(window_s * 100))
    for at_s in stalls_s:
        lag_s[int(at_s * 100)] = 0.2
    lags = array("d", lag_s.tolist())
    spans = stage_spans(stages)
    recording = Recording(
        model_names=list(models),
        route_kind="model",
        target_shares=[0.5 + 0.5 / len(models), *[0.5 / len(models)] * (len(models) - 1)],
        kind_names=kinds.names,
        kind_statuses=kinds.statuses,
        samples=samples,
        open_model=True,
        window_start_s=WARMUP_S,
        window_end_s=WARMUP_S + window_s,
        clients=[ClientReadings(0.2, lags, lags)],
        started_at="2026-01-01T00:00:00+00:00",
        offered_tps=tps,
        stages=tuple(spans),
        generators=list(workers),
        examples={
            kind: InvocationFailure(kind, message, status)
            for (kind, status), message in zip(
                (("ModelError", 500), ("ThrottlingException", 400)), messages, strict=True
            )
            if error_share
        },
        bytes_in=[1000] * len(models),
        bytes_out=[100] * len(models),
    )
    measurement = measure(recording)
    found: list[Any] = []
    if limits is None or limits:
        found, problems = parse_marker_limits(LIMITS if limits is None else limits, source="perf_budget mark")
        assert not problems
    if model_limits:
        each, problems = parse_marker_limits(model_limits, source="perf_budget mark, each model")
        assert not problems
        # One limit over many models is one object, and so one family.
        found += [(ScopeName("model", name), limit) for _, limit in each for name in models]
    profile = LoadProfile(
        models=list(models),
        warmup="5s",
        **({"stages": stages} if stages else {"tps": tps, "duration": f"{window_s:g}s"}),
    )
    scopes = [TOTAL, *(ScopeName("model", name) for name in models if model_limits)]
    return build_result(
        recording,
        measurement,
        examine(recording, measurement, budgeted_scopes=scopes, simulated=False),
        label=label,
        endpoint=endpoint,
        profile=profile,
        transport="http",
        transport_reason="default",
        checks=judge(found, measurement),
        notes=notes,
    )
