"""Starts the process that serves the web UI, tells it how loads go, and hears from it that one is to end."""

from __future__ import annotations

import os
import site
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.engine.web_ui.messages import STOP, message
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smload.core.samples.progress import Progress
    from pytest_smload.engine.web_ui.address import Address

_CODE = Path(__file__).parents[3]
"""It is to be of this very code."""
_SERVER = "pytest_smload.engine.web_ui.server"
_STARTING_S = 60.0
_ENDING_S = 2.0
_MOST_UNSENT = 32 << 20
"""Bytes: one that takes so little has no use of more."""
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
"""It has no need of other variables: not of credentials, and not of what Locust's options might be."""


class WebUi:
    """The web UI of one run, of pytest or a script; its process ends with this one.

    Args:
        address: Where it is served.

    Attributes:
        url: What to open in a browser.

    Raises:
        ConfigurationError: the port is taken, or the process did not start.
    """

    def __init__(self, address: Address) -> None:
        self._unsent = bytearray()
        self._names: list[str] = []
        self._is_gone = self._stop_pressed = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        self._control, theirs = socket.socketpair()
        listener = None
        try:
            listener = address.listening()
            port = listener.getsockname()[1]
            host = f"[{address.host}]" if ":" in address.host else address.host
            self.url = f"http://{host}:{port}/"
            self._process = subprocess.Popen(  # noqa: S603 - this package's own module
                [sys.executable, "-P", "-m", _SERVER, str(listener.fileno()), str(theirs.fileno()), address.host],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=[listener.fileno(), theirs.fileno()],
                env=_variables(),
                # Locust reads its options from files there, too.
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            self._control.close()
            self._stderr.close()
            raise
        finally:
            theirs.close()
            if listener is not None:
                listener.close()
        self._wait_until_ready(address)

    def _wait_until_ready(self, address: Address) -> None:
        self._control.settimeout(_STARTING_S)
        try:
            is_ready = bool(self._control.recv(1))
        except OSError:
            is_ready = False
        if not is_ready:
            self._process.kill()
            self._process.wait()
            self._stderr.seek(0)
            said = self._stderr.read().decode(errors="replace").strip().splitlines()
            self.close()
            raise ConfigurationError(
                f"{address.source}: the process of Locust's web UI did not start{f': {said[-1]}' if said else ''}"
            )
        self._control.settimeout(0.0)

    @contextmanager
    def showing(self, host: str, title: str) -> Iterator[None]:
        """Show a load of *host* while this is entered."""
        self._hear()
        self._stop_pressed, self._names = False, []
        self._say(message("load", host=host, title=title))
        try:
            yield
        finally:
            self._say(message("over"))

    def hear(self, progress: Progress) -> None:
        """Take how the load goes; this is called in the loop that sends it, and never waits."""
        ended = progress.ended
        if ended is None:
            return
        facts, body = ended.packed()
        names, known = list(ended.names), len(self._names)
        if names[:known] != self._names:
            known = 0
        # Of a locustfile there are more from time to time.
        self._names = names
        self._say(
            message(
                "progress",
                body,
                elapsed_s=progress.elapsed_s,
                users=progress.users if progress.users is not None else progress.in_flight,
                known=known,
                names=names[known:],
                ended=facts,
            )
        )

    def wants_end(self) -> bool:
        """Whether somebody has pressed Stop since the load began."""
        self._hear()
        return self._stop_pressed

    def close(self) -> None:
        """End the process; nothing of it is left."""
        self._control.close()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()

    def _hear(self) -> None:
        with suppress(BlockingIOError, OSError):
            while piece := self._control.recv(64):
                self._stop_pressed |= STOP in piece

    def _say(self, told: bytes) -> None:
        """Send what can be sent now; a UI that is gone, or takes nothing, is told no more."""
        if self._is_gone:
            return
        self._unsent += told
        try:
            while self._unsent:
                del self._unsent[: self._control.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._is_gone = True
        if self._is_gone or len(self._unsent) > _MOST_UNSENT:
            self._is_gone = True
            self._unsent.clear()


def _variables() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    paths = [str(_CODE), os.environ.get("PYTHONPATH", "")]
    return kept | {
        "HOME": "/",
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
