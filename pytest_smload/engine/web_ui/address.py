"""Where the web UI is served: reads what was asked for, and takes the port."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.errors import ConfigurationError

_MOST_PORT = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Address:
    """Where it is served.

    Attributes:
        host: Loopback unless another was asked for.
        port: 0 takes one that is free.
        source: The option or variable that asked.
    """

    host: str
    port: int
    source: str

    @classmethod
    def parse(cls, text: str, source: str) -> Address:
        """Return the address *text* asks for: ``PORT`` or ``HOST:PORT``.

        Raises:
            ConfigurationError: it is none.
        """
        host, colon, port = text.strip().rpartition(":")
        host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
        if not host or not (port.isascii() and port.isdigit()) or int(port) > _MOST_PORT:
            raise ConfigurationError(
                f"{source}: {quoted(text)} is no place for the web UI; write a port, such as 8089 (0 takes one that is "
                "free), or HOST:PORT to serve it elsewhere than on this machine alone"
            )
        return cls(host.lower(), int(port), source)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @property
    def warning(self) -> str:
        """What to know of it, or ``""``."""
        if self.is_loopback:
            return ""
        return (
            f"{self.source} {self.host}:{self.port} is open to the network without a password: who reaches it sees the "
            "loads' figures, and can end them"
        )

    def listening(self) -> socket.socket:
        """Return a socket that listens there.

        Raises:
            ConfigurationError: the port is taken, or the host is not this machine's.
        """
        try:
            family, kind, _, _, place = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind)
        except OSError as error:
            raise self._refused(error) from None
        try:
            # One that listens keeps others out all the same; what is left of connections does not.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(64)
        except OSError as error:
            listener.close()
            raise self._refused(error) from None
        return listener

    def _refused(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self.source}: the web UI cannot be served at {self.host}:{self.port}: {error.strerror or error}; name "
            "another port, or 0 for one that is free"
        )
