"""Runs pytest to its end in a fork of a process that has imported third-party packages already.

What a run has to do with how Python starts, or with what is imported, is asked of a process of its own instead.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = Path(__file__).with_name("fork_server.py")
READ_AT_START = ("PYTHON", "LANG", "LC_", "TZ", "LOCUST_", "GEVENT_", "PYDANTIC_")
"""Variables, by how they begin, that Python and packages read when they are started or imported."""


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    named = {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}
    return {name: value for name, value in named.items() if name != "PYTHONPATH"}


class ForkServer:
    """The process that runs are forks of; it ends with this one."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._at_start = _at_start(environment)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # Its output is a pipe, as that of its runs: Python looks at what it is when it starts.
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._control.close()
        with self._process:
            pass

    def run(
        self, args: Sequence[str], *, folder: Path, environment: Mapping[str, str], limit_s: float
    ) -> tuple[int, str]:
        """Run ``python -m pytest`` with *args* in *folder*; return its exit code and what it printed, both streams.

        Raises:
            ValueError: The run needs a process of its own.
            subprocess.TimeoutExpired: It took longer than *limit_s*, in seconds.
            RuntimeError: The server is gone.
        """
        if _at_start(environment) != self._at_start or any(word.startswith("-W") for word in args):
            raise ValueError("what Python or a package reads when it is started differs: such a run is a fresh one")
        if not environment.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            raise ValueError("pytest must import installed plugins itself: such a run is a fresh one")
        request = {"args": list(args), "folder": str(folder), "environment": dict(environment)}
        (said_fd, out), (told_fd, status) = os.pipe(), os.pipe()
        with open(said_fd) as said, open(told_fd) as told:  # noqa: PTH123 - descriptors
            try:
                with suppress(OSError):  # told below, where nothing comes of it
                    socket.send_fds(self._control, [json.dumps(request).encode()], [out, status])
            finally:
                os.close(out)
                os.close(status)
            pid = self._number(told.readline())
            expired = threading.Event()
            watchdog = threading.Timer(limit_s, partial(_kill, pid, expired))
            watchdog.start()
            try:
                text = said.read()
                code = self._number(told.readline())
            finally:
                watchdog.cancel()
        if expired.is_set():
            raise subprocess.TimeoutExpired(list(args), limit_s, text)
        return code, text

    def _number(self, line: str) -> int:
        if not line:
            raise RuntimeError(f"{SERVER.name} ended before its run: exit code {self._process.poll()}")
        return int(line)


def _kill(pid: int, expired: threading.Event) -> None:
    expired.set()
    os.kill(pid, signal.SIGKILL)


_lock = threading.Lock()
_server = ExitStack()
atexit.register(_server.close)
_started: list[ForkServer] = []


def run_forked(args: Sequence[str], *, folder: Path, environment: Mapping[str, str], limit_s: float) -> tuple[int, str]:
    """`ForkServer.run` of the server of these tests, which is started when it is first needed."""
    with _lock:
        if not _started:
            _started.append(_server.enter_context(ForkServer()))
    return _started[0].run(args, folder=folder, environment=environment, limit_s=limit_s)
