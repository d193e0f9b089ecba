"""What the control of a load amounted to, and how the load compares with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_smload.core.baselines.outcome import MetricComparison
from pytest_smload.core.measure.figures import MixShare, Stats, WarmupCounts
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.trust.health import ClientHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """The control of one load: what was sent to it in the same window, and what it answered.

    Attributes:
        name: As the mark names it.
        endpoint: Where it is.
        total: Its figures.
        models: Requests of the window per model, or whatever else the weights name.
        mix: Share of its traffic by the same names.
        errors: Failures per error kind.
        sent, unsent: Counts over the window.
        warmup: What it was sent before.
        client: How the client fared at sending to it.
        distribution: Where its latencies and failures lie; None where its window is empty.
        comparisons: The load compared with it, one per regression budget; empty where they could not be.
    """

    name: str
    endpoint: EndpointFacts
    total: Stats
    models: Mapping[str, int]
    mix: Mapping[str, MixShare]
    errors: Mapping[str, int]
    sent: int
    unsent: int
    warmup: WarmupCounts
    client: ClientHealth
    comparisons: tuple[MetricComparison, ...] = ()
    distribution: Distribution | None = None
