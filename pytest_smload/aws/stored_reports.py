"""Finds and reads the ``report.json`` files below a prefix of S3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pytest_smload.aws.report_upload import s3_client
from pytest_smload.errors import ReportError

REPORT_NAME = "report.json"
PAGE_KEYS = 1000
"""Of one answer; S3 gives no more."""
_URL = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)
_REASONS = {
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "it is gone",
    "AccessDenied": "access denied; s3:ListBucket and s3:GetObject must be allowed",
    "403": "access denied; s3:ListBucket and s3:GetObject must be allowed",
}


class StoredReport(NamedTuple):
    """One report in S3: where it is, and its content."""

    url: str
    content: bytes


def is_s3(place: str) -> bool:
    """Return whether *place* is in S3 rather than on a disk."""
    return place.startswith("s3://")


def stored_reports(place: str) -> Iterator[StoredReport]:
    """Yield every ``report.json`` below *place*, ``s3://bucket/prefix``, in the order of their keys.

    Raises:
        ReportError: *place* is no such URL, or cannot be listed or read; one line says why.
    """
    match = _URL.fullmatch(place)
    if match is None:
        raise ReportError(f"{place} is no place in S3; write s3://bucket/prefix")
    bucket, prefix = match[1], (match[2] or "").strip("/")
    with _explained(place):
        s3 = s3_client()
        listing = s3.get_paginator("list_objects_v2")
        for page in listing.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": PAGE_KEYS}):
            for entry in page.get("Contents", ()):
                if _is_report(entry["Key"], prefix):
                    yield StoredReport(f"s3://{bucket}/{entry['Key']}", _content(s3, bucket, entry["Key"]))


def _content(s3: Any, bucket: str, key: str) -> bytes:
    with _explained(f"s3://{bucket}/{key}"):
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content


def _is_report(key: str, prefix: str) -> bool:
    """A prefix names a folder: ``runs`` is not the beginning of ``runs-of-another-team``."""
    below = not prefix or key == prefix or key.startswith(f"{prefix}/")
    return below and (key == REPORT_NAME or key.endswith(f"/{REPORT_NAME}"))


@contextmanager
def _explained(place: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        problem = _REASONS.get(code, code or "S3 refuses")
    except (BotoCoreError, HTTPClientError, ValueError) as error:
        problem = str(error)
    else:
        return
    # Raised outside the handler: the chained traceback would hold botocore's local variables.
    raise ReportError(f"cannot read {place}: {problem}")
