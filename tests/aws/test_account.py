"""The account check: STS is asked once, briefly, and a wrong account stops everything."""

from __future__ import annotations

import socket

import pytest
from moto import mock_aws

from pytest_smload.aws.account import check_account
from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError

MOTO_ACCOUNT = "123456789012"


@pytest.fixture
def target() -> EndpointTarget:
    """A target with planted credentials."""
    return local_target(
        "http://127.0.0.1:1",
        access_key="AKIDPLANTED",
        secret_key="PLANTED-SECRET",
        endpoint_name="abalone",
        region="us-east-1",
    )


@mock_aws
def test_the_right_account(target: EndpointTarget) -> None:
    """The account is returned for the report."""
    assert check_account(target, MOTO_ACCOUNT) == MOTO_ACCOUNT


@mock_aws
def test_another_account(target: EndpointTarget) -> None:
    """Both accounts are named, and where the credentials came from."""
    with pytest.raises(EndpointError) as caught:
        check_account(target, "111122223333")

    assert str(caught.value).startswith(
        "endpoint 'abalone' must be in account 111122223333, but the credentials (emulator) are of account 123456789012"
    )


def test_sts_out_of_reach(target: EndpointTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that cannot be checked is an error, not a pass."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(EndpointError) as caught:
            check_account(target, "111122223333")

    text = str(caught.value)
    assert text.startswith(
        "account 111122223333 of endpoint 'abalone' could not be checked with STS: Could not connect"
    )
    assert caught.value.__context__ is None
    assert "PLANTED" not in str(caught.getrepr(showlocals=True, style="long", chain=True))
