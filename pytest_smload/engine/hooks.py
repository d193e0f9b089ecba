"""What the caller of a load wants to hear while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.core.samples.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadHooks:
    """What the caller wants to hear of a running load.

    Attributes:
        on_environment: Called with the Locust environment before the first user; None when nobody listens, which spares
            every request the event.
        on_progress: Called about once a second.
        refresh: Called now and then in a native thread, off the request path (credentials).
        ends_test: Exceptions that a listener raises to end the test, rather than by mistake; what is no `Exception` at
            all always does.
    """

    on_environment: Callable[[Any], object] | None = None
    on_progress: Callable[[Progress], object] | None = None
    refresh: Callable[[], object] | None = None
    ends_test: tuple[type[BaseException], ...] = ()
