"""Refuses a load that can need more connections than this process may open files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.core.load.part import WHOLE, Part
from pytest_smload.errors import ConfigurationError
from pytest_smload.file_limit import raise_file_limit

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile

_SPARE_FILES = 16
"""Kept for what opens files beside a load's connections: timers, the resolver, reports, a captured log."""
_USUALLY_OPEN = 48
"""Where the system does not list them."""


def refuse_more_than_files_allow(profile: LoadProfile, *, sides: int = 1, part: Part = WHOLE) -> None:
    """Raise the limit of open files as far as it goes, and make sure that it carries this process's part of the load.

    Args:
        profile: The load.
        sides: Endpoints it is sent to at once, each over connections of its own.
        part: Which part of it this process sends.

    Raises:
        ConfigurationError: It does not: requests without a descriptor would fail, or wait, through the client's fault.
    """
    connections, limit = sides * part.share(profile.most_in_flight), raise_file_limit()
    left = max(0, limit - _open_files() - _SPARE_FILES)
    if connections <= left:
        return
    what, fewer = f"{connections:,} users need", f"{left:,} users or fewer"
    if profile.open_model:
        both = " of both sides" if sides > 1 else ""
        what = f"{connections:,} requests in flight (max_in_flight{both}) need"
        fewer = f"max_in_flight={left // sides} or less"
    raise ConfigurationError(
        f"{what} a file descriptor each, and this process may open {left:,} more; raise the limit "
        f"(ulimit -n {limit + connections - left}, now {limit}), or ask for {fewer}"
    )


def _open_files() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return sum(1 for _ in Path(folder).iterdir()) - 1  # the listing's own
        except OSError:
            continue
    return _USUALLY_OPEN
