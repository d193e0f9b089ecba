"""The kernel's timer as a file descriptor to wait on, timerfd_create(2)."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import partial

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1


class _TimerSpec(ctypes.Structure):
    """``struct itimerspec``: interval, then first expiry."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class TimerFd:
    """One timer on CLOCK_MONOTONIC, the clock of ``time.monotonic`` and ``time.perf_counter``.

    Attributes:
        fd: Readable once the timer has expired.
        spec: The moment it is to be set to: ``value_s`` and ``value_ns``, both 0 for never.
        arm: Sets the timer to the moment in *spec* and forgets an earlier expiry; a system call without a Python frame.
    """

    __slots__ = ("arm", "fd", "spec")

    def __init__(self, fd: int, libc: ctypes.CDLL) -> None:
        self.fd = fd
        self.spec = _TimerSpec()
        self.arm = partial(libc.timerfd_settime, fd, _ABSOLUTE, ctypes.byref(self.spec), None)

    @classmethod
    def create(cls) -> TimerFd | None:
        """Return a new timer, or None where the system has none to give."""
        if sys.platform != "linux":
            return None
        libc = ctypes.CDLL(None)
        fd = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        return cls(fd, libc) if fd >= 0 else None

    def close(self) -> None:
        """Release the timer."""
        os.close(self.fd)
