"""Verifies Signature Version 4 with botocore's own signer; a head seen before costs one dictionary look-up."""

from __future__ import annotations

import math
import re
import time
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY
from pytest_smload.emulator.protocol import Answer, error

Headers = list[tuple[bytes, bytes]]
_SERVICE = "sagemaker"
_MAX_SKEW_S = 300.0
_MEMO_SIZE = 8192
_DATE = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/, ]+)/(?P<day>\d{8})/(?P<region>[^/, ]+)/(?P<service>[^/, ]+)/"
    r"aws4_request *, *SignedHeaders=(?P<names>[^, ]+) *, *Signature=(?P<signature>[0-9a-f]{64})"
)
_REQUIRED = {"host", "x-amz-date"}
_TOKEN = "x-amz-security-token"  # noqa: S105 - a header's name
_REFUSED = error("InvalidSignatureException")


class _Signer(SigV4Auth):  # type: ignore[misc]
    """botocore's signer for a body whose digest is already known."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload_sha256"])


class SignatureChecker:
    """Checks requests against the built-in credentials.

    A session token is accepted as long as it is signed; its value is not looked at.

    Args:
        now: Gives the wall clock in seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._signer = _Signer(Credentials(ACCESS_KEY, SECRET_KEY), _SERVICE, REGION)
        # The same signed head is sent many times within a second; each entry is good until its date is too old.
        self._good_until: dict[tuple[object, ...], float] = {}

    def refusal(self, raw_path: bytes, query: bytes, headers: Headers, body: bytes) -> Answer | None:
        """Return the error for a request that is not signed rightly, or None for one that is."""
        digest = sha256(body).digest()
        key = (raw_path, query, digest, *headers)
        good_until = self._good_until.get(key)
        if good_until is not None and self._now() < good_until:
            return None
        found = self._verify(raw_path, query, headers, digest.hex())
        if isinstance(found, Answer):
            return found
        if len(self._good_until) >= _MEMO_SIZE:
            self._good_until.clear()
        self._good_until[key] = found + _MAX_SKEW_S
        return None

    def _verify(self, raw_path: bytes, query: bytes, headers: Headers, payload_sha256: str) -> Answer | float:
        """Return the time of a right signature, in seconds since the epoch, or the error; in AWS's order of checks."""
        values: dict[str, str] = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        if "authorization" not in values:
            return error("MissingAuthenticationTokenException")
        match = _AUTHORIZATION.fullmatch(values["authorization"].strip())
        names = match["names"].split(";") if match else []
        if _TOKEN in values and _TOKEN not in names:
            return error("IncompleteSignatureException", f"'{_TOKEN}' must be a 'SignedHeader' in the Authorization.")
        if match is None or not _REQUIRED <= set(names) <= set(values):
            return error("IncompleteSignatureException")
        if match["key"] != ACCESS_KEY:
            return error("UnrecognizedClientException")
        date = values["x-amz-date"]
        signed_at = _epoch_s(date)
        mistake = self._scope_mistake(match) or self._date_mistake(date, signed_at, match["day"])
        if mistake is not None:
            return error("InvalidSignatureException", mistake)
        expected = self._signature(raw_path, query, values, names, payload_sha256)
        body_fits = values.get("x-amz-content-sha256", payload_sha256) == payload_sha256
        return signed_at if body_fits and compare_digest(expected, match["signature"]) else _REFUSED

    def _scope_mistake(self, match: re.Match[str]) -> str | None:
        if match["region"] != REGION:
            return f"Credential should be scoped to a valid region, not '{match['region']}'."
        if match["service"] != _SERVICE:
            return f"Credential should be scoped to correct service: '{_SERVICE}'."
        return None

    def _date_mistake(self, date: str, signed_at: float, day: str) -> str | None:
        now, five_min = self._now(), _MAX_SKEW_S
        if math.isnan(signed_at):
            return f"Date must be in ISO-8601 'basic format'. Got '{date}'."
        if not date.startswith(day):
            return (
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: '{day}' != '{date}'."
            )
        if signed_at < now - five_min:
            return f"Signature expired: {date} is now earlier than {_iso(now - five_min)} ({_iso(now)} - 5 min.)"
        if signed_at > now + five_min:
            return (
                f"Signature not yet current: {date} is still later than {_iso(now + five_min)} ({_iso(now)} + 5 min.)"
            )
        return None

    def _signature(
        self, raw_path: bytes, query: bytes, values: dict[str, str], names: list[str], payload_sha256: str
    ) -> str:
        url = f"https://{values['host']}{raw_path.decode('latin-1')}"
        if query:
            url += "?" + query.decode("latin-1")
        request = AWSRequest("POST", url, headers={name: values[name] for name in names})
        request.context.update(timestamp=values["x-amz-date"], payload_sha256=payload_sha256)
        canonical = self._signer.canonical_request(request)
        return str(self._signer.signature(self._signer.string_to_sign(request, canonical), request))


def _epoch_s(date: str) -> float:
    """Return the seconds since the epoch of an ``X-Amz-Date``, or NaN for something else."""
    try:
        return float(timegm(time.strptime(date, _DATE)))
    except ValueError:
        return math.nan


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime(_DATE)
