"""What a run, its tests and their loads amounted to: the one schema of results, in memory and in ``report.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from pytest_smload.core.baselines.outcome import BaselineOutcome
from pytest_smload.core.capacity.capacity import Capacity
from pytest_smload.core.diagnosis.finding import Diagnosis
from pytest_smload.core.hosting.hosting import Hosting
from pytest_smload.core.limits.check import Check
from pytest_smload.core.measure.by_name import ByName
from pytest_smload.core.measure.figures import Figures, InvokedVariant, MixShare, Stats, TimelinePoint, WarmupCounts
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.route_kinds import ROUTE_TABLES, RouteKind
from pytest_smload.core.results.control import ControlResult
from pytest_smload.core.safety.cost import LoadCost
from pytest_smload.core.samples.generators import Generator
from pytest_smload.core.scaling.record import ScalingRecord
from pytest_smload.core.server.server_side import ServerSide
from pytest_smload.core.trust.health import ClientHealth

Verdict = Literal["pass", "fail", "invalid", "interrupted"]


@dataclass(frozen=True, slots=True)
class Rerun:
    """What a load sent besides, in a run of its own: in no other figure of the load, but in the endpoint's log.

    Attributes:
        why: ``"regression"``: the rerun that was to confirm one. ``"client"``: a run before the one judged, which the
            client's own slowness left undecided. ``"control"``: what a run other than the one judged
            sent to the control.
        sent, unsent, errors: Counts over its window.
        models: Requests of its window per model, or whatever else the weights name.
        warmup: What it sent before.
        valid: Whether its measurement can be trusted.
    """

    started_at: str
    sent: int
    unsent: int
    errors: int
    models: Mapping[str, int]
    warmup: WarmupCounts
    valid: bool
    why: Literal["regression", "client", "control"] = "regression"


@dataclass(frozen=True, kw_only=True, repr=False)
class LoadResult(Figures):
    """One load's outcome; the total's figures are its own attributes.

    Attributes:
        label: The name given to ``sm_endpoint.load``, or None.
        endpoint: What was loaded: *name*, *endpoint_name*, *region*, *url*.
        profile: The load that ran, as `pytest_smload.core.load.written.written_profile` writes it down.
        transport, transport_reason: How it was sent, and why so.
        started_at: When, in ISO 8601, UTC.
        window_s: Length of the window in seconds.
        offered_tps: Requests per second asked for; None in a closed load.
        warmup: Requests before the window: *sent*, *errors*, *models*.
        client: How far this machine distorted it.
        checks: Each limit with what was observed.
        models, variants, containers, components: Statistics per TargetModel, variant, container or inference component,
            of the one kind that the load's weights are over; the others are empty. An unknown name is answered with the
            nearest one, here as in *stages*.
        names: Statistics per name of the requests of a locustfile (``"GET /"``); empty without one.
        mix: Share of the traffic by what has weights; empty without.
        invoked_variants: What each production variant answered, by the answers' own word: SageMaker's split where no
            variant is asked for. Empty where answers name none, and where the first 1,000 all name one, unasked.
        stages: Statistics per stage; empty without stages.
        errors: Count per error kind; their sum is the total's error count.
        examples: One line for people per error kind: the first one seen.
        examples_by_route: The same per model, or whatever else the weights name, and error kind; of the first 500 such
            pairs seen. Empty where nothing has weights or names.
        timeline: One point per second of the window.
        warmup_timeline: What was sent before the window second by second, priming included, with negative ``t_s``; no
            check reads it. Its ``offered`` is what was sent of it: arrivals that found no free user were dropped.
        sent, unsent, scheduled, cap_hits, connects, in_flight_at_end: Counts over the window.
        interrupted: Ctrl-C ended the load early.
        notes: Remarks for the report (a file's limit looser than the mark's, ...).
        baseline: What holding it against its baseline came to; None without a regression budget.
        control: The control it was compared with in its own window; None without one.
        reruns: What it sent besides the run judged.
        server: What CloudWatch said of it; None where it was not asked.
        diagnosis: What explains the figures, the gravest first; empty where all is well.
        hosting: What hosted the endpoint when the load began; None where that is not known.
        cost: What it cost by ``[prices]``; None where prices or instances are not known.
        scaling: What held the endpoint's instances, and what became of them; None where nothing did nor scaled.
        workers: The processes that sent it, where there were several.
        distribution: Where its latencies and failures lie; None where its window is empty.
    """

    label: str | None
    endpoint: EndpointFacts
    profile: Mapping[str, Any]
    transport: str
    transport_reason: str
    started_at: str
    window_s: float
    offered_tps: float | None
    scheduled: int
    sent: int
    unsent: int
    cap_hits: int
    connects: int
    in_flight_at_end: int
    interrupted: bool
    warmup: WarmupCounts
    models: Mapping[str, Stats]
    variants: Mapping[str, Stats] = field(default_factory=dict)
    containers: Mapping[str, Stats] = field(default_factory=dict)
    components: Mapping[str, Stats] = field(default_factory=dict)
    names: Mapping[str, Stats] = field(default_factory=dict)
    stages: Mapping[str, Stats]
    mix: Mapping[str, MixShare]
    invoked_variants: Mapping[str, InvokedVariant] = field(default_factory=dict)
    errors: Mapping[str, int]
    examples: Mapping[str, str]
    examples_by_route: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    client: ClientHealth
    timeline: tuple[TimelinePoint, ...]
    warmup_timeline: tuple[TimelinePoint, ...] = ()
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    baseline: BaselineOutcome | None = None
    control: ControlResult | None = None
    reruns: tuple[Rerun, ...] = ()
    server: ServerSide | None = None
    diagnosis: tuple[Diagnosis, ...] = ()
    hosting: Hosting | None = None
    scaling: ScalingRecord | None = None
    cost: LoadCost | None = None
    workers: tuple[Generator, ...] = ()
    distribution: Distribution | None = None

    def __post_init__(self) -> None:
        for name in (*ROUTE_TABLES.values(), "stages"):
            object.__setattr__(self, name, ByName(getattr(self, name)))

    def __repr__(self) -> str:
        label = f" {self.label!r}" if self.label else ""
        over = f", {len(self.routes):,} {ROUTE_TABLES[self.route_kind]}" if self.route_kind is not None else ""
        return f"<LoadResult{label} {self.verdict}: {self._in_short()}{over}>"

    @property
    def route_kind(self) -> RouteKind | None:
        """What the weights are over, or ``"name"``; None without weights and names."""
        return next((kind for kind, table in ROUTE_TABLES.items() if getattr(self, table)), None)

    @property
    def routes(self) -> Mapping[str, Stats]:
        """Statistics by the names that have weights, or that requests go by."""
        kind = self.route_kind
        found: Mapping[str, Stats] = getattr(self, ROUTE_TABLES[kind]) if kind is not None else {}
        return found

    @property
    def total(self) -> Stats:
        """The whole load's figures by themselves."""
        figures = {each.name: getattr(self, each.name) for each in fields(Figures)}
        return Stats(**figures, errors=self.requests - self.ok)

    @property
    def verdict(self) -> Verdict:
        """``interrupted`` where Ctrl-C ended it, for then nothing is judged.

        Else ``invalid`` when the measurement cannot be trusted, ``fail`` when a check failed, ``invalid`` when one is
        undecided, and ``pass``.
        """
        if self.interrupted:
            return "interrupted"
        if not self.client.valid:
            return "invalid"
        outcomes = {check.outcome for check in self.checks}
        # One sound failure fails the load, whatever else is undecided.
        return "fail" if "fail" in outcomes else "invalid" if "invalid" in outcomes else "pass"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One attempt of one test.

    Attributes:
        attempt: Counted from 1.
        capacities: What its capacity searches found; their probes are in no other place.
        verdict: ``interrupted`` where a load of it was, else the worst of its loads', or ``fail`` where only its own
            body failed; ``invalid`` without a load or search.
    """

    __test__: ClassVar[bool] = False  # nothing for pytest to collect, whatever the name

    nodeid: str
    attempt: int
    verdict: Verdict
    loads: tuple[LoadResult, ...] = ()
    capacities: tuple[Capacity, ...] = ()

    @property
    def failed_besides(self) -> bool:
        """Whether it failed, and none of its loads and searches did."""
        verdicts = {each.verdict for each in self.loads} | {each.verdict for each in self.capacities}
        return self.verdict == "fail" and verdicts <= {"pass"}


@dataclass(frozen=True, slots=True)
class OtherFailure:
    """A perf test that failed for something other than its measurement: its own body, a fixture, its settings."""

    nodeid: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run of pytest: the whole of ``report.json``.

    Attributes:
        schema: Version of the format.
        started_at: ISO 8601 in UTC.
        interrupted: Ctrl-C ended the run early.
        version: Of pytest-smload; None where it is not known, as *commit* and *branch*.
        commit, branch: What was checked out.
        tests: Attempts in the order they were reported.
        failures: Perf tests that failed besides.
    """

    schema: Literal[1] = 1
    started_at: str
    interrupted: bool = False
    version: str | None = None
    commit: str | None = None
    branch: str | None = None
    tests: tuple[TestResult, ...] = ()
    failures: tuple[OtherFailure, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the last attempts', a failure before what is undecided; ``invalid`` without any."""
        if self.interrupted:
            return "interrupted"
        verdicts = {test.verdict for test in {test.nodeid: test for test in self.tests}.values()}
        if self.failures:
            verdicts.add("fail")
        ranked: tuple[Verdict, ...] = ("interrupted", "fail", "invalid", "pass")
        return next((verdict for verdict in ranked if verdict in verdicts), "invalid")
