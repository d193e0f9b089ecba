"""Seeds the streams of random numbers that schedules are made of."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(purpose: str, seed: int) -> np.random.Generator:
    """Return the numbers of a user's *seed* for one *purpose*, independent of those for any other.

    Draw from ``random()`` alone, and shuffle by stably sorting what it gives: a schedule stays the same only as long as
    PCG64 and the doubles made of it do, which other methods do not promise from one NumPy to the next.
    """
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(f"{purpose} {seed}".encode()).digest())))
