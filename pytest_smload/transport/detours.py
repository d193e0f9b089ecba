"""What may stand between us and an endpoint: moto's mock, or a proxy."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from pytest_smload.aws.shown_url import split_url
from pytest_smload.aws.target import DEFAULT_PORTS
from pytest_smload.errors import EndpointError
from pytest_smload.transport.secretive import SecretiveBytes

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


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that tunnels with CONNECT; as text it is its URL without user name and password.

    Attributes:
        host: Its host.
        port: Its port.
        tls: Whether it is spoken to over TLS.
        authorization: Value of ``Proxy-Authorization`` (Basic, RFC 7617), empty without a user name.
    """

    host: str
    port: int
    tls: bool
    authorization: SecretiveBytes

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def proxy_for(target: EndpointTarget) -> Proxy | None:
    """Return the proxy botocore would use for *target*, or None.

    ``HTTPS_PROXY`` and ``HTTP_PROXY`` by the URL's scheme, ``NO_PROXY`` honoured.

    Raises:
        EndpointError: it is no proxy's URL. Left to the SDK it would be quoted whole, with its password.
    """
    if target.is_loopback:
        return None
    from botocore.utils import get_environ_proxies

    # The URL's text is never a local here: this frame may fail, and its locals be shown.
    proxy = _read_proxy(get_environ_proxies(target.url).get(target.parts.scheme))
    if isinstance(proxy, _NoProxyUrl):
        raise EndpointError(
            f"the proxy for {target.parts.hostname} (from {target.parts.scheme.upper()}_PROXY) is not "
            "http[s]://[user:password@]host[:port]; write / ? # \\ and @ of the password as %2F %3F %23 %5C and %40"
        )
    return proxy


class _NoProxyUrl:
    """Stands for text that is no proxy's URL."""


def _read_proxy(text: str | None) -> Proxy | _NoProxyUrl | None:
    if not text:
        return None
    # As botocore completes it.
    url = text if "://" in text else f"http:{text}" if text.startswith("//") else f"http://{text}"
    parts = split_url(url)
    if parts is None or parts.scheme not in DEFAULT_PORTS:
        return _NoProxyUrl()
    return Proxy(
        host=parts.hostname or "",
        port=parts.port or DEFAULT_PORTS[parts.scheme],
        tls=parts.scheme == "https",
        authorization=_basic(parts.username, parts.password or "") if parts.username else SecretiveBytes(),
    )


def _basic(user: str, password: str) -> SecretiveBytes:
    said = b":".join(unquote_to_bytes(os.fsencode(part)) for part in (user, password))
    return SecretiveBytes(b"Basic " + b64encode(said))
