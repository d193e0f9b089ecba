"""Starts the embedded endpoint as a process of its own, reads its log, and ends it."""

from __future__ import annotations

import http.client
import json
import os
import select
import ssl
import subprocess
import sys
import tempfile
from contextlib import suppress
from secrets import token_urlsafe
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_HEADER, SECRET_KEY, SECRET_VARIABLE
from pytest_smload.emulator.endpoint_log import EndpointLog
from pytest_smload.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["EmulatorProcess", "EndpointLog"]

_CONTROL_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


class EmulatorProcess:
    """A running embedded endpoint, ended by `stop`, by leaving a ``with``, or by the end of this process.

    Attributes:
        url: Base URL, no trailing slash.
        region: Region requests are signed for.
        access_key: Built-in dummy credentials.
        secret_key: Built-in dummy credentials.
        pid: Process id.
    """

    region = REGION
    access_key = ACCESS_KEY
    secret_key = SECRET_KEY

    def __init__(self, child: subprocess.Popen[bytes], stderr: IO[bytes], secret: str) -> None:
        self._child = child
        self._secret = secret
        self._stderr = stderr
        self.url = ""
        self.pid = child.pid

    @classmethod
    def start(
        cls,
        scenario: Path | None = None,
        *,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
        timeout_s: float = 30.0,
    ) -> EmulatorProcess:
        """Start the endpoint on a free port of the loopback interface.

        Args:
            scenario: Scenario file; None is a fast healthy endpoint that accepts any name and target model.
            tls_cert: Certificate chain to serve HTTPS with; it needs *tls_key*.
            tls_key: Private key of *tls_cert*.
            timeout_s: How long it may take to answer, in seconds.

        Raises:
            EmulatorError: If it does not start, with what it said: every mistake of the scenario, a missing package.
        """
        command = [sys.executable, "-P", "-m", "pytest_smload.emulator", "--port", "0", "--until-eof"]
        command += ["--parent", str(os.getpid())]
        for option, value in (("--scenario", scenario), ("--tls-cert", tls_cert), ("--tls-key", tls_key)):
            command += [] if value is None else [option, str(value)]
        secret = token_urlsafe()
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop
        # A session of its own: Ctrl-C in the terminal reaches the parent alone, which still needs the endpoint's log.
        child = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            env={**os.environ, SECRET_VARIABLE: secret},
        )
        process = cls(child, stderr, secret)
        try:
            process.url = _first_line(child, timeout_s)
        except BaseException:
            child.kill()
            process.stop()
            raise
        if not process.url:
            said = process._said() or f"nothing within {timeout_s:g} s"
            child.kill()
            process.stop()
            raise EmulatorError(f"the embedded endpoint did not start: {said}")
        return process

    def log(self) -> EndpointLog:
        """Return everything that reached the endpoint since the start or the last `reset`.

        Raises:
            EmulatorError: If the endpoint no longer answers.
        """
        return EndpointLog.from_json(self._control("/_emulator/log?samples=1"))

    def reset(self) -> None:
        """Clear the log, the models in memory and the fault counts; the scenario's clock starts again.

        Raises:
            EmulatorError: If the endpoint no longer answers.
        """
        self._control("/_emulator/reset")

    def stop(self) -> None:
        """End the process; more than once is allowed."""
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _control(self, path: str) -> dict[str, Any]:
        parts = urlsplit(self.url)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            # The child's port, on loopback, was read from the child itself; its certificate may name another host.
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(parts.netloc, timeout=_CONTROL_TIMEOUT_S, context=context)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=_CONTROL_TIMEOUT_S)
        try:
            connection.request("POST", path, headers={SECRET_HEADER.decode(): self._secret})
            response = connection.getresponse()
            if response.status != 200:
                raise EmulatorError(f"the embedded endpoint at {self.url} refused {path}: status {response.status}")
            found: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as problem:
            said = "" if self._stderr.closed else self._said()
            why = said or str(problem) or type(problem).__name__
            raise EmulatorError(f"the embedded endpoint at {self.url} does not answer: {why}") from None
        finally:
            connection.close()
        return found

    def _said(self) -> str:
        """Return what the child wrote to its standard error, in one line."""
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").splitlines()
        return "; ".join(line.strip() for line in lines if line.strip())


def _first_line(child: subprocess.Popen[bytes], timeout_s: float) -> str:
    """Return the URL the child prints, or an empty text if it ends, or says nothing for *timeout_s*."""
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    poll = select.poll()
    poll.register(child.stdout, select.POLLIN)
    if not poll.poll(timeout_s * 1000):
        return ""
    line = child.stdout.readline().decode().strip()
    if not line:
        child.wait()  # it has closed its output; what it said is complete when it has ended
    return line
