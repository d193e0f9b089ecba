"""Cuts a traceback down to where it leaves our code for a user's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest_smload

if TYPE_CHECKING:
    from types import TracebackType

_OURS = Path(pytest_smload.__file__).parent


def from_users_code(traceback: TracebackType | None) -> TracebackType | None:
    """Return *traceback* from the first frame on that is not of this package; all of it where there is none."""
    entry = traceback
    while entry is not None and Path(entry.tb_frame.f_code.co_filename).is_relative_to(_OURS):
        entry = entry.tb_next
    return entry or traceback
