"""Columns of numbers as NumPy arrays, the recorder's own seen as such without a copy."""

from __future__ import annotations

from array import array
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.integer[Any]]
Flags: TypeAlias = NDArray[np.bool_]


def view(column: array[Any]) -> NDArray[Any]:
    """Return the numbers of *column*, not copied; it cannot grow while the view lives."""
    kind = np.dtype(column.typecode)
    return np.frombuffer(column, dtype=kind) if column else np.empty(0, dtype=kind)


def mean(values: Floats) -> float:
    """Return the mean of *values*, at least one; of equal ones exactly their value, as only differences are summed."""
    first = values[0]
    return float(first + np.mean(values - first)) if np.isfinite(first) else float(np.mean(values))
