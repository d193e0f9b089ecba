"""The endpoint's own record of every invocation it received: the ground truth reports are compared with."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

from pytest_smload.emulator.protocol import OK

_PENDING = 0
_ROOM = 1024
"""Rows by which columns grow."""
UNROUTED = 0
"""Destination of an invocation that never got to one: refused before."""


class InvocationLog:
    """Columns with a row per invocation; times are CLOCK_MONOTONIC, which all processes of a machine share.

    Columns that are zero to begin with grow by many rows at once, ahead of the arrivals that `received_s` counts.

    Attributes:
        received_s: Arrival, in seconds.
        answered_s: Answer, in seconds; 0 while unanswered.
        cold: Whether it waited for its model to load.
        destination: Number of where it went; `UNROUTED` for one refused before.
        instance: Number of the instance that took it.
        begun_s: When it began to wait for a worker there, in seconds; 0 where it never got there, as in the next two.
        started_s: When its worker began, in seconds.
        freed_s: When its worker was free again, in seconds.
        done_s: When the model's answer was there, or the runtime waited no longer, in seconds.
        family: As in `Answer`: 4 or 5 for an answer that counts as the model's 4XX or 5XX.
        ended: Rows in the order of their answers.
    """

    def __init__(self) -> None:
        self.received_s = array("d")
        self.answered_s = array("d")
        self.destination = array("h")
        self.instance = array("h")
        self.begun_s = array("d")
        self.started_s = array("d")
        self.freed_s = array("d")
        self.done_s = array("d")
        self.family = array("b")
        self.ended = array("l")
        self._model = array("l")
        self._kind = array("l")
        self.cold = array("b")
        self._models: dict[str, int] = {}
        self._kinds: dict[str, int] = {"": _PENDING, OK: 1}

    def begin(self, received_s: float, model: str) -> int:
        """Record an invocation on arrival and return its row."""
        row = len(self._model)
        if row >= len(self._kind):
            self._make_room()
        self.received_s.append(received_s)
        self._model.append(self._models.setdefault(model, len(self._models)))
        return row

    def mark_cold(self, row: int) -> None:
        """Record that the invocation of *row* waits for its model to load."""
        self.cold[row] = 1

    def names_model(self, row: int) -> bool:
        """Whether the invocation of *row* named a target model."""
        return self._model[row] != self._models.get("", -1)

    def is_younger_than(self, received_s: float) -> bool:
        """Whether any invocation was received after *received_s*."""
        return bool(self.received_s) and self.received_s[-1] > received_s

    def worked(self, row: int, instance: int, begun_s: float, started_s: float, freed_s: float, done_s: float) -> None:
        """Record what becomes of the invocation of *row* on *instance*; the times may be yet to come."""
        self.instance[row] = instance
        self.begun_s[row] = begun_s
        self.started_s[row] = started_s
        self.freed_s[row] = freed_s
        self.done_s[row] = done_s

    def end(self, row: int, answered_s: float, kind: str, family: int = 0) -> None:
        """Record how the invocation of *row* was answered, and when."""
        self.answered_s[row] = answered_s
        self._kind[row] = self._kinds.setdefault(kind, len(self._kinds))
        if family:
            self.family[row] = family
        self.ended.append(row)

    def _make_room(self) -> None:
        for column in (
            self.answered_s,
            self.destination,
            self.instance,
            self.begun_s,
            self.started_s,
            self.freed_s,
            self.done_s,
            self.family,
            self._kind,
            self.cold,
        ):
            column.frombytes(bytes(column.itemsize * _ROOM))

    def summary(self, *, samples: bool) -> dict[str, Any]:
        """Return counts by model and by kind, and with *samples* a list per column, as JSON takes them."""
        models, kinds = list(self._models), list(self._kinds)
        rows = len(self._model)
        answered_s = self.answered_s[:rows]
        by_model = Counter(self._model)
        by_kind = Counter(self._kind[:rows])
        found: dict[str, Any] = {
            "requests": rows,
            "in_flight": by_kind.pop(_PENDING, 0),
            "cold": sum(self.cold),
            "models": {models[code]: count for code, count in sorted(by_model.items()) if models[code]},
            "kinds": {kinds[code]: count for code, count in sorted(by_kind.items())},
            "span_s": max(answered_s) - self.received_s[0] if any(answered_s) else 0.0,
        }
        if samples:
            found["samples"] = {
                "received_s": self.received_s.tolist(),
                "answered_s": answered_s.tolist(),
                "model": [models[code] for code in self._model],
                "kind": [kinds[code] for code in self._kind[:rows]],
                "cold": self.cold[:rows].tolist(),
                "destination": self.destination[:rows].tolist(),
                "model_time_s": [
                    done_s - begun_s for done_s, begun_s in zip(self.done_s[:rows], self.begun_s[:rows], strict=True)
                ],
            }
        return found
