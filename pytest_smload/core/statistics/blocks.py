"""Cuts a series into consecutive blocks of equal size."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

BLOCKS = 20

_Entry = TypeVar("_Entry", bound=np.generic)


def in_blocks(series: NDArray[_Entry]) -> NDArray[_Entry]:
    """Return *series* as `BLOCKS` rows, a view of it; what is left over at its end is in none.

    Rows are empty where there are fewer entries than blocks.
    """
    size = len(series) // BLOCKS
    return series[: size * BLOCKS].reshape(BLOCKS, size)
