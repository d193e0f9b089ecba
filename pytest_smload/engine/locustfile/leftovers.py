"""Ends what a locustfile started and left behind, also where it left its process's session."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from gevent import monkey

MARK = "PYTEST_SMLOAD_LOCUSTFILE"
"""Variable that tells the processes a locustfile started from all others."""


_LOOKS = 3
_BETWEEN_S = 0.05
"""A process that is just being started has no environment to look at."""
_sleep = monkey.get_original("time", "sleep")


def kill_marked(token: str) -> None:
    """Kill all processes but this one whose environment has *token* as `MARK`; only Linux tells."""
    if sys.platform == "linux":
        for look in range(_LOOKS):
            _sleep(_BETWEEN_S if look else 0.0)
            _kill(f"{MARK}={token}".encode())


def _kill(mark: bytes) -> None:
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in place.read_bytes().split(b"\0") and int(place.parent.name) != os.getpid():
                os.kill(int(place.parent.name), signal.SIGKILL)
