"""Ends what a locustfile started and left behind, also where it left its process's session."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

MARK = "PYTEST_SMLOAD_LOCUSTFILE"
"""Variable that tells the processes a locustfile started from all others."""


def kill_marked(token: str) -> None:
    """Kill all processes but this one whose environment has *token* as `MARK`; only Linux tells."""
    mark = f"{MARK}={token}".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in place.read_bytes().split(b"\0") and int(place.parent.name) != os.getpid():
                os.kill(int(place.parent.name), signal.SIGKILL)
