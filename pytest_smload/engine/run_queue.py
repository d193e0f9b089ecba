"""Reads how long this thread has been ready to run without a core, from Linux's scheduler statistics."""

from __future__ import annotations

import os

_PATH = "/proc/thread-self/schedstat"
_MOST_BYTES = 96


class RunQueue:
    """One open file, read in place; the thread is the one that opened it.

    Args:
        path: Nanoseconds on a core, nanoseconds waiting for one, and a count, separated by spaces.
    """

    def __init__(self, path: str = _PATH) -> None:
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        if self.waited_s() is None:
            self.close()

    def waited_s(self) -> float | None:
        """Return the seconds waited since the thread began, or None where the system does not tell."""
        if self._fd < 0:
            return None
        try:
            return int(os.pread(self._fd, _MOST_BYTES, 0).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return None

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
