"""How many of something there were, and since when."""

from __future__ import annotations

from bisect import bisect_right


class CountHistory:
    """A count that changes now and then, looked up by time.

    Times are seconds on any one clock; changes are noted in their order.
    """

    __slots__ = ("_counts", "_since_s")

    def __init__(self, count: int) -> None:
        self._since_s: list[float] = [float("-inf")]
        self._counts = [count]

    @property
    def latest(self) -> int:
        """The count now."""
        return self._counts[-1]

    def change(self, now_s: float, count: int) -> None:
        """Note that there are *count* from *now_s* on."""
        self._since_s.append(now_s)
        self._counts.append(count)

    def at(self, t_s: float) -> int:
        """Return the count at *t_s*."""
        return self._counts[bisect_right(self._since_s, t_s) - 1] if len(self._counts) > 1 else self._counts[0]

    def integral_s(self, from_s: float, to_s: float) -> float:
        """Return the count summed over the time from *from_s* to *to_s*, in seconds."""
        ends = [*self._since_s[1:], float("inf")]
        return sum(
            count * max(0.0, min(end_s, to_s) - max(since_s, from_s))
            for since_s, end_s, count in zip(self._since_s, ends, self._counts, strict=True)
        )
