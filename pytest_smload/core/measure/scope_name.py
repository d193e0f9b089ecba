"""What figures and limits are of: the whole load, a model or what else its weights name, a stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pytest_smload.core.request.route_kinds import ROUTE_KINDS, RouteKind

ScopeKind = Literal["total", "model", "variant", "container", "component", "name", "each", "stage"]


@dataclass(frozen=True, slots=True)
class ScopeName:
    """What a limit is held against, and whose figures a measurement has.

    Its text tells every scope from every other, whatever a model is called: one whose name reads like another scope's
    text has ``"model "`` put before it.

    Attributes:
        kind: The whole load; one model, variant, container or component; the requests of one name; each of them in the
            traffic (limits only); or one stage.
        name: Its own; of ``each`` the kind that is meant, ``""`` for whatever the weights are over.
    """

    kind: ScopeKind
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> ScopeName:
        """Return the scope whose text is *text*."""
        if text in _BY_TEXT:
            return _BY_TEXT[text]
        for kind in _PREFIXED:
            if text.startswith(f"{kind} "):
                return cls(kind, text.removeprefix(f"{kind} "))
        return cls("model", text)

    @property
    def route_kind(self) -> RouteKind | None:
        """What it is one of, where requests are told apart by it; else None."""
        return next((kind for kind in ROUTE_KINDS if kind == self.kind), None)

    def __str__(self) -> str:
        if self.kind == "total":
            return "total"
        if self.kind == "each":
            return f"each {self.name}".rstrip()
        if self.kind == "model" and ScopeName.parse(self.name) == self:
            return self.name
        return f"{self.kind} {self.name}"


TOTAL = ScopeName("total")
EACH = ScopeName("each")
"""Each of whatever the load's weights are over, or of the names its requests have."""
_PREFIXED: Final[tuple[ScopeKind, ...]] = (*ROUTE_KINDS, "stage")
_BY_TEXT = {str(scope): scope for scope in (TOTAL, EACH, *(ScopeName("each", kind) for kind in ROUTE_KINDS))}
