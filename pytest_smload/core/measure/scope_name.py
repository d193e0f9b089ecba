"""What figures and limits are of: the whole load, a model, a stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ScopeName:
    """What a limit is held against; as text, the name a measurement has for that scope.

    Attributes:
        kind: The whole load, one model, each model of the traffic, or one stage.
        name: The model's or the stage's.
    """

    kind: Literal["total", "model", "each", "stage"]
    name: str = ""

    def __str__(self) -> str:
        return {"total": "total", "model": self.name, "each": "each model", "stage": f"stage {self.name}"}[self.kind]


TOTAL = ScopeName("total")


EACH = ScopeName("each")
