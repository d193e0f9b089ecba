"""What AWS's side of a load has to say in its verdict: the protocol of those who watch it there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.trust.health import Finding


@dataclass(frozen=True, slots=True)
class LoadSpan:
    """When a load ran, on the wall clock in UTC, and how much it sent.

    Attributes:
        begin: Before its first request, those of runs that were repeated included.
        end: After its last answer.
        window_begin, window_end: The measured window of the run that is judged.
        sent: Requests of all its runs, priming and warm-up included.
        answered: Those of them that the endpoint's model has answered.
    """

    begin: datetime
    end: datetime
    window_begin: datetime
    window_end: datetime
    sent: int
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a witness adds to a load's result.

    Attributes:
        reasons: Each makes the measurement INVALID.
        checks: Limits of its own, held.
        notes: Remarks for the report.
        facts: Fields of `pytest_smload.core.results.result.LoadResult` it fills, by name.
    """

    reasons: tuple[Finding, ...] = ()
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Witness(Protocol):
    """Watches a load from AWS's side; it calls nothing on the request path."""

    def begin(self) -> None:
        """Called before the first request.

        Raises:
            EndpointError, ConfigurationError: the load must not be sent; nothing was.
        """

    def testify(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object]) -> Testimony:
        """Return what is to be said of the load that has ended; *say* shows a line of progress while this takes time.

        Raises nothing but what Ctrl-C raises: what cannot be found out is a note, a failed check or a reason.
        """

    def close(self) -> None:
        """Called last, however the load ended; more than once is allowed."""


@runtime_checkable
class Paced(Protocol):
    """A witness whose figures come in periods of the wall clock.

    Attributes:
        period_s: The load's window is to begin at a multiple of so many seconds; None where that does not matter. Known
            once the witness has begun.
    """

    period_s: int | None


def wall_clock(epoch_s: float, time_s: float) -> datetime:
    """Return the wall clock time, in UTC, of *time_s* on a clock that stood at 0 at *epoch_s* (seconds since 1970)."""
    return datetime.fromtimestamp(epoch_s + time_s, UTC)
