"""The rules of a diagnosis, the gravest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pytest_smload.core.diagnosis.evidence import TARGET_UTILIZATION
from pytest_smload.core.diagnosis.finding import Diagnosis
from pytest_smload.core.units import format_ms, format_share

if TYPE_CHECKING:
    from pytest_smload.core.diagnosis.evidence import Evidence

MOST_FINDINGS = 3
TOP, IDLE, LOW = 0.85, 0.5, 0.3
"""Utilization from which on instances are at their top, below which they are not what is slow, and below which there
are too many of them."""
FULL = 0.95
"""Mean utilization of instances that can do no more, whatever it shows in."""
LOW_CACHE_HIT = 0.9
FAR_SHARE, FAR_MS = 0.3, 10.0
"""Network and client are worth a word from this share of a request's time on, and this long."""
BUSY_CLIENT = 0.9
"""CPU of a core."""
_TARGET_WORDS = "60-70% is the target"

Rule = Callable[["Evidence"], Diagnosis | None]


def diagnose(evidence: Evidence) -> tuple[Diagnosis, ...]:
    """Return what explains the figures, the gravest first, at most `MOST_FINDINGS`; nothing where all is well."""
    if not evidence.requests:
        return ()
    found = (rule(evidence) for rule in _RULES)
    return tuple(each for each in found if each is not None)[:MOST_FINDINGS]


def _percent(share: float) -> str:
    return format_share(round(share, 2))


def _throttled(evidence: Evidence) -> Diagnosis | None:
    count = evidence.throttled
    if not count:
        return None
    return Diagnosis(
        "throttled",
        f"{count:,} of {evidence.requests:,} requests were throttled by SageMaker, whatever its instances could do",
        {"throttled": count, "requests": evidence.requests},
        "lower the load, or raise the account's SageMaker Runtime quota in this region",
    )


def _client(evidence: Evidence) -> Diagnosis | None:
    if not evidence.client_undecided and evidence.client_cpu <= BUSY_CLIENT:
        return None
    adds_ms = evidence.client_adds_ms
    return Diagnosis(
        "client",
        f"this client was a bottleneck: its CPU at {_percent(evidence.client_cpu)} of a core, its own "
        f"lateness {format_ms(adds_ms)} of p95",
        {"client_cpu": evidence.client_cpu, "client_adds_ms": adds_ms},
        "run it on a larger or quieter machine, or ask for less load",
    )


def _saturated(evidence: Evidence) -> Diagnosis | None:
    busiest = evidence.busiest
    if busiest is None or busiest[1] < TOP:
        return None
    what, most = busiest
    symptoms = _symptoms(evidence)
    mean = evidence.figure("cpu_utilization_mean") if what == "CPU" else None
    average = "" if mean is None else f" and {_percent(mean)} on average"
    on = f" on {evidence.instance_words}" if evidence.instance_words else ""
    saturated = bool(symptoms) or (most if mean is None else mean) >= FULL
    state = "saturated" if saturated else "near their top"
    figures = {f"{what.lower()}_utilization_max": most, "instances": evidence.instances, **symptoms}
    if mean is not None:
        figures["cpu_utilization_mean"] = mean
    return Diagnosis(
        "saturated" if saturated else "near its top",
        f"the instances are {state}: {what} {_percent(most)} at most{average}{on}{_symptom_words(symptoms)}",
        figures,
        _more_of_them(evidence, what, most if mean is None else mean),
    )


def _symptoms(evidence: Evidence) -> dict[str, float]:
    """What an endpoint that cannot do more does."""
    found = {"server_errors": evidence.server_errors, "unsent": float(evidence.unsent), "latency_grows": evidence.grows}
    return {name: float(value) for name, value in found.items() if value}


def _symptom_words(symptoms: dict[str, float]) -> str:
    words = (
        [f"{symptoms['server_errors']:,.0f} answers were the server's errors"] if "server_errors" in symptoms else []
    )
    words += [f"{symptoms['unsent']:,.0f} requests could not be sent"] if "unsent" in symptoms else []
    words += ["latency grew"] if "latency_grows" in symptoms else []
    return f", while {' and '.join(words)}" if words else ""


