"""How many files this process may have open, and whether a load fits into that."""

from __future__ import annotations

import os
import resource

from pytest_smload.errors import ConfigurationError

_SPARE_FILES = 16
"""Kept for what opens files beside a load's connections: timers, the resolver, reports, a captured log."""


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one, as Locust's command line does; return what there is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # a hard limit of "unlimited" is refused on some systems
            return soft
    return hard if hard != resource.RLIM_INFINITY else 1 << 20


def refuse_more_than_files_allow(connections: int, *, open_model: bool) -> None:
    """Raise the limit of open files as far as it goes, and make sure that it carries *connections* at once.

    Args:
        connections: Users of a closed load, ``max_in_flight`` of an open one.
        open_model: Which of the two.

    Raises:
        ConfigurationError: It does not: requests without a descriptor would fail, or wait, through the client's fault.
    """
    limit = raise_file_limit()
    left = limit - _open_files() - _SPARE_FILES
    if connections <= left:
        return
    raise ConfigurationError(
        f"{connections:,} {'requests in flight (max_in_flight)' if open_model else 'users'} need a file descriptor "
        f"each, and this process may open {max(0, left):,} more (ulimit -n is {limit:,}); raise it "
        f"(ulimit -n {connections + limit - left}), or ask for "
        + (f"max_in_flight={max(1, left)} or less" if open_model else f"{max(1, left):,} users or fewer")
    )


def _open_files() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder)) - 1  # the listing's own
        except OSError:
            continue
    return 48
