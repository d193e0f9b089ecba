"""What may stand between us and an endpoint: moto's mock, or a proxy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_smload.aws.shown_url import HIDDEN, shown_url
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget


def is_mocked(target: EndpointTarget) -> bool:
    """Return whether moto's ``mock_aws`` would answer botocore's requests to *target*."""
    return not target.is_loopback and mock_is_active()


def mock_is_active() -> bool:
    """Return whether moto's ``mock_aws`` is active in this process, without importing moto or botocore.

    moto answers from a handler it adds to botocore's built-in ones when it is imported; the handler is enabled while a
    mock is active, be it a decorator, a ``with`` block or started by hand.
    """
    handlers = sys.modules.get("botocore.handlers")
    return any(
        entry[0] == "before-send" and getattr(entry[1], "enabled", False) is True
        for entry in getattr(handlers, "BUILTIN_HANDLERS", ())
    )


def proxy_for(target: EndpointTarget) -> str | None:
    """Return the proxy botocore would use for *target*, without user name and password, or None.

    ``HTTPS_PROXY`` and ``HTTP_PROXY`` by the URL's scheme, ``NO_PROXY`` honoured.

    Raises:
        EndpointError: it is no proxy's URL. Left to the SDK it would be quoted whole, with its password.
    """
    if target.is_loopback:
        return None
    from botocore.utils import get_environ_proxies

    shown = _shown_proxy(get_environ_proxies(target.url).get(target.parts.scheme))
    if shown is not None and HIDDEN in shown:
        raise EndpointError(
            f"the proxy for {target.parts.hostname} (from {target.parts.scheme.upper()}_PROXY) is not "
            "http://[user:password@]host[:port]; write / ? # \\ and @ of the password as %2F %3F %23 %5C and %40"
        )
    return shown


def _shown_proxy(proxy: str | None) -> str | None:
    return shown_url(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
