"""Blocks of a series."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_smload.core.statistics.blocks import BLOCKS, in_blocks


@pytest.mark.parametrize("count", [0, 19, 20, 59, 1_000])
def test_blocks_are_consecutive_and_equal(count: int) -> None:
    """As many entries in each as go into all, in order; the rest is left over."""
    blocks = in_blocks(np.arange(count))
    size = count // BLOCKS

    assert (BLOCKS, size) == blocks.shape
    assert list(range(BLOCKS * size)) == blocks.ravel().tolist()


def test_blocks_are_a_view() -> None:
    """Of ten million samples nothing is copied."""
    series = np.zeros(400)

    assert np.shares_memory(series, in_blocks(series))
