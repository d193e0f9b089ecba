"""Sleeps cooperatively until a moment, to some tens of microseconds."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import gevent

from pytest_smload.timerfd import TimerFd

_READ = 1


class Alarm:
    """Wakes one sleeping greenlet at a time.

    gevent's loop hands epoll whole milliseconds, rounded up, so its own sleeps end up to a millisecond late, which
    would be a client delay on every request of a schedule. On Linux a timer file descriptor wakes epoll to the
    microsecond. Elsewhere this is gevent's sleep.
    """

    def __init__(self) -> None:
        self._watcher: Any = None
        self._timer = TimerFd.create()
        if self._timer is not None:
            self._hub = gevent.get_hub()
            self._watcher = self._hub.loop.io(self._timer.fd, _READ)
            self._spec = self._timer.spec
            self._arm = self._timer.arm

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
        # Arming forgets an expiry nobody read, so that it never has to be read.
        self._arm()
        self._hub.wait(self._watcher)

    def close(self) -> None:
        """Release the timer."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        if self._timer is not None:
            self._timer.close()
            self._timer = None
