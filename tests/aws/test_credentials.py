"""Credentials come from boto3's chain, stay current, and are never shown."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from pathlib import Path
from typing import Any

import botocore.credentials
import botocore.session
import pytest
from botocore.exceptions import ClientError, SSOTokenLoadError, UnauthorizedSSOTokenError

from pytest_smload.aws.credentials import BotoCredentials, credentials_problem, find_credentials
from pytest_smload.aws.endpoint import local_target
from pytest_smload.aws.session import session_with
from pytest_smload.aws.target import Credentials
from pytest_smload.core.safety.outlived import Lifetime
from pytest_smload.errors import EndpointError


def problem() -> str:
    with pytest.raises(EndpointError) as caught:
        find_credentials(botocore.session.Session())
    assert caught.value.__context__ is None
    return str(caught.value)


def process_profile(folder: Path, script: str) -> None:
    (folder / "provider.py").write_text(script)
    (folder / "config").write_text(f"[default]\ncredential_process = {sys.executable} {folder / 'provider.py'}\n")


def test_the_chain_gives_credentials(credentials: None) -> None:
    """Keys, token and where they were found."""
    found = find_credentials(botocore.session.Session())

    assert found.current == Credentials("AKIDPLANTED", "PLANTED-SECRET", "PLANTED-TOKEN")
    assert found.method == "env"


def test_no_credentials() -> None:
    """One line says how to provide them."""
    assert problem() == (
        "no AWS credentials were found: boto3's chain (environment, shared files, SSO, container and instance roles) "
        "gave none; set AWS_PROFILE, run 'aws configure' or 'aws sso login', or give the CI job a role"
    )


def test_half_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing half is named."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDX")

    assert problem().startswith("AWS credentials are incomplete: Partial credentials found in env, missing: AWS_SECRET")


def test_an_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile is named."""
    monkeypatch.setenv("AWS_PROFILE", "nope")

    assert problem().startswith("AWS credentials: The config profile (nope) could not be found; AWS_PROFILE must name")


def test_a_process_that_fails(aws_files: Path) -> None:
    """Its standard error may hold secrets, so that only who failed is told, and how to see the rest."""
    process_profile(aws_files, "import sys; sys.exit('PLANTED-SECRET refused')")

    assert (
        "AWS credentials: the credential_process failed, and what it said may hold secrets: run it by hand to see it"
    ) == problem()


def test_a_process_that_talks_nonsense(aws_files: Path) -> None:
    """Its output may hold secrets, so that only the kind of error is told."""
    process_profile(aws_files, "print('PLANTED-SECRET not json')")

    found = problem()
    assert found.startswith("AWS credentials: the provider failed with JSONDecodeError")
    assert "PLANTED" not in found


def test_an_sso_session_that_has_expired(aws_files: Path) -> None:
    """The next command to type is named."""
    (aws_files / "config").write_text(
        "[default]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\nsso_account_id = 111122223333\n"
        "sso_role_name = r\n"
    )

    assert "run 'aws sso login'" in problem()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnauthorizedSSOTokenError(), "run 'aws sso login'"),
        (SSOTokenLoadError(error_msg="gone"), "(Error loading SSO Token: gone); run 'aws sso login'"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "AssumeRole"),
            "AWS credentials: An error occurred (AccessDenied) when calling the AssumeRole operation: not allowed",
        ),
    ],
)
def test_what_providers_raise(error: Exception, expected: str) -> None:
    """Each failure is one line."""
    assert expected in credentials_problem(error)


class _Expiring:
    """A provider's refresh that counts, fails on demand, and gives credentials about to expire."""

    def __init__(self) -> None:
        self.calls = 0
        self.broken = False

    def __call__(self) -> dict[str, str]:
        self.calls += 1
        if self.broken:
            raise SSOTokenLoadError(error_msg="expired")
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
        number = str(self.calls)
        return {"access_key": number, "secret_key": "s", "token": "t", "expiry_time": soon.isoformat()}


