"""Looks for a multi-model endpoint's TargetModels in S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pytest_smload.aws.control_plane import ControlPlane

MOST_PAGES = 10
"""Of 1,000 keys each."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What lies under the S3 prefix of a multi-model endpoint.

    Attributes:
        prefix: The key's part of *uri*.
        keys: Keys under it, whole.
        complete: Whether these are all; False where there are more than `MOST_PAGES` pages.
    """

    uri: str
    prefix: str
    keys: frozenset[str]
    complete: bool

    def names(self) -> list[str]:
        """Return the keys as a TargetModel names them."""
        return [key.removeprefix(self.prefix).removeprefix("/") for key in sorted(self.keys)]


def model_files(plane: ControlPlane, uri: str) -> ModelFiles:
    """Return what lies under the S3 prefix *uri*, in as many calls of ListObjectsV2 as it has pages.

    Raises:
        ControlPlaneError: it may not be listed, or could not be.
    """
    parts = urlsplit(uri)
    bucket, prefix = parts.netloc, parts.path.lstrip("/")
    keys: set[str] = set()
    token: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        page = plane.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix, **token)
        keys.update(each.get("Key", "") for each in page.get("Contents", ()))
        if not page.get("IsTruncated") or not page.get("NextContinuationToken"):
            return ModelFiles(uri, prefix, frozenset(keys), complete=True)
        token = {"ContinuationToken": page["NextContinuationToken"]}
    return ModelFiles(uri, prefix, frozenset(keys), complete=False)
