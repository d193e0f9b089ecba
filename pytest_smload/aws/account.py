"""Asks STS whose credentials these are, so that no load reaches an endpoint in the wrong account."""

from __future__ import annotations

from pytest_smload.aws.quiet import quiet_botocore
from pytest_smload.aws.session import session_with
from pytest_smload.aws.shown_url import without_urls
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError

_TIMEOUT_S = 3


def check_account(target: EndpointTarget, expected: str) -> str:
    """Return the account of the target's credentials, which is *expected*.

    One attempt of at most 3 s to connect and 3 s to answer.

    Raises:
        EndpointError: it is another account, or STS could not be asked.
    """
    account = _caller_account(target, expected)
    if account != expected:
        raise EndpointError(
            f"endpoint {target.endpoint_name!r} must be in account {expected}, but the credentials "
            f"({target.credentials.method}) are of account {account}; nothing was sent: switch AWS_PROFILE, or correct "
            "account in the endpoint's table"
        )
    return account


def _caller_account(target: EndpointTarget, expected: str) -> str:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        with quiet_botocore():
            client = session_with(target.credentials).create_client(
                "sts",
                region_name=target.region,
                verify=target.ca_bundle,
                config=Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 1}),
            )
            try:
                return str(client.get_caller_identity()["Account"])
            finally:
                client.close()
    except ClientError as error:
        problem = f"{error.response['Error'].get('Code', 'unknown')}: {error.response['Error'].get('Message', '')}"
    except HTTPClientError as error:
        # It wraps just anything, which may quote a proxy's password.
        problem = type(error).__name__
    except BotoCoreError as error:
        problem = without_urls(" ".join(str(error).split()))
    except ValueError as error:
        problem = type(error).__name__
    # Raised outside the handler: the chained traceback would hold botocore's local variables.
    raise EndpointError(
        f"account {expected} of endpoint {target.endpoint_name!r} could not be checked with STS: {problem}; "
        "nothing was sent: make STS reachable, or remove account from the endpoint's table"
    )
