"""What figures and limits are of: the whole load, a model, a stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ScopeKind = Literal["total", "model", "each", "stage"]


@dataclass(frozen=True, slots=True)
class ScopeName:
    """What a limit is held against, and whose figures a measurement has.

    Its text tells every scope from every other, whatever a model is called: one whose name reads like another scope's
    text has ``"model "`` put before it.

    Attributes:
        kind: The whole load, one model, each model of the traffic (limits only), or one stage.
        name: The model's or the stage's.
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

    def __str__(self) -> str:
        if self.kind == "total":
            return "total"
        if self.kind == "each":
            return "each model"
        if self.kind == "model" and ScopeName.parse(self.name) == self:
            return self.name
        return f"{self.kind} {self.name}"


TOTAL = ScopeName("total")
EACH = ScopeName("each")
_PREFIXED: tuple[ScopeKind, ...] = ("model", "stage")
_BY_TEXT = {"total": TOTAL, "each model": EACH}
