"""Decides over what a load's requests are spread, which is one thing, and what all of them name besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_smload.core.load.weights import resolve_weights
from pytest_smload.core.request.route_kinds import WEIGHTED, RouteKind


@dataclass(frozen=True, slots=True)
class Spread:
    """Over what requests are spread.

    Attributes:
        kind: Models, variants, containers or components; None where nothing has weights.
        shares: Share of the traffic by name, summing to 1; empty without a kind.
        fixed: (member, name) of what every request names besides, as it has weights but one name.
    """

    kind: RouteKind | None
    shares: Mapping[str, float]
    fixed: tuple[tuple[str, str], ...] = ()


def spread_of(fields: Mapping[str, object]) -> Spread:
    """Return over what the requests of a load with these *fields* are spread; they have passed `spread_problems`.

    Of several kinds with weights the one with more than one name counts, else the first in the order of `WEIGHTED`.

    Raises:
        ConfigurationError: with one sentence per mistake in the weights.
    """
    given = {
        kind: resolve_weights(fields[row.field], kind=kind)
        for kind, row in WEIGHTED.items()
        if fields.get(row.field) is not None
    }
    if not given:
        return Spread(None, {})
    kind = next((kind for kind, shares in given.items() if len(shares) > 1), next(iter(given)))
    fixed = [(WEIGHTED[other].member.name, next(iter(shares))) for other, shares in given.items() if other != kind]
    return Spread(kind, given[kind], tuple(fixed))


def spread_problems(fields: Mapping[str, object]) -> list[str]:
    """Return a sentence for each two *fields* of one load, each right by itself, that are not so together."""
    problems = [
        f"{row.field}: {kind} and {row.field} are both given; a load names one {kind}, or spreads over several"
        for kind, row in WEIGHTED.items()
        if fields.get(kind) is not None and fields.get(row.field) is not None
    ]
    given = [row.field for row in WEIGHTED.values() if fields.get(row.field) is not None]
    several = [field for field in given if _names_several(fields[field])] if len(given) > 1 else []
    if len(several) > 1:
        rest = " and ".join(several[1:])
        problems.append(
            f"{several[0]}: a load spreads its requests over one thing, and {rest} have several names too; leave one "
            f"name in all but one of {', '.join(several)}"
        )
    return problems


def names_of(fields: Mapping[str, object], kind: RouteKind) -> Iterator[str]:
    """Yield the names of *kind* that requests of a load with these *fields* carry, as far as they can be told."""
    weights, one = fields.get(WEIGHTED[kind].field), fields.get(kind)
    if weights is not None and not isinstance(weights, str):
        yield from resolve_weights(weights, kind=kind)
    elif isinstance(one, str):
        yield one


def _names_several(weights: object) -> bool:
    # A distribution over the endpoint's own names is over several, whatever these are.
    return isinstance(weights, str) or len(resolve_weights(weights)) > 1
