"""How many files this process may have open."""

from __future__ import annotations

import resource


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one, as Locust's command line does; return what there is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # a hard limit of "unlimited" is refused on some systems
            return soft
    return hard if hard != resource.RLIM_INFINITY else 1 << 20
