"""Runs things that mostly wait two at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")


def side_by_side(*runs: Callable[[], _Result]) -> list[_Result]:
    """What *runs* return, two of them under way at a time.

    For runs of which nothing that is asserted depends on how fast client or endpoint get their work done.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        return [begun.result() for begun in [pool.submit(run) for run in runs]]
