"""Carries one load through all its steps, from profile and endpoint to checked result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from pytest_smload.conduct.allowance import Allowance, Safeguards
from pytest_smload.conduct.client_machine import machine_class
from pytest_smload.conduct.endpoints import endpoint_facts
from pytest_smload.conduct.looks import Assessment, run_until_proven
from pytest_smload.conduct.preflight import inspect
from pytest_smload.conduct.regressions import RegressionBudgets
from pytest_smload.conduct.retry import run_until_decided
from pytest_smload.conduct.scaling_limits import is_scaled, left_out, unfit_limits
from pytest_smload.conduct.sender import Sender
from pytest_smload.conduct.witnesses import watched, witnesses_of
from pytest_smload.core.baselines.fingerprint import fingerprint
from pytest_smload.core.hosting.content import content_facts
from pytest_smload.core.limits.budget import BUILT_IN_SOURCE
from pytest_smload.core.limits.judge import abort_check, judge
from pytest_smload.core.limits.reach import kept_by_all, offers, unreachable
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.results.diagnosed import diagnosed
from pytest_smload.core.statistics.bound import ALPHA
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.interrupts import held_back
from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.choice import choose_transport
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.conduct.preflight import Inspection
    from pytest_smload.conduct.regressions import BaselineUse, RegressionVerdict
    from pytest_smload.conduct.witness import Testimony
    from pytest_smload.conduct.witnesses import Send
    from pytest_smload.core.limits.budget import Budget, ResolvedBudget, ScopedLimit
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.engine.interrupts import HeldBack
    from pytest_smload.settings.tables import EndpointSettings
    from pytest_smload.transport.choice import TransportChoice


_CLIENT = f"pytest-smload {__version__.rpartition('.')[0]}"
"""A patch release measures as the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """A load about to run.

    Attributes:
        profile: The load, traffic fields filled in.
        budget: Its limits; None only measures.
        notes: Remarks for the report.
        root: What payload paths are relative to.
        transport: The transport asked for, or None for the software's choice.
        baselines: Where runs of it are recorded.
        cloudwatch: Whether CloudWatch may be asked about it.
        safeguards: What it may not do.
        preflight: What AWS says of the endpoint; None where nobody can be asked.
        scaling: What holds the endpoint's instances; None where nothing of ours does.
    """

    profile: LoadProfile
    label: str | None
    budget: Budget | None
    notes: tuple[str, ...]
    root: Path
    settings: EndpointSettings
    target: EndpointTarget
    transport: str | None
    baselines: BaselineUse
    cloudwatch: bool = True
    safeguards: Safeguards = field(default_factory=Safeguards)
    preflight: Preflight | None = None
    scaling: ScalingWish | None = None


class Announcer(Protocol):
    """Hears where a load is about to go."""

    def announce(
        self, request: LoadRequest, endpoint: EndpointFacts, transport: str, reason: str, inspection: Inspection
    ) -> object:
        """Called before the first request, once everything that can be known without one is known to be well."""

    def waiting(self, line: str) -> object:
        """Show what is waited for, before the load or once it has ended."""