def test_a_refresh_replaces_the_credentials_as_a_whole() -> None:
    """Credentials about to expire are fetched again when asked, never behind the caller's back."""
    refresh = _Expiring()
    source = BotoCredentials(
        botocore.credentials.RefreshableCredentials.create_from_metadata(refresh(), refresh, "assume-role")
    )
    before = source.current
    assert source.current is before

    source.refresh_if_needed()

    assert source.current.access_key != before.access_key
    assert source.failure is None


def test_a_refresh_that_fails_is_recorded() -> None:
    """The credentials in force stay, and the failure is told in one line; a later success clears it."""
    refresh = _Expiring()
    source = BotoCredentials(
        botocore.credentials.RefreshableCredentials.create_from_metadata(refresh(), refresh, "assume-role")
    )
    before = source.current
    refresh.broken = True
    source.refresh_if_needed()
    failure = source.failure
    kept = source.current
    refresh.broken = False
    source.refresh_if_needed()

    assert failure is not None
    assert "run 'aws sso login'" in failure
    assert kept is before
    assert source.failure is None


def test_a_session_signs_with_the_source_as_it_is_now() -> None:
    """A refreshed source is followed by clients made before the refresh."""
    target = local_target("http://127.0.0.1:1", access_key="OLD", secret_key="s", endpoint_name="e", region="us-east-1")
    client = session_with(target.credentials).create_client(
        "sagemaker-runtime", region_name="us-east-1", endpoint_url=target.url
    )
    seen: list[str] = []

    def look(request: Any, **_: object) -> Any:
        seen.append(request.headers["Authorization"].decode())
        raise InterruptedError

    client.meta.events.register("before-send", look)
    for key in ("OLD", "NEW"):
        target.credentials.current = Credentials(key, "s")
        with pytest.raises(InterruptedError):
            client.invoke_endpoint(EndpointName="e", Body=b"")
    client.close()

    assert ["Credential=OLD/" in seen[0], "Credential=NEW/" in seen[1]] == [True, True]


def test_no_repr_shows_a_secret(credentials: None) -> None:
    """Neither the credentials nor anything that holds them prints them."""
    found = find_credentials(botocore.session.Session())

    assert "PLANTED" not in f"{found!r} {found.current!r} {found} {found.current}"


def test_no_log_shows_a_secret(credentials: None, caplog: pytest.LogCaptureFixture) -> None:
    """botocore at DEBUG prints signed headers; our calls keep it quiet, child loggers included, and then restore it."""
    logging.getLogger("botocore.auth").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="botocore")
    try:
        find_credentials(botocore.session.Session()).refresh_if_needed()
        levels = [logging.getLogger(name).level for name in ("botocore", "botocore.auth")]
    finally:
        logging.getLogger("botocore.auth").setLevel(logging.NOTSET)

    assert "PLANTED" not in caplog.text
    assert levels == [logging.DEBUG, logging.DEBUG]


def test_static_keys_never_end(monkeypatch: pytest.MonkeyPatch, credentials: None) -> None:
    """Those of a user; with a session token nobody knows when they do."""
    assert Lifetime(is_known=False) == find_credentials(botocore.session.Session()).lifetime

    monkeypatch.delenv("AWS_SESSION_TOKEN")
    assert Lifetime() == find_credentials(botocore.session.Session()).lifetime


def test_the_end_of_credentials_in_the_environment_is_known(monkeypatch: pytest.MonkeyPatch, credentials: None) -> None:
    """botocore would renew them from the same environment, which does not change."""
    end = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(hours=1)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())

    assert Lifetime(ends_at=end) == find_credentials(botocore.session.Session()).lifetime


def test_credentials_that_are_renewed_last(aws_files: Path) -> None:
    """A process is run again."""
    end = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    process_profile(
        aws_files,
        "import json\n"
        "found = dict(Version=1, AccessKeyId='A', SecretAccessKey='S', SessionToken='T')\n"
        f"print(json.dumps(found | dict(Expiration='{end}')))\n",
    )

    assert Lifetime() == find_credentials(botocore.session.Session()).lifetime
