"""Searches the capacity of an endpoint: probes rates with loads until the highest that keeps the budget is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import ceil, inf
from time import perf_counter
from typing import TYPE_CHECKING

from pytest_smload.conduct.capacity_demands import in_flight_cap, probe_budget, refusals
from pytest_smload.conduct.capacity_doubts import doubt_of
from pytest_smload.conduct.capacity_hosts import carriers_of, changed_between
from pytest_smload.conduct.capacity_levels import level_of
from pytest_smload.conduct.endpoints import endpoint_facts
from pytest_smload.core.capacity.capacity import Capacity, at_least_check
from pytest_smload.core.capacity.level import is_kept
from pytest_smload.core.capacity.search import CapacitySearch
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.planned import planned_requests
from pytest_smload.core.load.written import written_profile
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_duration
from pytest_smload.errors import ConfigurationError, EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.capacity.level import Level
    from pytest_smload.core.capacity.search import Probe
    from pytest_smload.core.limits.budget import ScopedLimit
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.safety.limits import SafetyLimits

    Run = Callable[[LoadRequest], LoadResult]

LOOK_FACTOR = 4
"""A probe that is not proven goes on up to so many times its duration, where the profile says nothing of that."""
CONFIRMING = 2
"""The run that confirms the answer, and another look at the rate above it, last so many times as long as a probe."""
ABORT_ON = {"error_rate": "25%", "for": "2s"}
"""Ends a probe whose rate is far beyond what is kept, where the profile says nothing of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRequest:
    """A search about to begin.

    Attributes:
        load: The load of a probe; its rate is where the search begins.
        at_least: What the capacity is to be, requests/s; None where nothing is asked for.
        within_s: How long the search may take in all.
        max_tps: What it must not go beyond; None for ``[safety]`` alone.
        instances: How many instances carry the load; None where the endpoint tells.
    """

    load: LoadRequest
    at_least: float | None
    within_s: float
    max_tps: float | None
    instances: int | None


