"""Reports in S3: what moto's S3 has of them, and that no failure is more than one line."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.aws import report_upload
from pytest_smload.aws.report_place import ReportPlace
from pytest_smload.aws.report_upload import upload
from pytest_smload.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "PLANTED-SECRET"
PLACE = ReportPlace(bucket="bucket", prefix="prefix")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto's S3 with a bucket, as a client sees it."""
    moto = pytest.importorskip("moto", reason="moto is not installed")
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "planted-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto.mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield client
        client.close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two reports."""
    paths = [tmp_path / "report.json", tmp_path / "samples.parquet"]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def test_files_are_where_they_belong(s3: Any, files: list[Path]) -> None:
    """Below prefix and folder, whole, each by its kind; the URL of the folder is returned."""
    assert "s3://bucket/prefix/a/b/c" == upload(files, PLACE, "a/b/c")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert ["prefix/a/b/c/report.json", "prefix/a/b/c/samples.parquet"] == keys
    found = s3.get_object(Bucket="bucket", Key=keys[0])
    assert (b"report.json", "application/json") == (found["Body"].read(), found["ContentType"])
    assert "s3://bucket/a" == upload(files, ReportPlace(bucket="bucket", prefix=""), "a")


@pytest.mark.parametrize(("encryption", "kms_key"), [("AES256", None), ("aws:kms", None), ("aws:kms", "alias/reports")])
def test_encryption_is_asked_for_where_it_is_given(
    s3: Any, files: list[Path], encryption: str, kms_key: str | None
) -> None:
    """By S3's own keys, or by one of KMS."""
    place = ReportPlace(bucket="bucket", prefix="p", encryption=encryption, kms_key=kms_key)
    upload(files, place, "a")
    found = s3.head_object(Bucket="bucket", Key="p/a/report.json")
    assert encryption == found["ServerSideEncryption"]
    assert kms_key in {None, found.get("SSEKMSKeyId")}


def test_a_bucket_that_is_not_there_is_one_line(s3: Any, files: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    """With S3's own words; no secret is in it, nor in any log."""
    with caplog.at_level(logging.DEBUG), pytest.raises(ReportError) as raised:
        upload(files, ReportPlace(bucket="elsewhere", prefix="p"), "a")
    assert (
        "the reports were not uploaded to s3://elsewhere/p/a: NoSuchBucket: The specified bucket does not exist"
    ) == str(raised.value)
    assert SECRET not in caplog.text
    assert "planted-id" not in caplog.text


def test_no_credentials_is_one_line(
    s3: Any, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3's own words."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ReportError, match=r"^the reports were not uploaded to s3://bucket/prefix/a: Unable to locate"):
        upload(files, PLACE, "a")


def test_a_profile_that_is_not_there_is_one_line(s3: Any, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, as everywhere."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ReportError, match="nobody"):
        upload(files, PLACE, "a")


def test_a_file_that_is_gone_is_one_line(s3: Any, files: list[Path]) -> None:
    """Which one, and why."""
    files[0].unlink()
    with pytest.raises(ReportError, match=r"report.json cannot be read: No such file or directory$"):
        upload(files, PLACE, "a")


def test_a_silent_s3_is_waited_for_within_bounds(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """However long botocore would try, the run goes on."""
    answers = threading.Event()

    class Silent:
        def put_object(self, **_: Any) -> None:
            answers.wait(30)

        def close(self) -> None:
            pass

    monkeypatch.setattr(report_upload, "s3_client", Silent)
    begun = time.monotonic()
    with pytest.raises(ReportError, match=r"it was not done within 0.2 s$"):
        upload(files, PLACE, "a", longest_s=0.2)
    answers.set()
    assert time.monotonic() - begun < 10
