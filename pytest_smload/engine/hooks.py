"""What the caller of a load wants to hear while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.samples.progress import Progress
    from pytest_smload.engine.abort import Counts


class Running(NamedTuple):
    """How far a running load is.

    Attributes:
        elapsed_s: Since it began, priming included.
        sent: Requests begun so far.
        primed: Whether priming is over, and its warm-up or window has begun.
        ended: What has ended so far, as far as ``abort_on`` asks.
    """

    elapsed_s: float
    sent: int
    primed: bool
    ended: Counts | None = None


class Companions(Protocol):
    """The other generators of a load, as one of them meets them on its way."""

    def primed(self, begun: int, goes_on: Callable[[], bool]) -> int:
        """Wait until priming is over, and return how many requests it took in all.

        Args:
            begun: Those of this generator.
            goes_on: Called now and then; says whether to go on waiting.
        """

    def begin(self, earliest_s: float, goes_on: Callable[[], bool]) -> float:
        """Return when all begin, on this generator's clock; *earliest_s* is when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadHooks:
    """What the caller wants to hear of a running load.

    Attributes:
        on_environment: Called with the Locust environment before the first user; None when nobody listens, which spares
            every request the event.
        on_progress: Called about once a second.
        wants_end: Whether somebody who watches the load has asked for its end; None where nobody can.
        refresh: Called now and then in a native thread, off the request path (credentials).
        ends_load: Asked some ten times a second whether the load is to end now; None where nobody wants it to.
        ends_test: Exceptions that a listener raises to end the test, rather than by mistake; what is no `Exception` at
            all always does.
        companions: The other generators of the load; None where this process sends all of it.
    """

    on_environment: Callable[[Any], object] | None = None
    on_progress: Callable[[Progress], object] | None = None
    wants_end: Callable[[], bool] | None = None
    refresh: Callable[[], object] | None = None
    ends_load: Callable[[Running], bool] | None = None
    ends_test: tuple[type[BaseException], ...] = ()
    companions: Companions | None = None
