"""Says which workers a run is to have, and where they join."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.engine.distributed.token import LEAST_TOKEN
from pytest_smload.errors import ConfigurationError
from pytest_smload.options import TOKEN_VARIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The workers a run is to have.

    Attributes:
        count: How many.
        host, port: Where they join; port 0 takes any that is free.
        local: Whether the plugin starts them on this machine.
        token: What they prove themselves with.
        option: What asked for them, for messages.
    """

    count: int
    host: str = "127.0.0.1"
    port: int = 0
    local: bool = True
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    option: str = "--smload-processes"

    @property
    def address(self) -> str:
        """Host and port as a worker is told them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def warning(self) -> str:
        """What to know of where they join, or ``""``."""
        if is_loopback(self.host):
            return ""
        return (
            f"{self.option} {self.address} is open to the network: payloads and samples pass it sealed but not "
            "encrypted; use a private network"
        )


def wanted_at(count: int, bind: str, token: str | None, option: str) -> Wanted:
    """Return the *count* remote workers that are to join at *bind*, ``HOST:PORT``.

    Raises:
        ConfigurationError: it is no such address, or the token is missing or too short.
    """
    host, port = address_of(bind, option)
    if token is None or len(token) < LEAST_TOKEN:
        what = "is not set" if token is None else f"has {len(token)} characters"
        raise ConfigurationError(
            f"{option} {bind}: {TOKEN_VARIABLE} {what}; workers elsewhere prove themselves with a shared secret of "
            f"{LEAST_TOKEN} characters or more"
        )
    return Wanted(count=count, host=host, port=port, local=False, token=token, option=option)


def address_of(text: str, option: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``.

    Raises:
        ConfigurationError: it is none.
    """
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ConfigurationError(f"{option} {text!r} is no address; write HOST:PORT, such as 127.0.0.1:5557")
    return host, int(port)
