"""The safety a settings file asks for, and the endpoints and loads it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_smload.core.load.planned import planned_requests
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import format_duration
from pytest_smload.options import ALLOW_PRODUCTION

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyLimits:
    """``[safety]`` of a settings file; what is None or empty limits nothing.

    Attributes:
        production: Patterns (``*``, ``?``, ``[...]``, whatever the case) of names and tags of production endpoints.
        allow: Patterns of the endpoint names that may be loaded; None for all.
        max_tps: Highest rate of a load, in requests per second.
        max_requests: Most requests of one load, its priming, warm-up, extension and repetitions included.
        max_duration_s: Longest one load may take from its first request to the end of its window, repetitions added.
        max_cost_usd: Most that the loads of one run of pytest may cost together.
        source: Where it was written, for messages: ``smload.toml [safety]``.
    """

    production: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    max_tps: float | None = None
    max_requests: int | None = None
    max_duration_s: float | None = None
    max_cost_usd: float | None = None
    source: str = "[safety]"


NO_SAFETY = SafetyLimits()


def endpoint_refusal(
    safety: SafetyLimits,
    *,
    table: str,
    endpoint_name: str,
    marked: str,
    allow_production: bool,
) -> str:
    """Return why the endpoint may not be loaded, or ``""``; tags are `tag_refusal`'s.

    Args:
        table: Name of its table in the settings file.
        endpoint_name: Its SageMaker name.
        marked: Name of the table that says ``production = true`` of it, or ``""``.
        allow_production: Whether loading production is asked for.
    """
    if safety.allow is not None and _matching(endpoint_name, safety.allow) is None:
        return (
            f"{safety.source} allow: endpoint {endpoint_name!r} is none of {', '.join(map(repr, safety.allow))}, and "
            "only these may be loaded; name another endpoint, or add it there"
        )
    if allow_production:
        return ""
    if marked:
        return _production(table, endpoint_name, f"[endpoints.{marked}] says production = true")
    for name in dict.fromkeys((endpoint_name, table)):
        pattern = _matching(name, safety.production)
        if pattern is not None:
            return _production(table, endpoint_name, f"{name!r} matches {pattern!r} of {safety.source} production")
    return ""


def tag_refusal(safety: SafetyLimits, *, table: str, endpoint_name: str, tags: Mapping[str, str]) -> str:
    """Return why an endpoint with *tags* may not be loaded without `ALLOW_PRODUCTION`, or ``""``.

    A pattern matches a tag's value, or the whole of it written ``key=value``.
    """
    for key, value in tags.items():
        for text in (value, f"{key}={value}"):
            pattern = _matching(text, safety.production)
            if pattern is not None:
                tag = f"its tag {quoted(f'{key}={value}')}"
                return _production(table, endpoint_name, f"{tag} matches {pattern!r} of {safety.source} production")
    return ""


def load_refusals(safety: SafetyLimits, profile: LoadProfile, *, models: int = 0, sides: int = 1) -> list[str]:
    """Return a sentence per limit that the load of *profile* as described would exceed.

    Args:
        models: How many TargetModels it primes; one is primed without any.
        sides: To how many endpoints it is sent at once: 2 with a control.
    """
    problems = []
    both = ", both sides together" if sides > 1 else ""
    offered = highest_tps(profile)
    highest = offered * sides if offered is not None else None
    if safety.max_tps is not None and highest is not None and highest > safety.max_tps:
        problems.append(
            f"{safety.source} max_tps = {safety.max_tps:g}: the load is {highest:g} TPS{both}; ask for less, or "
            "raise it there"
        )
    planned = sides * planned_requests(profile, models=models)
    if profile.max_requests is not None:
        planned = min(planned, profile.max_requests)
    if safety.max_requests is not None and planned > safety.max_requests:
        problems.append(
            f"{safety.source} max_requests = {safety.max_requests:,}: the load sends {planned:,} requests{both}, "
            "warm-up included; ask for less, or raise it there"
        )
    takes_s = profile.warmup_s + profile.duration_s
    if safety.max_duration_s is not None and takes_s > safety.max_duration_s:
        problems.append(
            f"{safety.source} max_duration = {format_duration(safety.max_duration_s)}: the load takes "
            f"{format_duration(takes_s)}, warm-up included; shorten it, or raise it there"
        )
    return problems


def highest_tps(profile: LoadProfile) -> float | None:
    """Return the highest rate an open load asks for; None of a closed one, whose rate is the endpoint's doing."""
    if not profile.open_model:
        return None
    return max([profile.tps or 0.0, *(stage.highest_tps for stage in profile.stages or ())])


def _matching(text: str, patterns: Sequence[str]) -> str | None:
    return next((each for each in patterns if fnmatchcase(text.lower(), each.lower())), None)


def _production(table: str, endpoint_name: str, why: str) -> str:
    return (
        f"endpoint {endpoint_name!r} is production ({why}): loads on it are refused; name another endpoint than "
        f"{table}, or add {ALLOW_PRODUCTION.flag} if this one is meant"
    )