def _more_of_them(evidence: Evidence, what: str, utilization: float) -> str:
    now = evidence.instances
    if not now:
        return f"scale out or up: {_TARGET_WORDS}"
    needed = max(now + 1, evidence.instances_at_target(utilization))
    vcpus = [variant.vcpus for variant in evidence.server.variants] if evidence.server is not None else []
    up = ""
    if what == "CPU" and len(vcpus) == 1 and vcpus[0]:
        up = f", or up to {-(-vcpus[0] * needed // now)} vCPUs each"
    left = utilization * evidence.undone * now / needed
    so = f" would bring this load's {what} to {_percent(left)}"
    return f"scale out from {now} to {needed} instances{up}: that{so}; {_TARGET_WORDS}"


def _container(evidence: Evidence) -> Diagnosis | None:
    busiest, errors = evidence.busiest, evidence.server_errors
    if busiest is None or busiest[1] >= IDLE or not (errors or evidence.behind):
        return None
    what, most = busiest
    symptoms = _symptoms(evidence)
    return Diagnosis(
        "container",
        f"the container holds back, not its instances: {what} {_percent(most)} at most{_symptom_words(symptoms)}",
        {f"{what.lower()}_utilization_max": most, **symptoms},
        "look at its log, and at its workers, threads and timeouts; more instances would be idle too",
    )


def _behind(evidence: Evidence) -> Diagnosis | None:
    if not evidence.behind or evidence.busiest is not None or not evidence.offered_tps:
        return None
    cloudwatch = (
        "the instances' utilization is not known"
        if evidence.server is not None
        else "cloudwatch = true in the endpoint's table tells whether its instances or its container are what is short"
    )
    return Diagnosis(
        "behind",
        f"the endpoint did not keep up: {evidence.tps:.3g} of {evidence.offered_tps:.3g} TPS offered were answered"
        f"{_symptom_words(_symptoms(evidence))}",
        {"tps": evidence.tps, "offered_tps": evidence.offered_tps, "unsent": evidence.unsent},
        cloudwatch,
    )


def _cache(evidence: Evidence) -> Diagnosis | None:
    hit = evidence.figure("model_cache_hit")
    if hit is None or hit >= LOW_CACHE_HIT:
        return None
    loaded = evidence.figure("loaded_models")
    beside = "" if loaded is None else f", {loaded:,.4g} are loaded at a time"
    return Diagnosis(
        "cache",
        f"the models do not fit in memory: ModelCacheHit {_percent(hit)}{beside}",
        {"model_cache_hit": hit} if loaded is None else {"model_cache_hit": hit, "loaded_models": loaded},
        "take instances with more memory or more of them, or put fewer models on the endpoint",
    )


def _network(evidence: Evidence) -> Diagnosis | None:
    server = evidence.server
    if server is None or not (server.rest_ms >= FAR_MS and server.rest_ms >= FAR_SHARE * server.client_ms):
        return None
    share = _percent(server.rest_ms / server.client_ms)
    return Diagnosis(
        "network",
        f"{format_ms(server.rest_ms)} of the {format_ms(server.client_ms)} of a request ({share}) are network and "
        "client, not the endpoint",
        {"rest_ms": server.rest_ms, "client_ms": server.client_ms},
        "run the client in the endpoint's region, without detours, and send smaller bodies",
    )


def _over_provisioned(evidence: Evidence) -> Diagnosis | None:
    busiest = evidence.busiest
    if busiest is None or busiest[1] >= LOW or evidence.behind or evidence.throttled or evidence.server_errors:
        return None
    if (evidence.figure("memory_utilization_max") or 0.0) >= TOP or _cache(evidence) is not None:
        # Less of it would have less memory, too.
        return None
    gpus = any(variant.gpus for variant in evidence.server.variants) if evidence.server is not None else False
    if gpus and evidence.figure("gpu_utilization_max") is None:
        return None
    what, most = busiest
    now = evidence.instances
    needed = evidence.instances_at_target(most) if now else 0
    on = f" on {evidence.instance_words}" if evidence.instance_words else ""
    fewer = f"{needed} instance{'s' if needed > 1 else ''} would do" if needed < now else "a smaller type would do"
    return Diagnosis(
        "over-provisioned",
        f"the endpoint is over-provisioned for this load: {what} {_percent(most)} at most{on}",
        {f"{what.lower()}_utilization_max": most, "instances": now, "target_utilization": TARGET_UTILIZATION},
        f"{fewer}; {_TARGET_WORDS}",
    )


_RULES: Iterable[Rule] = (
    _throttled,
    _client,
    _saturated,
    _container,
    _behind,
    _cache,
    _network,
    _over_provisioned,
)
