"""Says in one line what a load was: endpoint, region, account, transport, and the profile in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_smload.core.hosting.words import hosting_words
from pytest_smload.core.units import format_duration, parse_duration_s
from pytest_smload.reports.words.cells import format_count, plain_text

if TYPE_CHECKING:
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.results.result import LoadResult

MAX_STAGES_IN_WORDS = 4


def load_headline(load: LoadResult) -> str:
    """Return endpoint, region, account and instances where known, transport, and profile of one load, e.g.
    ``"staging (abalone-mme-staging) in us-east-1, http, 50 TPS poisson for 60s after 10s warm-up"``."""
    label = load.label
    subject = f"load {label!r}: " if label else ""
    hosted = hosting_words(load.hosting) if load.hosting is not None else ""
    where = endpoint_words(load.endpoint) + (f", on {hosted}" if hosted else "")
    parts = [where, _transport_words(load), profile_words(load.profile)]
    return plain_text(subject + ", ".join([*parts, *_extension_words(load)]))


def profile_words(profile: Mapping[str, Any]) -> str:
    """Return a load profile as a person would say it."""
    warmup_s = parse_duration_s(profile.get("warmup") or "0s")
    warmup = f" after {_spoken(warmup_s)} warm-up" if warmup_s else ", no warm-up"
    stages = listed_stages(profile)
    arrivals = "" if is_closed(profile) else f" {profile.get('arrivals', 'poisson')}"
    if stages:
        count: int = len(stages) if isinstance(profile["stages"], list) else profile["stages"]["entries"]
        words = f"{count} stage{'s' if count != 1 else ''}{arrivals}{warmup}: {_stages_words(stages, count)}"
    else:
        words = f"{load_amount(profile)}{arrivals} for {_spoken(parse_duration_s(profile['duration']))}{warmup}"
    if profile.get("max_requests"):
        words += f", at most {format_count(profile['max_requests'])} requests"
    return f"{words} (closed loop: latency from the send)" if is_closed(profile) else words


def _extension_words(load: LoadResult) -> list[str]:
    """How long the window became where checks that were not proven extended it."""
    profile = load.profile
    if profile.get("max_duration") is None:
        return []
    asked_s = parse_duration_s(profile["duration"])
    return [f"extended to {_spoken(round(load.window_s, 1))}"] if load.window_s > 1.05 * asked_s else []


def is_closed(profile: Mapping[str, Any]) -> bool:
    """Whether users wait for their answers (closed loop), rather than requests following a schedule."""
    stages = listed_stages(profile)
    return (stages[0] if stages else profile).get("tps") is None


def load_amount(shape: Mapping[str, Any]) -> str:
    """Return how much load a profile or stage asks for: ``"20 users"``, ``"50 TPS"`` or ``"10 to 50 TPS"``."""
    to = f" to {shape['to']:,g}" if shape.get("to") is not None else ""
    if shape.get("tps") is not None:
        return f"{shape['tps']:,g}{to} TPS"
    users = shape.get("users") or 0
    if not users and shape.get("locustfile"):
        return "as many users as its shape says"
    if to:
        return f"{users:,}{to} users"
    return f"{users:,} user{'s' if users != 1 else ''}"


def listed_stages(profile: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the stages a profile's record lists: all of them, or the first where it only counts a long list."""
    stages = profile.get("stages") or []
    return stages if isinstance(stages, list) else [stages["first"]]


def stage_names(stages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what reports call each stage: its name, or its number from 1."""
    return [stage.get("name") or str(number) for number, stage in enumerate(stages, start=1)]


def _stages_words(stages: Sequence[Mapping[str, Any]], count: int) -> str:
    listed = [f"{load_amount(stage)} for {_spoken(parse_duration_s(stage['duration']))}" for stage in stages]
    listed = listed[:MAX_STAGES_IN_WORDS]
    more = count - len(listed)
    return ", then ".join(listed) + (f", and {more} more" if more > 0 else "")


def _spoken(seconds: float) -> str:
    return f"{seconds:g}s" if 1 <= seconds < 120 else format_duration(seconds)


def endpoint_words(endpoint: EndpointFacts) -> str:
    """Return the endpoint's two names, where they differ, its region, and its account where known."""
    name, endpoint_name = endpoint.name, endpoint.endpoint_name
    if not endpoint_name:
        # A locustfile's requests have hosts of their own, and no endpoint is configured.
        return f"{name} on its own hosts"
    subject = name if name == endpoint_name else f"{name} ({endpoint_name})"
    words = f"{subject} in {endpoint.region}"
    return f"{words}, account {endpoint.account}" if endpoint.account else words


def _transport_words(load: LoadResult) -> str:
    reason = load.transport_reason
    return load.transport if reason in {"", "default"} else f"{load.transport} ({reason})"
