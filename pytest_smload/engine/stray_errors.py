"""Carries what ends a greenlet of a load, and is no `Exception`, to whoever runs the load."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def stray_errors(
    hear: Callable[[BaseException], object], ends_test: tuple[type[BaseException], ...] = ()
) -> Iterator[None]:
    """Call *hear* with what a test framework or the interpreter raises to end a test, wherever in the loop it came up.

    That is what is no `Exception`, and *ends_test*.

    A signal handler that raises (a test's time limit, say) does so in whatever greenlet or callback is running. gevent
    would print it and go on.
    """
    hub = gevent.get_hub()
    handle = hub.handle_error

    def handle_error(context: Any, kind: Any, value: Any, traceback: Any) -> None:
        ends = isinstance(value, ends_test) or not isinstance(value, (Exception, GreenletExit))
        if isinstance(value, BaseException) and ends:
            hear(value)
        else:
            handle(context, kind, value, traceback)

    hub.handle_error = handle_error
    try:
        yield
    finally:
        del hub.handle_error
