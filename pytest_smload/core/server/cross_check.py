"""Whether CloudWatch's figures and the client's are of the same requests, and what of a latency is whose."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_ms, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.server.account import Account

MOST_FOREIGN = 0.01
"""Share of the invocations CloudWatch counted in the window that may be somebody else's. More of them take instance
time that no limit of this load is about, on either side."""
MOST_UNCOUNTED = 0.01
"""Share of the model's answers that a statistic over requests may lack and still be of the window: in a percentile or a
mean so few could move little, and some are counted on the other side of the window's edges."""
_DISAGREEMENT_SHARE, _DISAGREEMENT_MS = 0.05, 1.0
"""The server's own time may be this much above the client's, of its mean or at least so much, before they disagree:
requests at the window's edges are in one mean and not in the other."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was sent in the window against what CloudWatch counted there.

    Attributes:
        counted: Sum of Invocations.
        foreign: At least so many of them this load has not sent.
        uncounted: At least so many of the model's answers are not among them.
    """

    counted: int
    foreign: int
    uncounted: int

    @classmethod
    def of(cls, counted: Sequence[float], account: Account) -> Counts:
        """Hold the Invocations of each period of the window against the client's account.

        A sum alone does not show that periods are missing where others send as well. What lies on the wrong side of a
        period's begin for the clocks' sake is too little to be taken for that.
        """
        whole = round(sum(counted))
        missing = sum(max(0, sure - round(there)) for sure, there in zip(account.within, counted, strict=False))
        if missing <= MOST_UNCOUNTED * account.answered:
            missing = 0
        return cls(
            whole,
            foreign=max(0, whole - account.sent - account.at_edges),
            uncounted=max(missing, account.answered - account.at_edges - whole, 0),
        )

    def is_whole(self, account: Account) -> bool:
        """Whether what is missing is no more than clocks that differ may have put beside the window."""
        return self.uncounted <= MOST_UNCOUNTED * account.answered

    @property
    def foreign_share(self) -> float:
        """Share of what was counted."""
        return self.foreign / self.counted if self.counted else 0.0

    def foreign_reason(self) -> Finding | None:
        """Return why others' requests make the run INVALID, or None."""
        if self.foreign_share <= MOST_FOREIGN:
            return None
        return Finding(
            f"{self.foreign:,} of the {self.counted:,} invocations CloudWatch counted in the window "
            f"({format_share(self.foreign_share)}) were not sent by this load",
            "keep others off the endpoint while it is measured, or load an endpoint of its own",
        )

    def note(self) -> str:
        """Return what a reader must know of counts that are not the same and yet no reason, or ``""``."""
        if self.foreign and self.foreign_share <= MOST_FOREIGN:
            return f"CloudWatch counted {self.foreign:,} invocations in the window that this load has not sent"
        return ""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Whose a request's time is, mean over the window, in ms; NaN where nobody knows.

    Attributes:
        client_ms: From send to answer, as the client saw it, of the requests answered in the window.
        begun_ms: The same of those begun in it. Where a queue grows or empties the two differ, and nobody says which of
            them CloudWatch counts there.
        model_ms, overhead_ms: ModelLatency, OverheadLatency.
        lost: Requests that have no answer on the client's side, and may have one on the server's.
    """

    client_ms: float = nan
    model_ms: float = nan
    overhead_ms: float = nan
    lost: int = 0
    begun_ms: float = nan

    @property
    def rest_ms(self) -> float:
        """What neither model nor SageMaker accounts for: network and client; NaN where a part is not known."""
        return self.client_ms - self.model_ms - self.overhead_ms

    @property
    def disagree(self) -> bool:
        """Whether the server says it took longer than the client waited."""
        if isnan(self.rest_ms) or self.lost:
            return False
        client_ms = self.client_ms if isnan(self.begun_ms) else max(self.client_ms, self.begun_ms)
        rest_ms = client_ms - self.model_ms - self.overhead_ms
        return rest_ms < -max(_DISAGREEMENT_MS, _DISAGREEMENT_SHARE * client_ms)

    def words(self) -> str:
        """Return ``"client 12.3 ms = model 9.8 ms + overhead 0.9 ms + network and client 1.6 ms"``, or ``""``."""
        if isnan(self.rest_ms):
            return ""
        parts = f"model {format_ms(self.model_ms)} + overhead {format_ms(self.overhead_ms)}"
        if self.rest_ms < 0:
            return f"client {format_ms(self.client_ms)}, {parts}"
        return f"client {format_ms(self.client_ms)} = {parts} + network and client {format_ms(self.rest_ms)}"

    def note(self) -> str:
        """Return the sentence on a disagreement, or ``""``."""
        if not self.disagree:
            return ""
        server_ms = self.model_ms + self.overhead_ms
        return (
            f"CloudWatch and the client disagree: on average the server took {format_ms(server_ms)} (model "
            f"{format_ms(self.model_ms)}, overhead {format_ms(self.overhead_ms)}) of the {format_ms(self.client_ms)} "
            "the client waited; one of them is of other requests"
        )
