"""Uploads files to S3, as boto3's own credentials allow, within a time limit."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.aws.control_plane import call_problem
from pytest_smload.aws.quiet import quiet_botocore
from pytest_smload.aws.report_place import ReportPlace
from pytest_smload.errors import EndpointError, ReportError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LONGEST_S: Final = 120.0
"""What the upload of all files may take."""
CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 30
ATTEMPTS: Final = 3
_MOST_BYTES: Final = 5 * 1024**3
"""The largest object of one PutObject."""


def upload(files: Sequence[Path], place: ReportPlace, folder: str, *, longest_s: float = LONGEST_S) -> str:
    """Upload *files* below *folder* of *place*, and return the URL of that folder.

    Raises:
        ReportError: one was not uploaded, in one line; those before it may be there.
    """
    key = "/".join(filter(None, (place.prefix, folder)))
    url = f"s3://{place.bucket}/{key}"
    said: list[str] = []
    ends_s = monotonic() + longest_s
    thread = threading.Thread(
        target=_upload_all, args=(files, place, key, ends_s, said), name="smload-upload", daemon=True
    )
    thread.start()
    thread.join(longest_s)
    if thread.is_alive():
        said = [f"it was not done within {longest_s:g} s"]
    if said:
        raise ReportError(f"the reports were not uploaded to {url}: {said[-1]}")
    return url


def _upload_all(files: Sequence[Path], place: ReportPlace, key: str, ends_s: float, said: list[str]) -> None:
    """Upload *files* one after the other, and add to *said* why one was not, if so."""
    extra: dict[str, Any] = {}
    if place.encryption is not None:
        extra["ServerSideEncryption"] = place.encryption
    if place.kms_key is not None:
        extra["SSEKMSKeyId"] = place.kms_key
    try:
        with quiet_botocore():
            client = s3_client()
            try:
                for path in files:
                    if monotonic() > ends_s:
                        return
                    if path.stat().st_size > _MOST_BYTES:
                        said.append(f"{path.name} is larger than the 5 GB of one object")
                        return
                    with path.open("rb") as body:
                        client.put_object(
                            Bucket=place.bucket,
                            Key=f"{key}/{path.name}",
                            Body=body,
                            ContentType=_content_type(path),
                            **extra,
                        )
            finally:
                client.close()
    except OSError as error:
        said.append(f"{error.filename or 'a file'} cannot be read: {error.strerror or type(error).__name__}")
    except Exception as error:  # botocore raises what its HTTP library, a provider or a parser raised
        said.append(str(error) if isinstance(error, EndpointError) else call_problem(error))


def s3_client() -> Any:
    """Return a client of S3 that waits for no longer than reports are worth; credentials and region are boto3's own."""
    from botocore.config import Config

    from pytest_smload.aws.session import new_session

    return new_session().create_client(
        "s3",
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        ),
    )


def _content_type(path: Path) -> str:
    kinds = {".json": "application/json", ".html": "text/html; charset=utf-8", ".md": "text/markdown; charset=utf-8"}
    kinds |= {".csv": "text/csv; charset=utf-8", ".gz": "application/gzip", ".txt": "text/plain; charset=utf-8"}
    return kinds.get(path.suffix, "application/octet-stream")
