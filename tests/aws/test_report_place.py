"""``report_to``: which values name a place in S3, and what is said of those that do not."""

from __future__ import annotations

import pytest

from pytest_smload.aws.report_place import ReportPlace, parse_report_place


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("s3://bucket", ReportPlace(bucket="bucket", prefix="")),
        ("s3://my.bucket-1/a/b/", ReportPlace(bucket="my.bucket-1", prefix="a/b")),
        (
            {"url": "s3://bucket/p", "encryption": "AES256"},
            ReportPlace(bucket="bucket", prefix="p", encryption="AES256"),
        ),
        (
            {"url": "s3://bucket/p", "encryption": "aws:kms", "kms_key": "alias/reports"},
            ReportPlace(bucket="bucket", prefix="p", encryption="aws:kms", kms_key="alias/reports"),
        ),
    ],
)
def test_places(value: object, expected: ReportPlace) -> None:
    """A URL, or a table with it and how the objects are encrypted."""
    assert expected == parse_report_place(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("bucket/prefix", "'bucket/prefix' is no place in S3; write \"s3://bucket/prefix\""),
        ("https://bucket.s3.amazonaws.com/p", "is no place in S3"),
        ("s3:///prefix", "is no place in S3"),
        ("", "is no place in S3"),
        (5, "5 is no place in S3"),
        ({}, "None is no place in S3"),
        ("s3://Bucket/p", "'Bucket' is no name of a bucket; it has 3 to 63 lower-case letters"),
        ("s3://192.168.5.4/p", "is no name of a bucket"),
        ("s3://a..b/p", "'a..b' is no name of a bucket"),
        ("s3://bucket/a/../../b", "'a/../../b' is no prefix; . and .. are folders"),
        ("s3://bucket/.", "'.' is no prefix"),
        ("s3://user:PLANTED@bucket/p", "what is there is no name of a bucket"),
        ("https://user:PLANTED@bucket/p", "what is there is no place in S3"),
        ("s3://bucket/a b", "'a b' is no prefix"),
        ("s3://bucket/" + "p" * 401, "is no prefix; it has up to 400 letters"),
        ({"url": "s3://bucket", "encrypt": "AES256"}, "unknown key 'encrypt'; did you mean 'encryption'?"),
        ({"url": "s3://bucket", "encryption": "kms"}, 'encryption is "AES256" or "aws:kms", not \'kms\''),
        ({"url": "s3://bucket", "encryption": ["AES256"]}, "encryption is"),
        ({"url": "s3://bucket", "kms_key": "k"}, 'kms_key goes with encryption = "aws:kms"'),
        ({"url": "s3://bucket", "encryption": "aws:kms", "kms_key": 5}, "kms_key is the id, alias or ARN of a key"),
    ],
)
def test_what_is_no_place(value: object, said: str) -> None:
    """One sentence says what is wrong and what is allowed."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is looked at below
        parse_report_place(value)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "PLANTED" not in str(raised.value)