def conduct(request: LoadRequest, hooks: LoadHooks, announcer: Announcer) -> LoadResult:
    """Run the load and judge it; a breached budget or an invalid run is in the result, never raised.

    Raises:
        ConfigurationError, PayloadError, EndpointError: the load cannot be sent as described; nothing was sent.
    """
    plan = LoadPlan.from_profile(request.profile, request.root)
    resolved = _resolve_budget(request.budget, plan)
    if problems := unfit_limits(request.budget, request.scaling):
        raise ConfigurationError(problems)
    way = choose_transport(request.transport, request.target)
    allowance = _allowance(request, plan, simulated=way.simulated)
    hooks = replace(hooks, ends_load=allowance.ends)
    sender = Sender(plan, request.target, way.name, hooks, way.simulated, gives_up=_forbids_failing_wholly(resolved))
    sender.check()
    limits, meaningless = _meaningful_limits(resolved, simulated=way.simulated)
    inspection = inspect(request, plan, announcer.waiting, simulated=way.simulated)
    allowance.check_cost()
    facts = endpoint_facts(request.settings, request.target, inspection.account)
    unconfirmed = way.simulated or is_scaled(request.scaling)
    regressions = None if unconfirmed else _regression_budgets(request, resolved, plan, facts, way)
    announcer.announce(request, facts, way.name, way.reason, inspection)

    judging = _Judging(request.profile, resolved, limits, allowance, simulated=way.simulated)
    with watched(witnesses_of(request, plan, resolved)) as watch, held_back() as interrupts:
        hosting = request.preflight.hosting if request.preflight is not None else None
        if regressions is not None:
            # As it is now that the witnesses have begun, one of which may have changed the endpoint on purpose.
            regressions = regressions.with_hosting(content_facts(hosting))
        send = watch.counting(_within(allowance, sender, watch.period_s))
        last, undecided = run_until_decided(
            allowance.profile,
            lambda: run_until_proven(allowance.profile, send, judging.assess),
            # One that scales would begin where it had scaled to.
            may_repeat=lambda: allowance.may_repeat and not is_scaled(request.scaling),
        )
        result = build_result(
            last.recording,
            last.measurement,
            last.health,
            label=request.label,
            endpoint=facts,
            profile=request.profile,
            transport=way.name,
            transport_reason=way.reason,
            checks=last.checks,
            notes=[
                *request.notes,
                *inspection.notes,
                *judging.notes,
                *meaningless,
                *left_out(request.budget, request.scaling),
                *(each.note for each in undecided),
            ],
            reruns=[each.counts for each in undecided],
            hosting=hosting,
        )
        if regressions is not None:
            again = regressions.judge(last, lambda: judging.assess(send(), ALPHA))
            result = _with_regressions(result, again)
        result = _explained(result, lambda: watch.testimonies(last, announcer.waiting), interrupts)
    # What was measured is not lost to a signal that came while it was judged.
    return replace(result, interrupted=True) if interrupts.count else result


class _Judging:
    """Judges runs of one load by its limits.

    Attributes:
        notes: What is to be said of the budget.
    """

    def __init__(
        self,
        profile: LoadProfile,
        budget: ResolvedBudget | None,
        limits: Sequence[ScopedLimit],
        allowance: Allowance,
        *,
        simulated: bool,
    ) -> None:
        self.notes = budget.notes if budget is not None else ()
        self._on_unproven = profile.on_unproven
        self._limits = limits
        self._allowance = allowance
        self._scopes = {scope for scope, _ in (*limits, *(budget.regressions if budget is not None else ()))}
        self._simulated = simulated

    def assess(self, recording: Recording, alpha: float) -> Assessment:
        """Return what *recording* amounts to, with intervals that miss *alpha*."""
        measurement = measure(recording)
        health = examine(recording, measurement, budgeted_scopes=self._scopes, simulated=self._simulated)
        if (ended := self._allowance.finding) is not None:
            health = replace(health, valid=False, reasons=(ended, *health.reasons))
        slowness = ClientSlowness(recording) if health.judged else None
        checks = judge(self._limits, measurement, alpha=alpha, on_unproven=self._on_unproven, slowness=slowness)
        if recording.aborted is not None:
            checks.insert(0, abort_check(recording.aborted))
        return Assessment(recording, measurement, health, checks, slowness)


def _within(allowance: Allowance, sender: Sender, period_s: int | None) -> Send:
    """Return what sends the load's next run, as much of it as *allowance* leaves; *period_s* is `Sender.send`'s."""

    def send(goes_on: Callable[[Look], bool] | None = None) -> Recording:
        next_run = replace(sender, plan=allowance.next_plan())
        with allowance.run():
            recording = next_run.send(goes_on, period_s=period_s)
            allowance.ran(recording)
        return recording

    return send


def _allowance(request: LoadRequest, plan: LoadPlan, *, simulated: bool) -> Allowance:
    preflight = request.preflight
    costs_nothing = simulated or request.settings.embedded
    hosting = None if costs_nothing else lambda: preflight.hosting if preflight is not None else None
    return Allowance(request.safeguards, plan, hosting)


