"""Lets one generator of a load wait for the others where they must go on together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.engine.hooks import Companions
    from pytest_smload.engine.session import LoadSession


def meet_primed(session: LoadSession, companions: Companions | None, goes_on: Callable[[], bool]) -> None:
    """Wait until all generators are done with priming; what is left of ``max_requests`` is shared then."""
    session.primed = session.begun
    if companions is None or not goes_on():
        return
    session.primed = companions.primed(session.begun, goes_on)
    most = session.plan.profile.max_requests
    if most is not None:
        session.most_requests = session.begun + session.part.share(max(0, most - session.primed))


def begin_together(session: LoadSession, companions: Companions | None, goes_on: Callable[[], bool]) -> None:
    """Have the warm-up begin when all generators do."""
    if companions is not None:
        session.grid.agreed = lambda earliest_s: companions.begin(earliest_s, goes_on)
