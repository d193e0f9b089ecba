"""Whether a host is this machine."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether *host*, in lower case as ``urlsplit`` returns it, is ``localhost``, in 127.0.0.0/8, or ``::1``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
