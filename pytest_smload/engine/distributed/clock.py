"""Measures by how much one clock is ahead of another from messages there and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Reading(NamedTuple):
    """One message there and back: sent and received on this clock, answered on the other, in seconds."""

    sent_s: float
    answered_s: float
    received_s: float


class Offset(NamedTuple):
    """By how much the other clock is ahead of this one, and by how much that may be wrong, in seconds."""

    offset_s: float
    uncertainty_s: float


def offset_of(readings: Iterable[Reading]) -> Offset:
    """Return the other clock's offset by the quickest of *readings*: whatever the way there and back took each, it is
    off by half of both at most (RFC 5905, section 8).

    Raises:
        ValueError: there are none.
    """
    sent_s, answered_s, received_s = min(readings, key=lambda reading: reading.received_s - reading.sent_s)
    return Offset(answered_s - (sent_s + received_s) / 2, (received_s - sent_s) / 2)
