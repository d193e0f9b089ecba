"""Makes a load of a few requests, each of whose figures can be told by hand."""

from __future__ import annotations

from array import array
from typing import Any

from recordings import MODEL_ERROR, TIMEOUT, Row, recording

from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.samples.recording import Recording
from pytest_smload.exports.recorded_load import RecordedLoad

EPOCH_S = 1_790_000_000.0
"""A moment of 2026, and what the samples' clock is short of it."""
ROWS = [
    Row(99.0, 99.0, 99.5, MODEL_ERROR, 1),
    Row(100.0, 100.25, 100.5),
    Row(100.5, 100.5, 100.75, MODEL_ERROR, 1),
    Row(101.5, 101.5, 101.75, 0, 1),
    Row(102.0, 102.0, 102.125),
    Row(103.75, 103.75, 104.5, TIMEOUT, 0),
]
"""In the order they ended: one of the warm-up, then a window of 4 s that the last one outlasts."""


class Loads:
    """Makes recorded loads."""

    def __call__(self, found: Recording | None = None, **names: Any) -> RecordedLoad:
        given: dict[str, Any] = {
            "test": "test_a.py::test_peak",
            "attempt": 1,
            "load": "",
            "role": "load",
            "endpoint": "abalone",
            "recording": found or self.recording(),
        }
        return RecordedLoad(**given | names)

    @staticmethod
    def recording(**facts: Any) -> Recording:
        failure = InvocationFailure("ModelError", "out of\nmemory", 424, 500)
        given: dict[str, Any] = {
            "unsent": [(103.0, 2)],
            "epoch_s": EPOCH_S,
            "examples": {"ModelError": failure},
            "bytes_in": [60, 20, 0],
        }
        return recording(ROWS, 100.0, 104.0, **given | facts)

    @staticmethod
    def many(count: int, **facts: Any) -> Recording:
        """*count* successes, spread over ten seconds."""
        found = recording([], 0.0, 10.0, epoch_s=EPOCH_S, **facts)
        begins = [number * 10.0 / count for number in range(count)]
        for column in (found.samples.due, found.samples.start):
            column.extend(begins)
        found.samples.end.extend(begin + 0.01 for begin in begins)
        found.samples.kind.extend(array("B", bytes(count)))
        found.samples.model.extend(array("H", [number % 3 for number in range(count)]))
        return found
