"""Puts how a locustfile's load goes into what its process says of it twice a second."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_smload.core.samples.counting import Counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.engine.locustfile.heard import Heard


class Telling:
    """Tells of one load.

    Args:
        heard: What was heard of it.
        tell: Takes facts and bytes.
        begin_s: When it began (``perf_counter``).
    """

    def __init__(self, heard: Heard, tell: Callable[[dict[str, Any], bytes], object], begin_s: float) -> None:
        self._heard, self._tell, self._begin_s = heard, tell, begin_s
        self._counting = Counting(heard.samples, from_due=False, begin_s=begin_s)
        self._told_names = 0

    def tell(self, now: float, phase: str, *, users: int, window_start_s: float, total_s: float) -> None:
        """Say how it goes at *now*."""
        heard = self._heard
        looked = self._counting.look(
            now,
            (window_start_s, heard.window_end_s),
            kinds=heard.kinds.names,
            messages={kind: failure.message for kind, failure in heard.examples.items()},
            names=heard.names,
        )
        ended, body = looked.ended.packed()
        facts = {
            "elapsed_s": now - self._begin_s,
            "total_s": total_s,
            "phase": phase,
            "users": users,
            "tps": looked.tps,
            "p95_ms": looked.p95_ms if isfinite(looked.p95_ms) else None,
            "errors": looked.errors,
            "sent": len(heard.samples),
            "recent_s": looked.recent_s,
            "window_s": max(0.0, min(now, heard.window_end_s) - window_start_s),
            "ended": ended,
            "names": heard.names[self._told_names :],
        }
        self._tell(facts, body)
        self._told_names = len(heard.names)
