"""Decides before a load whether its endpoint may be, and can be, loaded with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_smload.conduct.load_cost import needs_prices
from pytest_smload.core.hosting.mismatches import Asked, mismatches, missing_models, missing_models_sentence
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.safety.limits import endpoint_refusal, tag_refusal
from pytest_smload.core.safety.outlived import Lifetime, outlived
from pytest_smload.errors import ConfigurationError, EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.conduct.allowance import Safeguards
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.settings.tables import EndpointSettings


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found out of a load's endpoint before it.

    Attributes:
        hosting: What hosts it, or None where that is not known.
        account: Its account, or None where that is not known.
        identity: Whose credentials these are (``"assumed-role/ci"``), or ``""``.
        notes: For the report: what could not be found out.
    """

    hosting: Hosting | None = None
    account: str | None = None
    identity: str = ""
    notes: tuple[str, ...] = ()


def static_refusal(settings: EndpointSettings, safeguards: Safeguards) -> str:
    """Return why the endpoint of *settings* may not be loaded, as far as that is known without AWS, or ``""``."""
    return endpoint_refusal(
        safeguards.limits,
        table=settings.name,
        endpoint_name=settings.endpoint_name,
        marked=settings.production,
        allow_production=safeguards.allow_production,
    )


def check_may_change(
    settings: EndpointSettings, safeguards: Safeguards, preflight: Preflight | None, say: Callable[[str], object]
) -> None:
    """Refuse to change the instances of an endpoint that may not be loaded either, before its first load.

    Raises:
        ConfigurationError: safety forbids it.
        EndpointError: there is no such endpoint, or it is not in service.
    """
    if refusal := static_refusal(settings, safeguards):
        raise ConfigurationError(refusal)
    if preflight is not None:
        preflight.inspect(say)
        _refuse_production(settings, safeguards, preflight)


def inspect(request: LoadRequest, plan: LoadPlan, say: Callable[[str], object], *, simulated: bool) -> Inspection:
    """Return what AWS says of the endpoint of *request*; the endpoint is asked about once in a run of pytest.

    Args:
        say: Shows a line of progress while an endpoint is waited for.
        simulated: Whether moto's mock answers, which knows nothing of hosting.

    Raises:
        ConfigurationError: safety forbids the load.
        EndpointError: the endpoint or its credentials cannot carry it.
    """
    if refusal := static_refusal(request.settings, request.safeguards):
        raise ConfigurationError(refusal)
    if simulated:
        return Inspection(account=request.settings.account)
    notes = _credentials_notes(request)
    preflight = request.preflight
    if preflight is None or not is_asked(request):
        return Inspection(account=request.settings.account, notes=tuple(notes))
    preflight.inspect(say)
    _refuse_production(request.settings, request.safeguards, preflight)
    # Of what a locustfile's requests ask nothing is known beforehand.
    if preflight.hosting is not None and plan.route_kind != NAME:
        _refuse_mismatches(preflight, preflight.hosting, Asked.of(plan.routes), notes)
    identity = preflight.identity.name if preflight.identity is not None else ""
    return Inspection(preflight.hosting, preflight.account, identity, (*notes, *preflight.notes))


def is_asked(request: LoadRequest) -> bool:
    """Whether AWS is asked about the endpoint of *request*.

    An endpoint on this machine (the embedded one, an address on loopback) is hosted by nobody, and asking takes longer
    than its load may: it is asked only where its control plane is given, or where something needs what it would say.
    """
    settings = request.settings
    if request.scaling is not None or not request.target.is_loopback:
        return True
    if settings.control_url is not None and not settings.embedded:
        return True
    safety = request.safeguards.limits
    needs_tags = bool(safety.production) and not request.safeguards.allow_production
    needs_cost = safety.max_cost_usd is not None and not settings.embedded
    return needs_tags or needs_cost or settings.watch_s is not None or asks_cloudwatch(request) or needs_prices(request)


def asks_cloudwatch(request: LoadRequest) -> bool:
    """Whether CloudWatch is asked about the load of *request*: it has limits on the server's side, or the endpoint's
    table says so and nothing forbids it."""
    limits = request.budget.limits.values() if request.budget is not None else ()
    return any(isinstance(limit, ServerLimit) for limit in limits) or (
        request.settings.cloudwatch and request.cloudwatch
    )


def _credentials_notes(request: LoadRequest) -> list[str]:
    lifetime: Lifetime = getattr(request.target.credentials, "lifetime", Lifetime())
    refusal, note = outlived(lifetime, request.profile, datetime.now(UTC))
    if refusal:
        raise EndpointError(f"endpoint {request.target.endpoint_name!r}: {refusal}")
    return [note] if note else []


def _refuse_production(settings: EndpointSettings, safeguards: Safeguards, preflight: Preflight) -> None:
    if not safeguards.limits.production or safeguards.allow_production:
        return
    refusal = tag_refusal(
        safeguards.limits,
        table=settings.name,
        endpoint_name=settings.endpoint_name,
        tags=preflight.tags() or {},
    )
    if refusal:
        raise ConfigurationError(refusal)


def _refuse_mismatches(preflight: Preflight, hosting: Hosting, asked: Asked, notes: list[str]) -> None:
    problems = mismatches(hosting, asked)
    if not problems and asked.models:
        problems = _missing(preflight, hosting, asked, notes)
    if problems:
        name = preflight.target.endpoint_name
        raise EndpointError("\n".join(f"endpoint {name!r}: {problem}" for problem in problems))


def _missing(preflight: Preflight, hosting: Hosting, asked: Asked, notes: list[str]) -> list[str]:
    """A sentence on TargetModels without an object under any of the endpoint's prefixes."""
    listed = [preflight.files(uri) for uri in hosting.model_prefixes]
    if not listed or None in listed:
        return []
    missing = list(asked.models)
    for files in listed:
        if files is not None:
            missing = missing_models(missing, files.keys, files.prefix)
    if not missing:
        return []
    place = " or ".join(hosting.model_prefixes)
    if not all(files.complete for files in listed if files is not None):
        notes.append(
            f"there are more objects under {place} than were listed; whether {len(missing):,} of the TargetModels "
            "exist is left to priming"
        )
        return []
    there = [name for files in listed if files is not None for name in files.names()]
    return [missing_models_sentence(missing, there, place)]