@dataclass(slots=True)
class _Search:
    """A search under way.

    Attributes:
        most_ms: The highest latency that a limit allows; None where none does.
        sent: Requests of its probes so far, warm-up and repetitions included.
        ended: Why it ended before it was done.
        proven: Rates kept by a probe that a load's own level proves, which is stricter than a search's.
    """

    request: CapacityRequest
    run: Run
    rates: CapacitySearch
    limits: Sequence[ScopedLimit]
    most_ms: float | None
    begin_s: float = field(default_factory=perf_counter)
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    levels: list[Level] = field(default_factory=list)
    last: LoadResult | None = None
    sent: int = 0
    ended: str = ""
    reasons: tuple[Finding, ...] = ()
    interrupted: bool = False
    proven: list[float] = field(default_factory=list)

    def go_on(self, say: Callable[[str], object]) -> None:
        """Probe until nothing is left to find out, or something is in the way."""
        while (probe := self.rates.next()) is not None:
            profile = self._profile(probe)
            self.ended = self._in_the_way(profile, probe)
            if self.ended:
                return
            say(f"smload: probe {len(self.levels) + 1}: {probe.tps:g} TPS ({probe.purpose})")
            if not self._probe(probe, profile):
                break
            say(_level_line(self.levels[-1]))
        if self.rates.spent:
            self.ended = f"{len(self.levels)} probes did not settle it"
        if (contradiction := self.rates.contradiction) is not None:
            broken, kept = contradiction
            self.reasons = (
                Finding(
                    f"{kept:g} TPS was kept before, and {broken:g} TPS is broken now: the endpoint is not what it was, "
                    "as one that does not recover from overload",
                    "see whether it recovers by itself, and search below where it collapses (max_tps)",
                ),
            )

    def _probe(self, probe: Probe, profile: LoadProfile) -> bool:
        """Run one probe, and return whether the search goes on."""
        heard: list[Assessment] = []
        left = replace(self.request.load.safeguards, limits=self._limits_left())
        load = replace(self.request.load, profile=profile, safeguards=left, heard=heard.append)
        try:
            result = self.run(load)
        except (ConfigurationError, EndpointError) as error:
            if not self.levels:
                raise
            self.reasons = (Finding(f"the probe of {probe.tps:g} TPS could not be sent: {error}", "see there"),)
            return False
        changed = changed_between(self.last.hosting if self.last is not None else None, result.hosting, profile)
        self.last = self.last if changed else result
        self.sent += result.sent + result.warmup.sent + sum(each.sent + each.warmup.sent for each in result.reruns)
        if result.interrupted:
            self.interrupted = True
            return False
        level = level_of(probe, result, heard[-1], self.limits, profile.most_in_flight)
        kept = level.verdict == "kept"
        doubt = changed or doubt_of(result, heard[-1].recording, profile, self.most_ms, kept=kept)
        if doubt is not None:
            level = replace(level, verdict="invalid", why=doubt.cause, reasons=(doubt, *level.reasons))
        self.levels.append(level)
        self.rates.heard(probe, level.verdict)
        if changed is not None:
            self.rates.end()
        if level.verdict == "kept" and all(map(is_kept, result.checks)):
            self.proven.append(probe.tps)
        if level.verdict == "invalid" and self.rates.ended and not self.rates.confirmed:
            self.reasons = level.reasons or (_undecided(level),)
        return not self.rates.ended

    def _profile(self, probe: Probe) -> LoadProfile:
        own = self.request.load.profile
        duration_s = own.duration_s * (CONFIRMING if probe.purpose in ("confirm", "recheck") else 1)
        longest_s = max(own.max_duration_s, duration_s)
        longest_s = max(duration_s, min(longest_s, self._left_s() - own.warmup_s))
        return own.replace(
            tps=probe.tps,
            duration=_text(duration_s),
            max_duration=_text(longest_s) if longest_s > duration_s else None,
            prime=own.prime and not self.levels,
            prime_timeout=_text(min(own.prime_timeout_s, max(self._left_s(), 1.0))),
            seed=own.seed + len(self.levels),
            max_in_flight=in_flight_cap(probe.tps, self.most_ms),
        )

    def _left_s(self) -> float:
        return self.request.within_s - (perf_counter() - self.begin_s)

    def _in_the_way(self, profile: LoadProfile, probe: Probe) -> str:
        """Why *profile* cannot be sent any more, or ``""``; of the first probe conduct says so itself."""
        if not self.levels:
            return ""
        needs_s = profile.warmup_s + profile.duration_s
        safety = self.request.load.safeguards.limits
        what = f"the probe of {probe.tps:g} TPS"
        if self._left_s() < needs_s:
            return f"{what} would take it beyond within={_text(self.request.within_s)!r}"
        gone_s = perf_counter() - self.begin_s
        if safety.max_duration_s is not None and gone_s + needs_s > safety.max_duration_s:
            return (
                f"{what} would take it beyond {safety.source} max_duration = {format_duration(safety.max_duration_s)}"
            )
        if safety.max_requests is not None and self.sent + planned_requests(profile) > safety.max_requests:
            return f"{what} would take it beyond {safety.source} max_requests = {safety.max_requests:,}"
        return ""

    def _limits_left(self) -> SafetyLimits:
        """What ``[safety]`` leaves of what holds for the whole search."""
        limits = self.request.load.safeguards.limits
        gone_s = perf_counter() - self.begin_s if self.levels else 0.0
        return replace(
            limits,
            max_requests=None if limits.max_requests is None else limits.max_requests - self.sent,
            max_duration_s=None if limits.max_duration_s is None else limits.max_duration_s - gone_s,
        )

    def found(self) -> Capacity:
        """Return what was found so far."""
        request, rates, last = self.request, self.rates, self.last
        load = request.load
        hosting = last.hosting if last is not None else None
        carriers = carriers_of(hosting, load.profile, request.instances, load.safeguards.prices)
        refused = [level for level in self.levels if level.offered_tps == rates.not_kept_tps]
        notes = [*load.notes, *filter(None, [carriers.note])]
        if rates.at_most_allowed:
            notes.append(f"{rates.kept_tps:g} TPS is the most that may be asked for; the endpoint may carry more")
        return Capacity(
            label=load.label,
            endpoint=last.endpoint if last is not None else endpoint_facts(load.settings, load.target),
            profile=written_profile(load.profile),
            started_at=self.started_at,
            tps=rates.kept_tps,
            not_kept_tps=inf if rates.not_kept_tps is None else rates.not_kept_tps,
            binding=refused[-1].binding if refused else None,
            confirmed=rates.confirmed,
            levels=tuple(self.levels),
            ended=self.ended,
            reasons=self.reasons,
            check=self._asked_for(),
            instances=carriers.instances,
            instances_known=carriers.known,
            hourly_usd=carriers.hourly_usd,
            interrupted=self.interrupted,
            notes=tuple(notes),
        )

    def _asked_for(self) -> Check | None:
        """The check of ``at_least``: kept where the answer is confirmed, a probe proves it by itself, or two keep it.

        One probe that keeps it at a search's own level does so by chance too often.
        """
        least, rates = self.request.at_least, self.rates
        if least is None:
            return None
        keeping = [level for level in self.levels if level.verdict == "kept" and level.offered_tps >= least]
        kept = rates.kept_tps >= least and rates.contradiction is None
        shown = kept and (rates.confirmed or len(keeping) > 1 or any(tps >= least for tps in self.proven))
        why = self.ended or "; ".join(each.cause for each in self.reasons)
        if kept and not shown:
            why = f"{rates.kept_tps:g} TPS was kept once, and not confirmed: {why}"
        over = not self.reasons and (not self.ended or _settles(rates, least))
        return at_least_check(
            least,
            tps=rates.kept_tps,
            not_kept_tps=rates.not_kept_tps,
            probes=len(self.levels),
            kept=shown,
            decided=over and not kept,
            why=why,
        )


