"""One thing that explains a load's figures, with what it is told from and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Explanation = Literal[
    "throttled", "client", "saturated", "container", "behind", "cache", "network", "near its top", "over-provisioned"
]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One explanation.

    Attributes:
        name: Which.
        sentence: What was found, its figures in it.
        evidence: These figures by name: metrics on the server's side as they are limited, the client's as in a result.
        advice: What to do.
    """

    name: Explanation
    sentence: str
    evidence: Mapping[str, float]
    advice: str

    def __str__(self) -> str:
        return f"{self.sentence}; {self.advice}"
