"""Waits until CloudWatch has counted what a load sent, then reads its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.aws.cloudwatch import ask
from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.core.server.cross_check import Counts
from pytest_smload.core.server.over_time import series_over_time, shown_over_time
from pytest_smload.core.server.readings import needs, read
from pytest_smload.core.server.resolution import covering, is_period
from pytest_smload.core.server.series import invocations, wanted
from pytest_smload.core.server.telling import Figures, lags
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from pytest_smload.aws.control_plane import ControlPlane
    from pytest_smload.conduct.witness import LoadSpan
    from pytest_smload.core.limits.server_metrics import ServerMetric
    from pytest_smload.core.server.account import Account
    from pytest_smload.core.server.readings import Reading, Window
    from pytest_smload.core.server.resolution import Span
    from pytest_smload.core.server.series import Points, Series

WAIT_S = 300.0
"""AWS gives no figure; monitoring agents that read CloudWatch wait two to five minutes."""
ASK_EVERY_S = 10.0
_SAY_AFTER_S = 2.0
"""A shorter wait is not worth a line."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, and by which clock.

    Attributes:
        now_s: A monotonic clock.
        sleep: Waits so many seconds.
        wait_s: Longest wait in all.
        every_s: Time between two questions; figures that come more often than that are asked for as often.
    """

    now_s: Callable[[], float]
    sleep: Callable[[float], object]
    wait_s: float = WAIT_S
    every_s: float = ASK_EVERY_S


def counted_figures(
    plane: ControlPlane,
    window: Window,
    load: LoadSpan,
    account: Account,
    *,
    rows: Iterable[ServerMetric],
    limited: Sequence[ServerMetric],
    patience: Patience,
    say: Callable[[str], object],
) -> Figures:
    """Return CloudWatch's figures of *window*, once it has counted what was sent, or at the end of the patience.

    What counts is Invocations: until all answers of the model are among them. Then everything is asked for, and again
    where something limited has not come yet: instances publish apart from requests.

    Args:
        plane: Whom to ask.
        window: Of which the figures are to be.
        load: All the runs of the load.
        account: The client's, of the window.
        rows: What to ask for.
        limited: Those of them that a limit is on.
        patience: How long.
        say: Shows a line of progress.

    Raises:
        ControlPlaneError: CloudWatch could not be asked for what it was asked before the load.
    """
    wait = _Wait(patience, window, say)
    in_all, counts = _count(plane, window, load, account, wait)
    counted_s = wait.waited_s
    rows = list(dict.fromkeys(each for row in rows for each in needs(row)))
    whole = is_period(window.span.length_s)
    askable = [row for row in rows if whole or row.fold != "percentile"]
    counting = [invocations(variant, window.resolution) for variant in window.variants]
    shown = shown_over_time(askable)
    made_of = wanted([*askable, *shown], window.variants, window.resolution, window.span)
    series = [*dict.fromkeys([*made_of, *counting])]
    grace_s = counted_s + max(2 * window.resolution.window_s, patience.every_s)
    while True:
        points = ask(plane, series, window.span)
        readings: dict[str, Reading] = {row.name: read(row, points, window) for row in rows}
        late = [row.series for row in limited if lags(row, readings[row.name], account)]
        if not late or wait.waited_s >= grace_s or not wait.again():
            break
        wait.sleep(f"waiting for CloudWatch: {', '.join(dict.fromkeys(late))} of the window have not come yet")
    over_time = series_over_time(shown, points, window, load.window_begin.timestamp())
    return Figures(counts, in_all, load.sent, counted_s, readings, over_time)


class _Wait:
    def __init__(self, patience: Patience, window: Window, say: Callable[[str], object]) -> None:
        self._patience = patience
        self._say = say
        self._next_line_s = _SAY_AFTER_S
        self._begin_s = patience.now_s()
        self._every_s = min(patience.every_s, max(0.5, window.resolution.requests_s / 2))

    @property
    def waited_s(self) -> float:
        return self._patience.now_s() - self._begin_s

    def again(self) -> bool:
        return self.waited_s < self._patience.wait_s

    def sleep(self, line: str = "") -> None:
        """Wait for the next question, saying *line* where the last one was said long enough ago."""
        if line and self.waited_s >= self._next_line_s:
            self._next_line_s = self.waited_s + self._patience.every_s
            self._say(line)
        self._patience.sleep(self._every_s)


def _count(plane: ControlPlane, window: Window, load: LoadSpan, account: Account, wait: _Wait) -> tuple[int, Counts]:
    """Invocations of all periods of the load, and those of the window against the client's account."""
    series = [invocations(variant, window.resolution) for variant in window.variants]
    periods = covering(load.begin.timestamp(), load.end.timestamp(), window.resolution.requests_s)
    span = _hull(periods, window.span)
    before = -1
    while True:
        line = ""
        try:
            points = ask(plane, series, span)
        except ControlPlaneError as error:
            if error.denied or not wait.again():
                raise
        else:
            in_all = round(sum(point.value for each in series for point in points[each]))
            counts = Counts.of(_by_period(series, points, window), account)
            enough = counts.is_whole(account) and in_all >= load.answered
            # Nobody knows whether a request the model has not answered is counted, nor on which side of the window one
            # at its edge is: where these may be missing, or others' stand for them, a sum that still grows is not all.
            whole = in_all >= load.sent and counts.counted >= account.answered and not counts.foreign
            if (enough and (whole or in_all == before)) or not wait.again():
                return in_all, counts
            before = in_all
            line = _progress(in_all, load.sent, counts.uncounted, wait.waited_s)
        wait.sleep(line)


def _by_period(series: Sequence[Series], points: Points, window: Window) -> list[float]:
    """Invocations of each period of the window."""
    period_s = window.resolution.requests_s
    found = [0.0] * (window.span.length_s // period_s)
    for point in (point for each in series for point in window.inside(each, points)):
        found[int(point.begin_s - window.span.begin_s) // period_s] += point.value
    return found


def _progress(counted: int, sent: int, missing: int, waited_s: float) -> str:
    so_far, most = format_duration(round(waited_s)), format_duration(WAIT_S)
    # More than were sent: others send as well, and not all of what is counted is this load's.
    what = f"{counted:,} of {sent:,} requests are" if counted <= sent else f"{missing:,} requests are not yet"
    return f"waiting for CloudWatch: {what} counted after {so_far} (of {most} at most)"


def _hull(one: Span, other: Span) -> Span:
    return type(one)(min(one.begin_s, other.begin_s), max(one.end_s, other.end_s))