def find_capacity(request: CapacityRequest, run: Run, say: Callable[[str], object]) -> Capacity:
    """Search for the highest rate that keeps the budget; Ctrl-C ends the search and keeps what was found.

    Args:
        request: What is asked for.
        run: Runs one load: `pytest_smload.conduct.load.conduct` with its hooks.
        say: Writes a line that stays.

    Raises:
        ConfigurationError, PayloadError, EndpointError: it cannot be searched as described; nothing was sent.
    """
    profile = request.load.profile
    if problems := refusals(request):
        raise ConfigurationError([f"sm_endpoint.capacity: {problem}" for problem in problems])
    # Several processes cannot be looked at while they send, and so a probe of theirs not go on.
    goes_on = request.load.crew is None
    longest = profile.max_duration or (_text(LOOK_FACTOR * profile.duration_s) if goes_on else None)
    profile = profile.replace(max_duration=longest, abort_on=profile.abort_on or ABORT_ON, on_unproven="estimate")
    safe_tps = request.load.safeguards.limits.max_tps
    most_tps = min((each for each in (request.max_tps, safe_tps) if each is not None), default=None)
    tps = min(float(profile.tps or 1.0), inf if most_tps is None else most_tps)
    probed = probe_budget(request, LoadPlan.from_profile(profile, request.load.root), tps)
    load = replace(request.load, profile=profile, budget=probed.budget, notes=(*request.load.notes, *probed.notes))
    request = replace(request, load=load)
    rates = CapacitySearch(tps, least_tps=probed.least_tps, most_tps=most_tps, asked_tps=request.at_least)
    search = _Search(request, run, rates, probed.limits, probed.most_ms)
    lasting = f"{_text(profile.duration_s)} ({longest} while unproven)" if longest else _text(profile.duration_s)
    say(
        f"smload: capacity of {request.load.settings.name}: from {tps:g} TPS up by half until the budget is not kept, "
        f"then bisected to 5%; probes of {lasting}, "
        f"{_text(ceil(request.within_s))} in all at most"
    )
    try:
        search.go_on(say)
    except KeyboardInterrupt:
        search.interrupted = True
    return search.found()


def _undecided(level: Level) -> Finding:
    """Why checks of *level* are undecided, and what helps."""
    causes = {check.cause for check in level.checks}
    remedy = "run from a quicker or quieter machine"
    if "client" not in causes and "few requests" in causes:
        remedy = "let probes last longer (duration, max_duration), and the search (within)"
    return Finding(f"at {level.offered_tps:g} TPS: {level.why}", remedy)


def _settles(rates: CapacitySearch, least_tps: float | None) -> bool:
    """Whether a search that ended early tells all the same that *least_tps* is not kept."""
    return least_tps is not None and rates.not_kept_tps is not None and rates.not_kept_tps <= least_tps


def _level_line(level: Level) -> str:
    why = f": {level.why}" if level.why else ""
    return f"smload:   {level.verdict} at {level.offered_tps:g} TPS{why}"


def _text(seconds: float) -> str:
    return format_duration(round(seconds, 3))
