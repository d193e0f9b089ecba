"""Signature Version 4 for InvokeEndpoint: the bytes of whole requests, signed and cached for a few seconds.

Protocol: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html, with botocore's ``SigV4Auth`` as
the reference for every choice it leaves open.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pytest_smload.aws.shown_url import shown_url, split_url
from pytest_smload.aws.target import DEFAULT_PORTS
from pytest_smload.errors import EndpointError
from pytest_smload.transport.secretive import SecretiveBytes
from pytest_smload.transport.wire import header_value_problem, route_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import Credentials, EndpointTarget
    from pytest_smload.core.request.invocation import Payload, Route

SERVICE: Final = "sagemaker"
"""The signing name (the service's own is ``sagemaker-runtime``)."""
SIGNED_FOR_S: Final = 10
"""How long a signature is used, in seconds. AWS takes a request for five minutes after its time stamp
(https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html); a client's clock may be off by the rest."""
CACHED_BYTES: Final = 64 * 1024 * 1024
JOINED_BODY_BYTES: Final = 16 * 1024
"""Bodies up to this size are kept behind their head, so that one send carries the request."""

_MAX_CREDENTIAL_CHARS: Final = 16_384
_SHA256_BLOCK_BYTES: Final = 64
_INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True, repr=False)
class _RouteText:
    """What never changes in one route's requests."""

    canonical_before_date: str
    canonical_after_token: str
    signed_before_date: str
    signed_after_token: str
    head_lines: str


@dataclass(frozen=True, slots=True, repr=False)
class _RoutePrefix:
    """What does not change in one route's requests until the signer is renewed: the canonical request's hash up to the
    payload's digest, and the head up to the signature."""

    canonical: Any
    head: bytes


class RequestSigner:
    """Makes the wire bytes of requests to one endpoint.

    The hot path looks into ``wires`` itself, after calling `renew` where ``valid_until`` has passed or the source's
    credentials are another object than ``credentials``.

    Attributes:
        wires: Whole requests with small bodies by ``route.index << 32 | payload.index``; 64 MiB of them at most.
            All are of the time stamp in force.
        valid_until: ``time.perf_counter()`` at which the time stamp in force is too old, in seconds.
        credentials: What ``wires`` are signed with.
    """

    __slots__ = (
        "_cached_bytes",
        "_canonical_start",
        "_clock",
        "_head_start",
        "_host",
        "_key_scope",
        "_key_states",
        "_long_heads",
        "_prefixes",
        "_region",
        "_scope",
        "_source",
        "_texts",
        "_timestamp",
        "_to_sign_start",
        "credentials",
        "valid_until",
        "wires",
    )

    def __init__(self, target: EndpointTarget, *, clock: Callable[[], float] = time.time) -> None:
        """
        Raises:
            EndpointError: The address or the credentials cannot be written into a request.
        """
        path = request_path(target)
        self._host = host_header(target)
        self._clock = clock
        self._source = target.credentials
        self._region = target.region
        self._canonical_start = f"POST\n{canonical_path(path)}\n\n"
        self._head_start = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nUser-Agent: pytest-smload\r\n"
        self._texts: dict[int, _RouteText] = {}
        self._prefixes: dict[int, _RoutePrefix] = {}
        self._long_heads: dict[int, SecretiveBytes] = {}
        self._key_scope: tuple[str, Credentials] | None = None
        self.wires: dict[int, SecretiveBytes] = {}
        self.renew()

    def renew(self) -> None:
        """Take the time and the credentials in force now; everything signed before is forgotten.

        Raises:
            EndpointError: The credentials hold characters no header can carry.
        """
        now = self._clock()
        second = int(now)
        # At multiples of it: the date of the key's scope then never ends before its signatures do.
        self.valid_until = time.perf_counter() + (SIGNED_FOR_S - now % SIGNED_FOR_S)
        self._cached_bytes = 0
        self.wires.clear()
        self._prefixes.clear()
        self._long_heads.clear()
        self.credentials = credentials = self._source.current
        self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        date = self._timestamp[:8]
        self._scope = f"{date}/{self._region}/{SERVICE}/aws4_request"
        self._to_sign_start = f"AWS4-HMAC-SHA256\n{self._timestamp}\n{self._scope}\n".encode()
        if self._key_scope is None or self._key_scope[0] != self._scope or self._key_scope[1] is not credentials:
            _check_credentials(credentials)
            self._key_states = _hmac_states(_signing_key(credentials, date, self._region))
            self._key_scope = (self._scope, credentials)

    def sign(self, route: Route, payload: Payload) -> SecretiveBytes:
        """Return the whole request if its body is at most 16 KiB, else its head; kept in the cache while there is room.

        *route* has passed `validate_route`; indexes are below 2**32 and belong to one load.
        """
        key = route.index << 32 | payload.index
        small = len(payload.body) <= JOINED_BODY_BYTES
        cache = self.wires if small else self._long_heads
        known = cache.get(key)
        if known is not None:
            return known
        prefix = self._prefixes.get(route.index) or self._route_prefix(route)
        canonical = prefix.canonical.copy()
        canonical.update(payload.sha256.encode())
        inner, outer = self._key_states
        mac = inner.copy()
        mac.update(self._to_sign_start + canonical.hexdigest().encode())
        outer_mac = outer.copy()
        outer_mac.update(mac.digest())
        tail = f"{outer_mac.hexdigest()}\r\nContent-Length: {len(payload.body)}\r\n\r\n".encode()
        wire = SecretiveBytes(prefix.head + tail + payload.body if small else prefix.head + tail)
        # Once full it stays as it is until it is renewed: evicting would lose to cyclic traffic every time.
        if self._cached_bytes < CACHED_BYTES:
            self._cached_bytes += len(wire)
            cache[key] = wire
        return wire

    def _route_prefix(self, route: Route) -> _RoutePrefix:
        text = self._texts.get(route.index)
        if text is None:
            text = self._texts[route.index] = self._route_text(route)
        token = self.credentials.token
        token_header = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        canonical_token = f"x-amz-security-token:{token}\n" if token else ""
        dated = "x-amz-date;x-amz-security-token" if token else "x-amz-date"
        signed = f"{text.signed_before_date}{dated}{text.signed_after_token}"
        canonical = (
            f"{self._canonical_start}{text.canonical_before_date}x-amz-date:{self._timestamp}\n"
            f"{canonical_token}{text.canonical_after_token}\n{signed}\n"
        )
        head = (
            f"{self._head_start}{text.head_lines}X-Amz-Date: {self._timestamp}\r\n{token_header}"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self.credentials.access_key}/{self._scope}, "
            f"SignedHeaders={signed}, Signature="
        )
        made = _RoutePrefix(sha256(canonical.encode()), head.encode("ascii"))
        self._prefixes[route.index] = made
        return made

    def _route_text(self, route: Route) -> _RouteText:
        headers = route_headers(route)
        # Within signed headers the date and the token sort between all others: "x-amz-" precedes "x-amzn-sagemaker-".
        canonical = sorted((name.lower(), " ".join(value.split())) for name, value in [*headers, ("Host", self._host)])
        before = [(name, value) for name, value in canonical if name < "x-amz-date"]
        after = canonical[len(before) :]
        return _RouteText(
            canonical_before_date="".join(f"{name}:{value}\n" for name, value in before),
            canonical_after_token="".join(f"{name}:{value}\n" for name, value in after),
            signed_before_date="".join(f"{name};" for name, _ in before),
            signed_after_token="".join(f";{name}" for name, _ in after),
            head_lines="".join(f"{name}: {value}\r\n" for name, value in headers),
        )


