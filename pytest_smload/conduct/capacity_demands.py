"""Says what the probes of a capacity search are held to, and what cannot be searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, isfinite
from typing import TYPE_CHECKING

from pytest_smload.conduct.scaling_limits import is_scaled
from pytest_smload.core.capacity.needed import needed_requests
from pytest_smload.core.limits.limit import Limit
from pytest_smload.core.limits.metrics import METRICS, metric_family
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.values import MAX_USERS
from pytest_smload.core.measure.scope_name import ScopeName
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import format_duration, parse_duration_s
from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.choice import choose_transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.conduct.capacity import CapacityRequest
    from pytest_smload.core.limits.budget import Budget, Entry, ScopedLimit
    from pytest_smload.core.load.plan import LoadPlan

_NEVER_BIND = ("requests", "cold_p95", "stalled")
"""More load does not break them."""
_ROOM = 3.0
"""The in-flight cap of a probe holds so many times the requests that an endpoint just within its limits has under way:
what binds must be the endpoint."""
_UNLIMITED_MS = 5000.0
"""How slow an endpoint may be to have that room where no limit says."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What probes are held to.

    Attributes:
        budget: Its limits of every kind.
        limits: Those held against what was measured.
        least_tps: The lowest rate that they can be proven kept at.
        most_ms: The highest latency that one of them allows; None where none is on latency.
        notes: On what is left out.
    """

    budget: Budget
    limits: Sequence[ScopedLimit]
    least_tps: float
    most_ms: float | None
    notes: tuple[str, ...]


def check_arguments(*, at_least: object, within: object, max_tps: object, instances: object) -> None:
    """Refuse arguments of a search that are not what they must be.

    Raises:
        ConfigurationError: a sentence each.
    """
    problems = [
        f"{name} is a rate above 0 such as 200 requests/s, or None; not {quoted(value)}"
        for name, value in (("at_least", at_least), ("max_tps", max_tps))
        if value is not None and not (_is_number(value) and value > 0)  # type: ignore[operator]
    ]
    if instances is not None and (not isinstance(instances, int) or isinstance(instances, bool) or instances < 1):
        problems.append(f"instances is a whole number from 1 up, or None; not {quoted(instances)}")
    if not problems and at_least is not None and max_tps is not None and at_least > max_tps:  # type: ignore[operator]
        problems.append(f"at_least={at_least} cannot be reached: max_tps={max_tps} is all that is tried")
    try:
        parse_duration_s(within)
    except ValueError as error:
        problems.append(f"within: {error}")
    if problems:
        raise ConfigurationError([f"sm_endpoint.capacity: {problem}" for problem in problems])


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def refusals(request: CapacityRequest) -> list[str]:
    """Return a sentence per reason why *request* cannot be searched as described."""
    profile, budget = request.load.profile, request.load.budget
    problems = []
    if profile.locustfile is not None:
        problems.append(
            "the load is a locustfile, whose users set the rate themselves; a search takes a load with tps, of a test "
            "without locustfile"
        )
    elif profile.stages is not None or profile.tps is None:
        has = "stages" if profile.stages is not None else "users"
        problems.append(
            f"the load has {has}, and a search sets the rate itself: give it tps, the rate to begin with "
            "(load_profile.replace(tps=50))"
        )
    if request.load.control is not None:
        problems.append(
            "the test has a control, which is for regression budgets of one load; search in a test without control"
        )
    if choose_transport(request.load.transport, request.load.target).simulated:
        problems.append("the endpoint is moto's mock, whose responses take no time; it has no capacity to be found")
    safety = request.load.safeguards.limits
    if request.at_least is not None and safety.max_tps is not None and request.at_least > safety.max_tps:
        problems.append(
            f"at_least={request.at_least:g} cannot be reached: {safety.source} max_tps = {safety.max_tps:g} is all "
            "that may be asked for"
        )
    if is_scaled(request.load.scaling):
        problems.append(
            "the instances are autoscaled, and the capacity of a changing number is no figure; use "
            "sm_endpoint.pinned(instances) instead"
        )
    if profile.max_requests is not None:
        problems.append("max_requests ends a load early, and a probe with it; bound the search by within= instead")
    if profile.max_in_flight is not None:
        problems.append(
            "max_in_flight holds requests back, and what that bounds would be taken for the endpoint's capacity; leave "
            "it out"
        )
    if budget is None or not any(_can_bind(budget, key) for key in budget.limits):
        problems.append(
            "the budget has no limit that more load could break; give the test one, such as perf_budget(p95='250ms')"
        )
    takes_s = profile.warmup_s + profile.duration_s
    if takes_s > request.within_s:
        problems.append(
            f"one probe takes {format_duration(takes_s)}, warm-up included, and "
            f"within={format_duration(request.within_s)!r} is all there is; raise it, or shorten duration"
        )
    return problems


def _can_bind(budget: Budget, key: tuple[ScopeName, str]) -> bool:
    limit = budget.limits[key]
    if budget.origins[key] == "built-in":
        return False
    if isinstance(limit, ServerLimit):
        return True
    if not isinstance(limit, Limit) or metric_family(limit.metric) in _NEVER_BIND:
        return False
    return limit.relative or limit.metric != "tps"


def in_flight_cap(tps: float, most_ms: float | None) -> int:
    """Return the in-flight cap of a probe of *tps*, where the highest latency that a limit allows is *most_ms*."""
    usual = LoadProfile(tps=tps).most_in_flight
    return min(MAX_USERS, max(usual, ceil(_ROOM * tps * (_UNLIMITED_MS if most_ms is None else most_ms) / 1000)))


def probe_budget(request: CapacityRequest, plan: LoadPlan, tps: float) -> Probed:
    """Return what the probes of *request*, laid out as *plan* and from *tps* on, are held to.

    Raises:
        ConfigurationError: the rate to begin with is too low for anything to be proven.
    """
    own, profile = request.load.budget, plan.profile
    assert own is not None  # noqa: S101 - `refusals` has seen to it
    kept = {key: limit for key, limit in own.limits.items() if _is_of_a_probe(limit)}
    left_out = list(dict.fromkeys(limit.metric for key, limit in own.limits.items() if key not in kept))
    budget = replace(own, limits=kept, origins={key: own.origins[key] for key in kept})
    kind = plan.route_kind
    names = [route.name for route in plan.routes]
    resolved = budget.resolve(routes=names if kind is not None else [], kind=kind, open_model=True)
    shares = {ScopeName(kind, name): share for name, share in zip(names, plan.shares, strict=True)} if kind else {}
    needed, words = needed_requests(resolved.limits, shares)
    least_tps = needed / profile.max_duration_s
    if tps < least_tps:
        raise ConfigurationError(
            f"sm_endpoint.capacity: {tps:g} TPS to begin with sends {tps * profile.max_duration_s:,.0f} requests in "
            f"{format_duration(profile.max_duration_s)}, and {words} takes {needed:,} to be proven: begin higher, or "
            f"let probes last {format_duration(-(-needed // tps))} "
            f"({'duration' if profile.max_duration is None else 'max_duration'})"
        )
    notes = [f"not held against the probes: {', '.join(left_out)}"] if left_out else []
    latencies = [limit.at_most for _, limit in resolved.limits if limit.row.unit == "ms" and limit.at_most is not None]
    return Probed(budget, resolved.limits, least_tps, max(latencies, default=None), tuple(notes))


def _is_of_a_probe(limit: Entry) -> bool:
    """Whether *limit* is about one rate: no baseline, no scaling, no count, nor the rate that is searched for."""
    if isinstance(limit, ServerLimit):
        return True
    if not isinstance(limit, Limit) or (limit.metric == "tps" and not limit.relative):
        return False
    return (limit.metric in METRICS and limit.metric != "requests") or "." in limit.metric
