"""What the requests of a load are told apart by: what its weights spread them over, or the names they go by."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

from pytest_smload.core.request.members import MEMBERS, Member

RouteKind = Literal["model", "variant", "container", "component", "name"]
ROUTE_KINDS: Final[tuple[RouteKind, ...]] = get_args(RouteKind)


NAME: Final = "name"
"""What a user's own locustfile calls a request: nobody weighs it, and it is known once it was sent."""


class Weighted(NamedTuple):
    """One kind of what requests are spread over.

    Attributes:
        kind: Its name in limits, scopes and messages; but for models also the field of a load that fixes it.
        field: The field of a load that holds the weights, the table of a budget, and the key of a result.
        member: What a request names it with.
    """

    kind: RouteKind
    field: str
    member: Member


WEIGHTED: Final[dict[RouteKind, Weighted]] = {
    row.kind: row
    for row in (
        Weighted("model", "models", MEMBERS["TargetModel"]),
        Weighted("variant", "variants", MEMBERS["TargetVariant"]),
        Weighted("container", "containers", MEMBERS["TargetContainerHostname"]),
        Weighted("component", "components", MEMBERS["InferenceComponentName"]),
    )
}
WEIGHT_FIELDS: Final = {row.field: row for row in WEIGHTED.values()}
"""By the field of a load."""
ROUTE_TABLES: Final[dict[RouteKind, str]] = {kind: row.field for kind, row in WEIGHTED.items()} | {NAME: "names"}
"""By kind the table of a budget, and the key of a result."""
