"""Says beforehand which limits a load cannot reach, and which it is too short to be judged by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING

from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from pytest_smload.core.limits.budget import ResolvedBudget, ScopedLimit, ScopedServerLimit
    from pytest_smload.core.limits.server_limit import ServerLimit
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.request.route_kinds import RouteKind

_ROUNDING = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Offer:
    """What a load sends to one scope.

    Attributes:
        tps: Requests per second; inf where nobody can tell (closed loop).
        span_s: How long.
        most: Requests it can have at most; inf where nobody can tell.
    """

    tps: float
    span_s: float
    most: float


def offers(
    profile: LoadProfile, shares: Mapping[str, float], kind: RouteKind | None = "model"
) -> dict[ScopeName, Offer]:
    """Return what *profile* offers the whole load, each stage, and each of *kind* by its share of the traffic."""
    cap = inf if profile.max_requests is None else float(profile.max_requests)
    stages = profile.stages or ()
    found: dict[ScopeName, Offer] = {}
    for number, stage in enumerate(stages, start=1):
        offer = _offer(stage.mean_tps, stage.duration_s, stage.duration_s, cap)
        found[ScopeName("stage", stage.name or str(number))] = offer
    if stages and profile.open_model:
        count, span_s = sum(each.tps * each.span_s for each in found.values()), profile.duration_s
        whole = Offer(count / span_s, span_s, min(cap, sum(each.most for each in found.values())))
    else:
        whole = _offer(profile.tps, profile.duration_s, profile.max_duration_s, cap)
    for name, share in shares.items():
        if not share or kind is None:
            continue
        most = ceil(whole.most * share) if whole.most < inf else inf
        found[ScopeName(kind, name)] = Offer(whole.tps * share, whole.span_s, most)
    return {TOTAL: whole, **found}


def _offer(tps: float | None, span_s: float, longest_s: float, cap: float) -> Offer:
    if tps is None:
        return Offer(inf, span_s, cap)
    rate = max(1, round(tps * span_s)) / span_s
    return Offer(max(tps, rate), span_s, min(cap, max(1, round(tps * longest_s))))


def kept_by_all(limits: Iterable[ScopedServerLimit]) -> list[str]:
    """Return a sentence per limit on the server's side that is kept whatever CloudWatch has."""
    return [
        f"{limit.source}: {limit.metric} {limit.describe()} is kept whatever happens; leave it out, or ask for more"
        for _, limit in limits
        if not limit.at_least and (limit.at_most is None or (_is_share(limit) and limit.at_most >= 1))
    ]


def _is_share(limit: ServerLimit) -> bool:
    return limit.relative or limit.row.unit == "ratio"


def unreachable(limits: Iterable[ScopedLimit], offered: Mapping[ScopeName, Offer]) -> list[str]:
    """Return a sentence per limit that the load breaks however well the endpoint does, or keeps whatever it does."""
    return [
        sentence
        for name, limit in limits
        if (sentence := _falls_short(name, limit, offered.get(name)) or _never_broken(name, limit))
    ]


def _never_broken(name: ScopeName, limit: object) -> str:
    from pytest_smload.core.limits.limit import Limit

    if not isinstance(limit, Limit) or limit.at_least is None:
        return ""
    what = limit.metric if name == TOTAL else f"{limit.metric} of {name}"
    words = f"{limit.source}: {what} {limit.describe()}"
    if limit.at_most is None and not limit.row.at_least:
        return f"{words} is kept by the worst endpoint there is; write {_turned(limit.text)!r}, or a range"
    everything = limit.at_most is None or (limit.row.unit == "ratio" and limit.at_most >= 1)
    if limit.at_least <= 0 and everything:
        return f"{words} is kept whatever happens; leave it out, or ask for something"
    return ""


def _turned(text: str) -> str:
    return "<= " + text.removeprefix(">=").strip()


def _falls_short(name: ScopeName, limit: object, offer: Offer | None) -> str:
    from pytest_smload.core.limits.limit import Limit

    if offer is None or not isinstance(limit, Limit) or limit.relative or limit.at_least is None:
        return ""
    what = limit.metric if name == TOTAL else f"{limit.metric} of {name}"
    if limit.metric == "tps" and limit.at_least > offer.tps * _ROUNDING:
        has, way_out = f"the load offers {offer.tps:.4g} requests/s", "give it a higher tps"
    elif limit.metric == "requests" and limit.at_least > offer.most:
        has, way_out = f"the load sends {offer.most:,.0f} requests at most", "let it run longer"
    else:
        return ""
    return f"{limit.source}: {what} {limit.describe()} cannot be reached: {has}; ask for less, or {way_out}"


def too_short(budget: ResolvedBudget, offered: Mapping[ScopeName, Offer]) -> str:
    """Return a sentence on the percentiles the load is too short for, the one that needs most first; or ``""``."""
    short = sorted(_short(budget, offered), key=lambda each: -each[0])
    if not short:
        return ""
    _, what, needed, most, way_out = short[0]
    more = f" (and {len(short) - 1} more)" if len(short) > 1 else ""
    return f"{what} needs {needed:,} requests and gets {most:,.0f} at most{more}, too few to be judged: {way_out}"


def _short(budget: ResolvedBudget, offered: Mapping[ScopeName, Offer]) -> Iterator[tuple[float, str, int, float, str]]:
    """(share missing, what, needed, sent, way out) of each limit that gets too few requests."""
    metrics = [(name, limit.metric) for name, limit in (*budget.limits, *budget.server)]
    metrics += [(name, limit.of) for name, limit in budget.regressions]
    for name, metric in dict.fromkeys(metrics):
        offer, row = offered.get(name), METRICS.get(metric) or SERVER_METRICS.get(metric)
        if offer is None or row is None or offer.most >= row.needed:
            continue
        what = row.words if name == TOTAL else f"{row.words} of {name}"
        if offer.tps * offer.span_s >= row.needed or offer.tps == inf:
            way_out = "raise max_requests"
        else:
            of = "stage" if name.kind == "stage" else "load"
            way_out = f"let the {of} last {format_duration(ceil(row.needed / offer.tps))}, or limit a lower percentile"
        yield row.needed / max(offer.most, 0.5), what, row.needed, offer.most, way_out
