"""Holds botocore's loggers at INFO while we call it: at DEBUG they print session tokens and signed headers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ROOTS = ("botocore", "boto3", "s3transfer", "urllib3")


class _Hold:
    """Levels put aside while at least one caller needs quiet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callers = 0
        self._levels: dict[logging.Logger, int] = {}

    def acquire(self) -> None:
        with self._lock:
            self._callers += 1
            # Later callers look again: a logger may have been made or lowered since.
            for logger in _talkative():
                self._levels.setdefault(logger, logger.level)
                logger.setLevel(logging.INFO)

    def release(self) -> None:
        with self._lock:
            self._callers -= 1
            if self._callers:
                return
            for logger, level in self._levels.items():
                logger.setLevel(level)
            self._levels.clear()


_hold = _Hold()


def _talkative() -> list[logging.Logger]:
    """botocore's loggers that would print DEBUG records: the roots, and children with a level of their own."""
    children = [
        logger
        for name, logger in list(logging.root.manager.loggerDict.items())
        if isinstance(logger, logging.Logger) and name.startswith(tuple(f"{root}." for root in _ROOTS))
    ]
    roots = [logging.getLogger(name) for name in _ROOTS]
    return [logger for logger in roots if logger.getEffectiveLevel() < logging.INFO] + [
        logger for logger in children if logging.NOTSET < logger.level < logging.INFO
    ]


def hold_quiet() -> None:
    """Keep DEBUG records of boto3 and what it stands on from being made, in all threads, until `release_quiet`."""
    _hold.acquire()


def release_quiet() -> None:
    """End one `hold_quiet`; after the last one, levels are what they were."""
    _hold.release()


@contextmanager
def quiet_botocore() -> Iterator[None]:
    """Hold quiet for the length of a block."""
    hold_quiet()
    try:
        yield
    finally:
        release_quiet()
