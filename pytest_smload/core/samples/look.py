"""A look at a load that still runs: what it has recorded so far, and the requests it has under way."""

from __future__ import annotations

import dataclasses
from array import array
from dataclasses import dataclass

from pytest_smload.core.samples.recording import Recording


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a load at one moment of its window.

    Attributes:
        recording: Its window ends at that moment; the samples are a copy of the load's own.
        under_way_begin: When each request under way was due (open model) or begun (closed model), on the clock of the
            samples; those that wait for a user are under way as well.
        under_way_model: Route index of each.
    """

    recording: Recording
    under_way_begin: array[float]
    under_way_model: array[int]

    def as_if(self, kind: int) -> Recording:
        """Return the recording as if every request under way ended at this moment with error kind code *kind*.

        The slowest requests are those that are not over yet: of what limits say, only that is sure which they say
        however these end.
        """
        recording, count = self.recording, len(self.under_way_begin)
        samples = recording.samples.copy()
        samples.due.extend(self.under_way_begin)
        samples.start.extend(self.under_way_begin)
        samples.end.extend([recording.window_end_s] * count)
        samples.kind.extend([kind] * count)
        samples.model.extend(self.under_way_model)
        return dataclasses.replace(recording, samples=samples)
