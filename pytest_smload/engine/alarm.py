"""Sleeps cooperatively until a moment, to some tens of microseconds."""

from __future__ import annotations

import ctypes
import os
import sys
from time import perf_counter
from typing import Any

import gevent

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_READ = 1


class _TimerSpec(ctypes.Structure):
    """``struct itimerspec`` of timerfd_settime(2): interval, then first expiry."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Alarm:
    """Wakes one sleeping greenlet at a time.

    gevent's loop hands epoll whole milliseconds, rounded up, so its own sleeps end up to a millisecond late, which
    would be a client delay on every request of a schedule. On Linux a timer file descriptor wakes epoll to the
    microsecond; its clock is the one behind ``time.perf_counter``. Elsewhere this is gevent's sleep.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._watcher: Any = None
        if sys.platform == "linux":
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._descriptor = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor >= 0:
            self._hub = gevent.get_hub()
            self._watcher = self._hub.loop.io(self._descriptor, _READ)
            self._spec = _TimerSpec()
            self._spec_at = ctypes.byref(self._spec)

    def sleep_until(self, moment_s: float) -> None:
        """Return at *moment_s* on the ``perf_counter`` clock; at once, without yielding, when it is past."""
        delay_s = moment_s - perf_counter()
        if delay_s <= 0:
            return
        if self._watcher is None:
            gevent.sleep(delay_s)
            return
        seconds = int(moment_s)
        self._spec.value_s = seconds
        self._spec.value_ns = int((moment_s - seconds) * 1e9)
        # Setting the timer forgets an expiry nobody read, so that it never has to be read.
        self._libc.timerfd_settime(self._descriptor, _ABSOLUTE, self._spec_at, None)
        self._hub.wait(self._watcher)

    def close(self) -> None:
        """Release the timer."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
