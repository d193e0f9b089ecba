"""Carries one load through all its steps, from profile and endpoint to checked result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pytest_smload.conduct.allowance import Allowance
from pytest_smload.conduct.both_sides import halved
from pytest_smload.conduct.control import with_control
from pytest_smload.conduct.demands import Demands
from pytest_smload.conduct.endpoints import endpoint_facts
from pytest_smload.conduct.following import Following
from pytest_smload.conduct.load_cost import check_prices, with_cost
from pytest_smload.conduct.looks import Assessment, run_until_proven
from pytest_smload.conduct.own_users import WAY
from pytest_smload.conduct.preflight import inspect
from pytest_smload.conduct.retry import run_until_decided
from pytest_smload.conduct.scaling_limits import is_scaled
from pytest_smload.conduct.senders import sender_of
from pytest_smload.conduct.witnesses import watched, witnesses_of
from pytest_smload.core.hosting.content import content_facts
from pytest_smload.core.limits.aborted import abort_check
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.slowness import ClientSlowness
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.results.diagnosed import diagnosed
from pytest_smload.core.statistics.bound import ALPHA
from pytest_smload.core.trust.validity import examine
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.interrupts import held_back
from pytest_smload.transport.choice import choose_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.conduct.control import OtherSide
    from pytest_smload.conduct.preflight import Inspection
    from pytest_smload.conduct.regressions import RegressionVerdict
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.conduct.retry import Undecided
    from pytest_smload.conduct.senders import LoadSender
    from pytest_smload.conduct.witness import Testimony
    from pytest_smload.conduct.witnesses import Send
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.live.view import LiveView
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.interrupts import HeldBack
    from pytest_smload.transport.choice import TransportChoice


class Announcer(Protocol):
    """Hears where a load is about to go."""

    def announce(
        self, request: LoadRequest, endpoint: EndpointFacts, transport: str, reason: str, inspection: Inspection
    ) -> object:
        """Called before the first request, once everything that can be known without one is known to be well."""

    def waiting(self, line: str) -> object:
        """Show what is waited for, before the load or once it has ended."""

    def progress(self, view: LiveView) -> object:
        """Show how the load goes; called about once a second."""


def conduct(request: LoadRequest, hooks: LoadHooks, announcer: Announcer) -> LoadResult:
    """Run the load and judge it; a breached budget or an invalid run is in the result, never raised.

    Raises:
        ConfigurationError, PayloadError, EndpointError: the load cannot be sent as described; nothing was sent.
    """
    plan = LoadPlan.from_profile(request.profile, request.root)
    way = WAY if request.profile.locustfile is not None else choose_transport(request.transport, request.target)
    request, other = with_control(request, way.name, simulated=way.simulated)
    demands = Demands.of(request, plan, simulated=way.simulated)
    allowance = _allowance(request, plan, simulated=way.simulated, other=other)
    following = Following(request, plan, demands, announcer.progress, hooks)
    sender = sender_of(request, way, following.hooks(allowance.ends), demands, other)
    sender.check(plan)
    inspection = _inspected(request, plan, other, announcer.waiting, simulated=way.simulated)
    allowance.check_cost()
    check_prices(request, inspection.hosting)
    facts = endpoint_facts(request.settings, request.target, inspection.account)
    sender.get_ready(facts.account, announcer.waiting)
    regressions = demands.regressions(request, plan, facts, way, other)
    announcer.announce(request, facts, way.name, way.reason, inspection)

    judging = _Judging(request.profile, demands, (allowance, following), simulated=way.simulated)
    witnesses = [*witnesses_of(request, plan, demands.budget), *(other.watches() if other is not None else ())]
    with watched(witnesses) as watch, held_back() as interrupts:
        hosting = request.preflight.hosting if request.preflight is not None else None
        if regressions is not None:
            # As it is now that the witnesses have begun, one of which may have changed the endpoint on purpose.
            regressions = regressions.with_hosting(content_facts(hosting))
        send = watch.counting(_within(allowance, sender, watch.period_s))
        last, undecided = run_until_decided(
            allowance.profile if other is None else halved(allowance.profile),
            lambda: run_until_proven(allowance.profile, send, judging.assess),
            may_repeat=lambda: allowance.may_repeat and not following.is_stopped and not is_scaled(request.scaling),
        )
        _tell(request, last, other)
        notes = [*request.notes, *inspection.notes, *demands.notes, *sender.notes, *following.notes]
        result = with_cost(_built(request, facts, way, last, undecided, notes, hosting), request, hosting)
        if regressions is not None:
            again = regressions.judge(last, lambda: judging.assess(send(), ALPHA))
            result = _with_regressions(result, again)
        result = _explained(result, lambda: watch.testimonies(last, announcer.waiting), interrupts)
    # What was measured is not lost to a signal that came while it was judged.
    return replace(result, interrupted=True) if interrupts.count else result


def _tell(request: LoadRequest, judged: Assessment, other: OtherSide | None) -> None:
    """Tell who wants to hear of it of the run that is judged, before another follows it."""
    if request.heard is not None:
        request.heard(judged)
    if request.heard_beside is not None and other is not None and other.recording is not None:
        request.heard_beside(other.recording)


def _built(
    request: LoadRequest,
    facts: EndpointFacts,
    way: TransportChoice,
    last: Assessment,
    undecided: Sequence[Undecided],
    notes: Sequence[str],
    hosting: Hosting | None,
) -> LoadResult:
    return build_result(
        last.recording,
        last.measurement,
        last.health,
        label=request.label,
        endpoint=facts,
        profile=request.profile,
        transport=way.name,
        transport_reason=way.reason,
        checks=last.checks,
        notes=[*notes, *(each.note for each in undecided)],
        reruns=[each.counts for each in undecided],
        hosting=hosting,
    )


def _inspected(
    request: LoadRequest, plan: LoadPlan, other: OtherSide | None, say: Callable[[str], object], *, simulated: bool
) -> Inspection:
    inspection = inspect(request, plan, say, simulated=simulated)
    if other is None:
        return inspection
    other.inspect(say)
    return replace(inspection, notes=(*inspection.notes, *other.notes))


class _Judging:
    """Judges runs of one load by what it is held to."""

    def __init__(
        self, profile: LoadProfile, demands: Demands, enders: Sequence[Allowance | Following], *, simulated: bool
    ) -> None:
        self._on_unproven = profile.on_unproven
        self._demands = demands
        self._enders = enders
        self._simulated = simulated

    def assess(self, recording: Recording, alpha: float) -> Assessment:
        """Return what *recording* amounts to, with intervals that miss *alpha*."""
        measurement = measure(recording)
        limits = self._demands.limits_on(measurement)
        scopes = self._demands.scopes_of(limits)
        health = examine(recording, measurement, budgeted_scopes=scopes, simulated=self._simulated)
        ended = tuple(ender.finding for ender in self._enders if ender.finding is not None)
        if ended:
            health = replace(health, valid=False, reasons=(*ended, *health.reasons))
        slowness = ClientSlowness(recording) if health.judged else None
        checks = judge(limits, measurement, alpha=alpha, on_unproven=self._on_unproven, slowness=slowness)
        if recording.aborted is not None:
            checks.insert(0, abort_check(recording.aborted, recording, judged=health.judged))
        return Assessment(recording, measurement, health, checks, slowness)


def _within(allowance: Allowance, sender: LoadSender, period_s: int | None) -> Send:
    """Return what sends the load's next run, as much of it as *allowance* leaves; *period_s* is `LoadSender.send`'s."""

    def send(goes_on: Callable[[Look], bool] | None = None) -> Recording:
        plan = allowance.next_plan()
        with allowance.run():
            recording = sender.send(plan, goes_on, period_s=period_s)
            allowance.ran(recording, beside=sender.beside)
        return recording

    return send


def _allowance(request: LoadRequest, plan: LoadPlan, *, simulated: bool, other: OtherSide | None) -> Allowance:
    preflight = request.preflight
    costs_nothing = simulated or request.settings.embedded
    hosting = None if costs_nothing else lambda: preflight.hosting if preflight is not None else None
    if other is None:
        return Allowance(request.safeguards, plan, hosting)
    return Allowance(request.safeguards, plan, other.hosting_beside(request.settings, hosting), sides=2)


def _explained(result: LoadResult, testimonies: Callable[[], Sequence[Testimony]], interrupts: HeldBack) -> LoadResult:
    """Return *result* with what the witnesses say, which a signal may cut short, and what explains it."""
    if not result.interrupted and not interrupts.count:
        with interrupts.let_through():
            result = _with_testimonies(result, testimonies())
    return diagnosed(result)


def _with_testimonies(result: LoadResult, testimonies: Sequence[Testimony]) -> LoadResult:
    for said in testimonies:
        result = replace(
            result,
            client=result.client.distrusted(said.reasons),
            checks=(*result.checks, *said.checks),
            notes=(*result.notes, *said.notes),
            **said.facts,
        )
    return result


def _with_regressions(result: LoadResult, verdict: RegressionVerdict) -> LoadResult:
    return replace(
        result,
        client=result.client.distrusted(verdict.reasons),
        interrupted=result.interrupted or verdict.interrupted,
        checks=(*result.checks, *verdict.checks),
        notes=(*result.notes, *verdict.notes),
        baseline=verdict.outcome,
        control=verdict.control,
        reruns=(*result.reruns, *verdict.reruns),
    )
