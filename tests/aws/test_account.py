"""The account check: STS is asked before anything is sent, and a wrong account stops everything."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from scripted_plane import ACCOUNT, IDENTITY, Refused, ScriptedPlane

from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.preflight import Preflight
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.engine.distributed.wire import Destination
from pytest_smload.errors import EndpointError
from pytest_smload.worker import resolve

WHO = {"sts:GetCallerIdentity": IDENTITY}


def test_the_right_account() -> None:
    """The account and the role are kept for the report; the session's name, which may be a person's, is not."""
    with ScriptedPlane(WHO) as plane:
        preflight = Preflight(plane.target)
        preflight.check_account(ACCOUNT)
        preflight.close()

    assert preflight.identity is not None
    assert (ACCOUNT, "assumed-role/ci") == (preflight.account, preflight.identity.name)


def test_one_call_of_sts_serves_the_check_and_the_report() -> None:
    """What the check learned is not asked for again."""
    with ScriptedPlane(WHO) as plane:
        preflight = Preflight(plane.target, sleep=lambda _s: None)
        preflight.check_account(ACCOUNT)
        preflight.inspect(str)
        preflight.close()

        assert 1 == plane.asked.count("sts:GetCallerIdentity")


def test_another_account() -> None:
    """Both accounts are named, and where the credentials came from."""
    with ScriptedPlane(WHO) as plane, pytest.raises(EndpointError) as caught:
        Preflight(plane.target).check_account("999988887777")

    assert str(caught.value).startswith(
        "endpoint 'abalone' must be in account 999988887777, but the credentials (emulator) are of account 111122223333"
    )


@pytest.mark.parametrize("account", [ACCOUNT, "999988887777"])
def test_a_worker_s_credentials_are_its_own(account: str, credentials: None) -> None:
    """They must be of the account the master knows the endpoint to be in; in one line, with nothing sent."""
    with ScriptedPlane(WHO) as plane:
        destination = Destination(
            endpoint_name="abalone",
            region="us-east-1",
            url=plane.target.url,
            url_source="the master's job",
            control_url=plane.target.url,
            embedded=False,
            account=account,
            transport="http",
        )
        if account == ACCOUNT:
            assert resolve(destination).endpoint_name == "abalone"
            return
        with pytest.raises(EndpointError) as caught:
            resolve(destination)

    said = str(caught.value)
    assert said.startswith(
        "endpoint 'abalone' must be in account 999988887777, but the credentials (env) are of account"
    )
    assert "\n" not in said


def test_sts_refuses() -> None:
    """Credentials that STS does not take are an error in its words."""
    script = {"sts:GetCallerIdentity": Refused("ExpiredToken", "The security token is expired", 403)}
    with ScriptedPlane(script) as plane, pytest.raises(EndpointError) as caught:
        Preflight(plane.target).check_account(ACCOUNT)

    assert "could not be checked with STS: sts:GetCallerIdentity failed: ExpiredToken" in str(caught.value)


def nowhere(port: int) -> EndpointTarget:
    """An endpoint whose control plane is a port nobody listens on."""
    return local_target(
        f"http://127.0.0.1:{port}",
        access_key="AKIDPLANTED",
        secret_key="PLANTED-SECRET",
        endpoint_name="abalone",
        region="us-east-1",
    )


def test_sts_out_of_reach() -> None:
    """An account that cannot be checked is an error, not a pass."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = nowhere(unused.getsockname()[1])
        with pytest.raises(EndpointError) as caught:
            Preflight(target).check_account(ACCOUNT)

    text = str(caught.value)
    assert text.startswith("account 111122223333 of endpoint 'abalone' could not be checked with STS: ")
    assert "make STS reachable" in text
    assert caught.value.__context__ is None
    assert "PLANTED" not in str(caught.getrepr(showlocals=True, style="long", chain=True))


def test_an_address_on_this_machine_has_no_account() -> None:
    """AWS is never asked about what answers on loopback: the message says what to set instead."""
    target = replace(nowhere(1), control_url=None)

    with pytest.raises(EndpointError) as caught:
        Preflight(target).check_account(ACCOUNT)

    assert "account 111122223333 cannot be checked: endpoint 'abalone' is at the loopback address" in str(caught.value)
    assert "set control_url" in str(caught.value)
