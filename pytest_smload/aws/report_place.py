"""Reads where in S3 reports go: ``report_to`` of a settings file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_smload.core.quoting import quoted
from pytest_smload.core.wording import unknown_field

_URL: Final = re.compile(r"s3://(?P<bucket>[^/]+)(?:/(?P<prefix>.*))?", re.DOTALL)
_BUCKET: Final = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Bucket naming rules of S3's user guide."""
_PREFIX: Final = re.compile(r"[A-Za-z0-9!_.*'()/=+-]*")
"""Characters that keys are safe with, in the same guide, and two that partitions of data are named with."""
_LONGEST_PREFIX: Final = 400
"""Of the 1,024 bytes of a key; what is below has its share."""
AES, KMS = "AES256", "aws:kms"
KEYS: Final = ("url", "encryption", "kms_key")
_EXAMPLE: Final = 'write "s3://bucket/prefix"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlace:
    """A prefix of a bucket.

    Attributes:
        prefix: Of keys, without slashes at its ends; ``""`` for the whole bucket.
        encryption: ``AES256`` or ``aws:kms``; None for the bucket's own.
        kms_key: Id, alias or ARN of the KMS key; None for AWS's own.
    """

    bucket: str
    prefix: str
    encryption: str | None = None
    kms_key: str | None = None

    @property
    def url(self) -> str:
        """As it was written: ``s3://bucket/prefix``."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def parse_report_place(value: object) -> ReportPlace:
    """Return the place that *value* of a settings file means: a URL, or a table of url, encryption and kms_key.

    Raises:
        ValueError: it is none; one sentence says why.
    """
    table: Mapping[str, Any] = value if isinstance(value, Mapping) else {"url": value}
    for name in table:
        if name not in KEYS:
            raise ValueError(unknown_field(str(name), KEYS))
    bucket, prefix = _parsed_url(table.get("url"))
    encryption, kms_key = table.get("encryption"), table.get("kms_key")
    if encryption not in (None, AES, KMS):
        raise ValueError(f'encryption is "{AES}" or "{KMS}", not {quoted(encryption)}')
    if kms_key is not None and (not isinstance(kms_key, str) or not kms_key.strip()):
        raise ValueError(f"kms_key is the id, alias or ARN of a key, not {quoted(kms_key)}")
    if kms_key is not None and encryption != KMS:
        raise ValueError(f'kms_key goes with encryption = "{KMS}"')
    return ReportPlace(bucket=bucket, prefix=prefix, encryption=encryption, kms_key=kms_key)


def _parsed_url(url: object) -> tuple[str, str]:
    found = _URL.fullmatch(url) if isinstance(url, str) else None
    if found is None:
        raise ValueError(f"{_shown(url)} is no place in S3; {_EXAMPLE}")
    bucket, prefix = found["bucket"], (found["prefix"] or "").strip("/")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(
            f"{_shown(bucket)} is no name of a bucket; it has 3 to 63 lower-case letters, digits, dots and hyphens"
        )
    if not _PREFIX.fullmatch(prefix) or len(prefix) > _LONGEST_PREFIX:
        raise ValueError(
            f"{quoted(prefix)} is no prefix; it has up to {_LONGEST_PREFIX} letters, digits, and any of !_.*'()/=+-"
        )
    if {".", ".."} & {*prefix.split("/")}:
        raise ValueError(f"{quoted(prefix)} is no prefix; . and .. are folders to whatever downloads it")
    return bucket, prefix


def _shown(value: object) -> str:
    """*value* for a message; what stands before an ``@`` may be a password."""
    return "what is there" if "@" in str(value) else quoted(value)
