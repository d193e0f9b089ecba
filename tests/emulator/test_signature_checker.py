"""Signature verification against botocore's own signer."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY
from pytest_smload.emulator.protocol import ERRORS
from pytest_smload.emulator.signatures import SignatureChecker

PATH = "/endpoints/local/invocations"


def signed(
    body: bytes = b"1,2",
    *,
    headers: dict[str, str] | None = None,
    key: str = ACCESS_KEY,
    secret: str = SECRET_KEY,
    token: str | None = None,
    service: str = "sagemaker",
    region: str = REGION,
    path: str = PATH,
) -> dict[str, str]:
    """Return the headers of a request as botocore signs it."""
    request = AWSRequest("POST", "http://127.0.0.1:8080" + path, data=body, headers={"host": "127.0.0.1:8080"})
    for name, value in (headers or {}).items():
        request.headers[name] = value
    SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    return dict(request.headers.items())


def check(
    headers: dict[str, str], body: bytes = b"1,2", *, now: float | None = None, path: str = PATH
) -> tuple[str, str]:
    """Return code and text of the refusal, or two empty texts; the checker's clock is the signer's unless given."""
    return refusal(SignatureChecker(lambda: signed_at(headers) if now is None else now), headers, body, path)


def signed_at(headers: dict[str, str]) -> float:
    """Return when *headers* were signed, or the present where they do not say."""
    try:
        return datetime.strptime(headers.get("X-Amz-Date", ""), "%Y%m%dT%H%M%S%z").timestamp()
    except ValueError:
        return datetime.now(UTC).timestamp()


def refusal(checker: SignatureChecker, headers: dict[str, str], body: bytes, path: str = PATH) -> tuple[str, str]:
    """Return what *checker* says to a request that arrived with *headers*."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = checker.refusal(path.encode("latin-1"), b"", raw, body)
    if answer is None:
        return "", ""
    assert answer.status == 403
    assert (b"x-amzn-errortype", answer.kind.encode()) in answer.headers
    return answer.kind, json.loads(answer.body)["Message"]


@settings(max_examples=40, deadline=None)
@given(
    body=st.binary(max_size=64),
    model=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    token=st.none() | st.text(st.characters(min_codepoint=48, max_codepoint=122), min_size=1, max_size=20),
)
def test_what_botocore_signs_is_accepted(body: bytes, model: str, token: str | None) -> None:
    """Any body, target model and session token signed by botocore passes."""
    headers = signed(body, headers={"X-Amzn-SageMaker-Target-Model": model}, token=token)

    assert check(headers, body) == ("", "")


odd = st.sampled_from(["", "[", "[::1", "]", "a b", "a#b", "\xe9", "x" * 300, "host;host", "%zz", "\t"]) | st.text(
    st.characters(max_codepoint=255), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from(["host", "X-Amz-Date", "Authorization", "X-Amz-Content-SHA256", "X-Amz-Security-Token", "x"]),
        odd,
        max_size=3,
    ),
    names=odd,
    path=odd,
)
@example(changes={"host": "["}, names="host;x-amz-date", path="")
@example(changes={}, names="host;x-amz-date;host", path="/[")
def test_whatever_is_not_signed_is_refused(changes: dict[str, str], names: str, path: str) -> None:
    """Any change to a signed request is a refusal with one of AWS's codes, and no exception."""
    headers = {name: value for name, value in signed().items() if name.lower() not in map(str.lower, changes)}
    if "Authorization" not in changes:
        headers["Authorization"] = re.sub(
            "SignedHeaders=[^,]*", lambda _: f"SignedHeaders={names}", headers["Authorization"]
        )
    kind, message = check({**headers, **changes}, now=datetime.now(UTC).timestamp(), path=PATH + path)

    assert kind in ERRORS
    assert message


def test_encoded_path_and_unsigned_headers() -> None:
    """A path with escapes is verified as sent, and headers left out of the signature may be anything."""
    path = "/endpoints/a%20b/invocations"
    headers = {**signed(path=path), "amz-sdk-invocation-id": "1", "User-Agent": "x"}

    assert check(headers, path=path) == ("", "")


def test_the_memo_does_not_weaken_the_check() -> None:
    """After a request has passed, another body or head is still refused, and the same head once it is too old."""
    headers = signed()
    now = signed_at(headers)
    checker = SignatureChecker(lambda: now)
    assert refusal(checker, headers, b"1,2") == ("", "")
    assert refusal(checker, headers, b"1,2") == ("", "")

    assert refusal(checker, headers, b"1,3")[0] == "InvalidSignatureException"
    assert refusal(checker, {**headers, "host": "elsewhere"}, b"1,2")[0] == "InvalidSignatureException"
    now += 400
    assert refusal(checker, headers, b"1,2")[0] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("headers", "expected", "text"),
    [
        ({}, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        ({"authorization": "Basic abc"}, "IncompleteSignatureException", "Authorization header requires"),
        (
            signed(key="AKIAOTHER"),
            "UnrecognizedClientException",
            "The security token included in the request is invalid",
        ),
        (signed(secret="wrong"), "InvalidSignatureException", "The request signature we calculated does not match"),
        (signed(b"other"), "InvalidSignatureException", "The request signature we calculated does not match"),
        (signed(region="eu-west-1"), "InvalidSignatureException", "valid region, not 'eu-west-1'"),
        (
            signed(service="sagemaker-runtime"),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'sagemaker'",
        ),
        ({**signed(), "X-Amz-Date": "yesterday"}, "InvalidSignatureException", "Got 'yesterday'"),
        ({**signed(), "X-Amz-Date": "20200101T000000Z"}, "InvalidSignatureException", "does not match YYYYMMDD"),
        (
            signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
            "InvalidSignatureException",
            "The request signature we calculated does not match",
        ),
    ],
)
def test_what_is_refused(headers: dict[str, Any], expected: str, text: str) -> None:
    """Each mistake has AWS's code, and a text that says which."""
    kind, message = check(headers)

    assert expected == kind
    assert text in message


@pytest.mark.parametrize(("skew_s", "text"), [(301, "Signature expired: "), (-302, "Signature not yet current: ")])
def test_a_clock_more_than_five_minutes_off(skew_s: float, text: str) -> None:
    """A date too old or too new is refused with both times in the text, whatever the signature."""
    kind, message = check(signed(), now=datetime.now(UTC).timestamp() + skew_s)

    assert kind == "InvalidSignatureException"
    assert message.startswith(text)
    assert message.endswith("5 min.)")


@pytest.mark.parametrize("name", ["X-Amz-Security-Token", "x-amz-security-token"])
def test_a_token_beside_the_signature_is_refused(name: str) -> None:
    """A session token that was added after signing is not what the signer meant; one that was signed passes."""
    said = "'x-amz-security-token' must be a 'SignedHeader' in the Authorization."

    assert ("IncompleteSignatureException", said) == check({**signed(), name: "added"})
    assert ("", "") == check(signed(token="signed"))
    assert "InvalidSignatureException" == check({**signed(token="signed"), "X-Amz-Security-Token": "changed"})[0]