def _regression_budgets(
    request: LoadRequest, budget: ResolvedBudget | None, plan: LoadPlan, endpoint: EndpointFacts, way: TransportChoice
) -> RegressionBudgets | None:
    """The load's regression budgets with what is recorded, or None without any.

    Raises:
        ConfigurationError: the baseline file is not one.
    """
    if budget is None or not budget.regressions:
        return None
    transport = f"{way.name} through a proxy" if way.proxied else way.name
    return RegressionBudgets(
        budget=budget,
        use=request.baselines,
        recorded=request.baselines.recorded(),
        fingerprint=fingerprint(
            plan,
            endpoint,
            transport=transport,
            client=_CLIENT,
            machine=machine_class(),
            scaling=request.scaling.fingerprint if request.scaling is not None else None,
        ),
        on_unproven=request.profile.on_unproven,
    )


def _explained(result: LoadResult, testimonies: Callable[[], Sequence[Testimony]], interrupts: HeldBack) -> LoadResult:
    """Return *result* with what the witnesses say, which a signal may cut short, and what explains it."""
    if not result.interrupted and not interrupts.count:
        with interrupts.let_through():
            result = _with_testimonies(result, testimonies())
    return diagnosed(result)


def _with_testimonies(result: LoadResult, testimonies: Sequence[Testimony]) -> LoadResult:
    for said in testimonies:
        client = result.client
        if said.reasons:
            client = replace(client, valid=False, reasons=(*client.reasons, *said.reasons))
        result = replace(
            result,
            client=client,
            checks=(*result.checks, *said.checks),
            notes=(*result.notes, *said.notes),
            **said.facts,
        )
    return result


def _with_regressions(result: LoadResult, verdict: RegressionVerdict) -> LoadResult:
    client = result.client
    if verdict.reasons:
        client = replace(client, valid=False, reasons=(*client.reasons, *verdict.reasons))
    return replace(
        result,
        client=client,
        interrupted=result.interrupted or verdict.interrupted,
        checks=(*result.checks, *verdict.checks),
        notes=(*result.notes, *verdict.notes),
        baseline=verdict.outcome,
        reruns=(*result.reruns, *verdict.reruns),
    )


def _resolve_budget(budget: Budget | None, plan: LoadPlan) -> ResolvedBudget | None:
    if budget is None:
        return None
    stages = plan.profile.stages or ()
    resolved = budget.resolve(
        routes=[route.name for route in plan.routes] if plan.route_kind is not None else [],
        kind=plan.route_kind,
        stages=[stage.name or str(number) for number, stage in enumerate(stages, start=1)],
        open_model=plan.profile.open_model,
    )
    shares = {route.name: share for route, share in zip(plan.routes, plan.shares, strict=True)}
    offered = offers(plan.profile, shares, plan.route_kind)
    problems = [*resolved.problems, *unreachable(resolved.limits, offered), *kept_by_all(resolved.server)]
    if problems:
        raise ConfigurationError(problems)
    return resolved


def _forbids_failing_wholly(budget: ResolvedBudget | None) -> bool:
    """Whether a load none of whose requests succeeds breaks a limit on its errors; one that is only measured may."""
    return any(
        scope == TOTAL and limit.metric == "error_rate" and limit.at_most is not None and limit.at_most < 1
        for scope, limit in (budget.limits if budget is not None else ())
    )


def _meaningful_limits(budget: ResolvedBudget | None, *, simulated: bool) -> tuple[Sequence[ScopedLimit], list[str]]:
    """Limits that mean something for this load, and a note on those that do not: a mock takes no time to answer."""
    limits = budget.limits if budget is not None else ()
    if not simulated:
        return limits, []
    timed = [limit.metric for _, limit in limits if limit.row.timed and limit.source != BUILT_IN_SOURCE]
    timed += [limit.metric for _, limit in (budget.regressions if budget is not None else ())]
    note = [f"simulated: {', '.join(dict.fromkeys(timed))} not judged"] if timed else []
    return [(scope, limit) for scope, limit in limits if not limit.row.timed], note
