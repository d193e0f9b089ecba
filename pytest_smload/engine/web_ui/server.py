"""The process of the web UI: serves Locust's own pages, fed with what the process that loads tells it.

Started as ``python -m pytest_smload.engine.web_ui.server LISTENER CONTROL HOST``: two descriptors, a socket that
listens and one to the process that loads, whose end ends this one, and where the first listens.
"""

# Before anything that uses sockets: Locust patches the standard library when it is imported, as its command line does.
import locust  # isort: skip  # noqa: F401

import os
import socket
import sys
from contextlib import suppress
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer
from locust.stats import stats_history
from locust.web import WebUI

from pytest_smload.engine.web_ui.guard import Guard
from pytest_smload.engine.web_ui.messages import READY, STOP, Messages
from pytest_smload.engine.web_ui.page import complete
from pytest_smload.engine.web_ui.shown import ShownLoad

_NICE = 10
"""The load's own process goes first."""


def main() -> None:
    """Serve until the other process is gone."""
    listener_fd, control_fd, host = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    # Locust reads its options from there to show them.
    sys.argv = ["locust"]
    os.nice(_NICE)
    control, listener = socket.socket(fileno=control_fd), socket.socket(fileno=listener_fd)
    shown = ShownLoad()

    def stop() -> bool:
        if not shown.may_be_stopped:
            return False
        shown.stopping()
        control.sendall(STOP)
        return True

    app: Any = WebUI(shown.environment, "", 0, delayed_start=True).app
    complete(app, shown)
    server = WSGIServer(listener, Guard(app, stop, host), log=None, error_log=None)
    server.start()
    gevent.spawn(stats_history, shown.environment.runner)
    control.sendall(READY)
    messages = Messages()
    with suppress(OSError):
        while piece := control.recv(1 << 16):
            for facts, body in messages.take(piece):
                shown.take(facts, body)
    os._exit(0)


if __name__ == "__main__":
    main()
