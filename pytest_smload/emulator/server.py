"""Runs the application on uvicorn, on the loopback interface."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from pytest_smload.emulator.app import EmulatorApp
from pytest_smload.emulator.connection import ConnectionProtocol
from pytest_smload.errors import EmulatorError
from pytest_smload.file_limit import raise_file_limit

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from pytest_smload.emulator.scenario import Scenario

_BACKLOG = 4096
_KEEP_ALIVE_S = 75
_PARENT_MS = 500
"""How often an orphan looks whether it is one."""


class EmulatorServer(uvicorn.Server):
    """A server that is ended by ending its process: answers still owed have nobody left to read them."""

    def __init__(
        self,
        scenario: Scenario,
        host: str,
        port: int,
        tls: tuple[Path, Path] | None,
        reset_secret: str | None = None,
    ) -> None:
        config = uvicorn.Config(
            cast("Any", EmulatorApp(scenario, reset_secret)),
            loop="auto",  # uvloop where it is installed
            http=ConnectionProtocol,
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_S,
            ssl_certfile=None if tls is None else tls[0],
            ssl_keyfile=None if tls is None else tls[1],
        )
        super().__init__(config)
        raise_file_limit()
        try:
            config.load()
            self.listener = _listen(host, port)
        except OSError as problem:  # ssl.SSLError is one too
            what = f"port {port} of {host}" if tls is None else f"port {port} of {host} with {tls[0]} and {tls[1]}"
            raise EmulatorError(f"cannot serve on {what}: {problem.strerror or problem}") from None
        scheme = "http" if tls is None else "https"
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{scheme}://{shown}:{self.listener.getsockname()[1]}"

    def serve_forever(self) -> None:
        """Answer requests until the process ends."""
        self.run(sockets=[self.listener])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End at once: uvicorn would first wait for answers that are due later."""
        _exit(sig, frame)


def end_quietly_on_signals() -> None:
    """End this process without a word on Ctrl-C and SIGTERM, from now on rather than from uvicorn's start."""
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, _exit)


def end_with_parent(parent: int, stdin_fd: int = 0) -> None:
    """End this process when *parent*, by its process id, does, or closes the other side of its standard input.

    A killed parent's kernel closes that side too, unless a child it forked holds it as well; so the parent is looked
    after besides. It may have ended before this process got here, and another have taken its place.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(stdin_fd, select.POLLIN)
        with suppress(OSError):
            while os.getppid() == parent:
                if poll.poll(_PARENT_MS) and not os.read(stdin_fd, 4096):
                    break
        os._exit(0)

    threading.Thread(target=watch, name="smload-emulator-eof", daemon=True).start()


def _exit(sig: int, _frame: FrameType | None) -> None:
    os._exit(128 + sig)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
