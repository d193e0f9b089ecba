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
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY
from pytest_smload.emulator.protocol import ERRORS, Answer, error

Headers = list[tuple[bytes, bytes]]
RUNTIME = "sagemaker"
_S3 = "s3"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_MAX_SKEW_S = 300.0
_MEMO_SIZE = 8192
_DATE = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/, ]+)/(?P<day>\d{8})/(?P<region>[^/, ]+)/(?P<service>[^/, ]+)/"
    r"aws4_request *, *SignedHeaders=(?P<names>[^, ]+) *, *Signature=(?P<signature>[0-9a-f]{64})"
)
_REQUIRED = {"host", "x-amz-date"}
_TOKEN = "x-amz-security-token"  # noqa: S105 - a header's name


class Mistake(NamedTuple):
    """What is wrong with a signature.

    Attributes:
        code: AWS's error code.
        message: What it says.
    """

    code: str
    message: str


class _Signer(SigV4Auth):  # type: ignore[misc]
    """botocore's signer for a body whose digest is already known."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload_sha256"])


class _S3Signer(S3SigV4Auth):  # type: ignore[misc]
    """The same for S3, which signs the path as it is."""

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
        self._signers: dict[str, SigV4Auth] = {}
        # The same signed head is sent many times within a second; each entry is good until its date is too old.
        self._good_until: dict[tuple[object, ...], float] = {}

    def refusal(self, raw_path: bytes, query: bytes, headers: Headers, body: bytes) -> Answer | None:
        """Return the runtime's error for a request that is not signed rightly, or None for one that is."""
        mistake = self.mistake(raw_path, query, headers, body)
        return None if mistake is None else error(mistake.code, mistake.message)

    def mistake(
        self,
        raw_path: bytes,
        query: bytes,
        headers: Headers,
        body: bytes,
        *,
        method: str = "POST",
        service: str = RUNTIME,
    ) -> Mistake | None:
        """Return what is wrong with the signature of a request to *service*, as the credential scope names it."""
        digest = sha256(body).digest()
        key = (raw_path, query, digest, method, service, *headers)
        good_until = self._good_until.get(key)
        if good_until is not None and self._now() < good_until:
            return None
        found = self._verify(raw_path, query, headers, digest.hex(), method, service)
        if isinstance(found, Mistake):
            return found
        if len(self._good_until) >= _MEMO_SIZE:
            self._good_until.clear()
        self._good_until[key] = found + _MAX_SKEW_S
        return None

    def _verify(
        self, raw_path: bytes, query: bytes, headers: Headers, payload_sha256: str, method: str, service: str
    ) -> Mistake | float:
        """Return the time of a right signature, in seconds since the epoch, or the error; in AWS's order of checks."""
        values: dict[str, str] = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        if "authorization" not in values:
            return _mistake("MissingAuthenticationTokenException")
        match = _AUTHORIZATION.fullmatch(values["authorization"].strip())
        names = match["names"].split(";") if match else []
        if _TOKEN in values and _TOKEN not in names:
            return Mistake("IncompleteSignatureException", f"'{_TOKEN}' must be a 'SignedHeader' in the Authorization.")
        if match is None or not _REQUIRED <= set(names) <= set(values):
            return _mistake("IncompleteSignatureException")
        if match["key"] != ACCESS_KEY:
            return _mistake("UnrecognizedClientException")
        date = values["x-amz-date"]
        signed_at = _epoch_s(date)
        wrong = self._scope_mistake(match, service) or self._date_mistake(date, signed_at, match["day"])
        if wrong is not None:
            return Mistake("InvalidSignatureException", wrong)
        said_sha256 = values.get("x-amz-content-sha256", payload_sha256)
        if service == _S3 and said_sha256 == _UNSIGNED:
            payload_sha256 = _UNSIGNED
        expected = self._signature(raw_path, query, values, names, payload_sha256, method, service)
        is_right = said_sha256 == payload_sha256 and compare_digest(expected, match["signature"])
        return signed_at if is_right else _mistake("InvalidSignatureException")

    def _scope_mistake(self, match: re.Match[str], service: str) -> str | None:
        if match["region"] != REGION:
            return f"Credential should be scoped to a valid region, not '{match['region']}'."
        if match["service"] != service:
            return f"Credential should be scoped to correct service: '{service}'."
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
        self,
        raw_path: bytes,
        query: bytes,
        values: dict[str, str],
        names: list[str],
        payload_sha256: str,
        method: str,
        service: str,
    ) -> str:
        """Return what the signature has to be, or an empty text where there is none."""
        url = f"https://{values['host']}{raw_path.decode('latin-1')}"
        if query:
            url += "?" + query.decode("latin-1")
        if not _is_url(url):
            return ""
        request = AWSRequest(method, url, headers={name: values[name] for name in names})
        request.context.update(timestamp=values["x-amz-date"], payload_sha256=payload_sha256)
        signer = self._signers.get(service)
        if signer is None:
            make = _S3Signer if service == _S3 else _Signer
            signer = self._signers[service] = make(Credentials(ACCESS_KEY, SECRET_KEY), service, REGION)
        canonical = signer.canonical_request(request)
        return str(signer.signature(signer.string_to_sign(request, canonical), request))


def _is_url(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        # Such as brackets in Host.
        return False
    return True


def _mistake(code: str) -> Mistake:
    return Mistake(code, ERRORS[code][1])


def _epoch_s(date: str) -> float:
    """Return the seconds since the epoch of an ``X-Amz-Date``, or NaN for something else."""
    try:
        return float(timegm(time.strptime(date, _DATE)))
    except ValueError:
        return math.nan


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime(_DATE)
