"""A recording with the names by which a file of several loads keeps it apart from others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording

Role = Literal["load", "probe", "control"]
"""A load of a test; a probe of a capacity search; what was sent to the control of a load in its window."""
AGGREGATED: Final = "Aggregated"
"""What Locust calls the row of all requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLoad:
    """What was recorded of one load.

    Attributes:
        test: Id of its test.
        attempt: Of the test, from 1.
        load: Which of the attempt's loads, as baselines call it: its label, ``#2``; ``""`` for the first without one.
        endpoint: Name of the SageMaker endpoint, or of what stands for one.
        users: How many there were, where that was asked for.
    """

    test: str
    attempt: int
    load: str
    role: Role
    endpoint: str
    recording: Recording
    users: int | None = None

    @property
    def name(self) -> str:
        """What tells it from all others of a run: ``tests/test_a.py::test_peak | attempt 2 | calm``."""
        attempt = f"attempt {self.attempt}" if self.attempt > 1 else ""
        return " | ".join(filter(None, (self.test, attempt, self.load)))
