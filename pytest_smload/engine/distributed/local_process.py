"""Starts one worker process on this machine, and ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

_CODE = Path(__file__).parents[3]
"""A worker is to be of this very code."""


class LocalProcess:
    """A worker process of ours; it ends with this process, whatever ends that.

    It is in a session of its own, so that Ctrl-C in the terminal reaches this process alone, and ends when its
    standard input does. The token is the first line there: neither the command line nor the environment shows it.

    Attributes:
        pid: Its process id.
    """

    def __init__(self, address: str, token: str) -> None:
        command = [sys.executable, "-P", "-m", "pytest_smload.worker", address, "--local"]
        paths = [str(_CODE), os.environ.get("PYTHONPATH", "")]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        self.pid = self._child.pid
        assert self._child.stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(OSError):  # dead already: said when it is waited for
            self._child.stdin.write(token.encode() + b"\n")
            self._child.stdin.flush()

    @property
    def ended(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._child.poll()

    def said(self) -> str:
        """Return what it wrote to its standard error, in one line: its last lines."""
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").splitlines()
        return "; ".join(line.strip() for line in lines[-3:] if line.strip())

    def let_go(self) -> None:
        """Have it end, without waiting for that."""
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()

    def stop(self, patience_s: float = 0.0) -> None:
        """End it, which it has *patience_s* to do by itself."""
        self.let_go()
        try:
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._stderr.close()