def request_path(target: EndpointTarget) -> str:
    """Return the percent-encoded path of InvokeEndpoint below the target's base URL, as botocore writes it.

    Raises:
        EndpointError: The URL has a part a base URL cannot have, or the name is a relative path segment.
    """
    if any(mark in target.url for mark in "?#@"):
        raise EndpointError(
            f"endpoint URL from {target.url_source} must be scheme://host[:port][/path] without user, query or fragment"
        )
    if not target.endpoint_name:
        raise EndpointError("the endpoint name is empty; set name in [endpoints.…]")
    path = f"{target.parts.path.rstrip('/')}/endpoints/{quote(target.endpoint_name, safe='-._~')}/invocations"
    if any(segment in {".", ".."} for segment in path.split("/")):
        raise EndpointError(
            f"{shown_url(target.url)} (from {target.url_source}): neither the endpoint name nor the URL's path may be "
            "or contain '.' or '..'"
        )
    if header_value_problem(path, 8_192):
        raise EndpointError(
            f"{shown_url(target.url)} (from {target.url_source}): the URL's path holds characters that need %-encoding"
        )
    return path


def canonical_path(path: str) -> str:
    """Return *path* as SigV4 hashes it: empty segments dropped, percent-encoded once more."""
    return quote("/" + "/".join(segment for segment in path.split("/") if segment), safe="/~")


def host_header(target: EndpointTarget) -> str:
    """Return the Host header: lower case, IPv6 in brackets, the scheme's own port left out.

    Raises:
        EndpointError: The URL has no usable host or port.
    """
    host = target.parts.hostname if split_url(target.url) is not None else None
    if not host or header_value_problem(host, 253):
        raise EndpointError(
            f"{shown_url(target.url)} (from {target.url_source}) names no host, or no port in 1..65535; expected https://host[:port]"
        )
    port = target.parts.port
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None or port == DEFAULT_PORTS.get(target.parts.scheme) else f"{shown}:{port}"


def _signing_key(credentials: Credentials, date: str, region: str) -> bytes:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (date, region, SERVICE, "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key


def _hmac_states(key: bytes) -> tuple[Any, Any]:
    # HMAC (RFC 2104) with both padded keys already hashed: copying the two states halves the cost of `hmac.digest`.
    padded = key.ljust(_SHA256_BLOCK_BYTES, b"\0")
    return sha256(padded.translate(_INNER_PAD)), sha256(padded.translate(_OUTER_PAD))


def _check_credentials(credentials: Credentials) -> None:
    # Values are looked at in a frame of its own, which has ended where this one raises: its locals may be shown.
    if name := _unwritable(credentials):
        raise EndpointError(
            f"the AWS {name} holds spaces, line ends or other characters no header can carry; "
            "check the environment variable or file it comes from"
        )


def _unwritable(credentials: Credentials) -> str | None:
    """Return what of *credentials* cannot be written into a request or hashed for one, or None."""
    if not _fits_header(credentials.access_key):
        return "access key"
    if not _fits_header(credentials.secret_key):
        return "secret key"
    return None if _fits_header(credentials.token or "-") else "session token"


def _fits_header(value: str) -> bool:
    return " " not in value and header_value_problem(value or "-", _MAX_CREDENTIAL_CHARS) is None
