"""The endpoint's own record of every invocation it received: the ground truth reports are compared with."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

from pytest_smload.emulator.protocol import OK

_PENDING = 0


class InvocationLog:
    """Columns with a row per invocation; times are CLOCK_MONOTONIC, which all processes of a machine share."""

    def __init__(self) -> None:
        self._received_s = array("d")
        self._answered_s = array("d")
        self._model = array("l")
        self._kind = array("l")
        self._cold = array("b")
        self._models: dict[str, int] = {}
        self._kinds: dict[str, int] = {"": _PENDING, OK: 1}

    def begin(self, received_s: float, model: str) -> int:
        """Record an invocation on arrival and return its row."""
        self._received_s.append(received_s)
        self._answered_s.append(0.0)
        self._model.append(self._models.setdefault(model, len(self._models)))
        self._kind.append(_PENDING)
        self._cold.append(0)
        return len(self._kind) - 1

    def mark_cold(self, row: int) -> None:
        """Record that the invocation of *row* waits for its model to load."""
        self._cold[row] = 1

    def end(self, row: int, answered_s: float, kind: str) -> None:
        """Record how the invocation of *row* was answered, and when."""
        self._answered_s[row] = answered_s
        self._kind[row] = self._kinds.setdefault(kind, len(self._kinds))

    def summary(self, *, samples: bool) -> dict[str, Any]:
        """Return counts by model and by kind, and with *samples* a list per column, as JSON takes them."""
        models, kinds = list(self._models), list(self._kinds)
        by_model = Counter(self._model)
        by_kind = Counter(self._kind)
        found: dict[str, Any] = {
            "requests": len(self._kind),
            "in_flight": by_kind.pop(_PENDING, 0),
            "cold": sum(self._cold),
            "models": {models[code]: count for code, count in sorted(by_model.items()) if models[code]},
            "kinds": {kinds[code]: count for code, count in sorted(by_kind.items())},
            "span_s": max(self._answered_s) - self._received_s[0] if any(self._answered_s) else 0.0,
        }
        if samples:
            found["samples"] = {
                "received_s": self._received_s.tolist(),
                "answered_s": self._answered_s.tolist(),
                "model": [models[code] for code in self._model],
                "kind": [kinds[code] for code in self._kind],
                "cold": self._cold.tolist(),
            }
        return found
