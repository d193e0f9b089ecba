"""Credentials of boto3's own chain, kept current off the request path and never shown."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.quiet import quiet_botocore
from pytest_smload.aws.shown_url import without_urls
from pytest_smload.aws.target import Credentials
from pytest_smload.core.safety.outlived import Lifetime
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from botocore.session import Session

NO_CREDENTIALS = (
    "no AWS credentials were found: boto3's chain (environment, shared files, SSO, container and instance roles) gave "
    "none; set AWS_PROFILE, run 'aws configure' or 'aws sso login', or give the CI job a role"
)

_ENVIRONMENT = "env"
"""botocore's name of the environment variables as a source of credentials."""


class BotoCredentials:
    """Credentials from one botocore session.

    Attributes:
        current: The credentials to sign with now.
        method: Where botocore found them (``env``, ``shared-credentials-file``, ``assume-role``, ...).
        failure: Why the last refresh failed, one line; None when it did not.
    """

    __slots__ = ("_botocore", "current", "failure", "method")

    def __init__(self, credentials: Any) -> None:
        self._botocore = credentials
        self.method = str(credentials.method or "unknown")
        self.failure: str | None = None
        self.current = _frozen(credentials)

    def __repr__(self) -> str:
        return f"BotoCredentials(method={self.method!r}, redacted)"

    @property
    def lifetime(self) -> Lifetime:
        """How long they last. botocore renews those it fetched itself; what stands in the environment never changes."""
        expiry = getattr(self._botocore, "_expiry_time", None)
        if expiry is not None:
            return Lifetime(ends_at=expiry.astimezone(UTC)) if self.method == _ENVIRONMENT else Lifetime()
        renewed = hasattr(self._botocore, "refresh_needed")
        return Lifetime(is_known=renewed or self.current.token is None)

    def refresh_if_needed(self) -> None:
        """Let botocore refresh credentials about to expire; may block on the network, never raises.

        Meant for a native thread, a few times a minute. What goes wrong is left in *failure*, and the credentials in
        force stay.
        """
        try:
            with quiet_botocore():
                fresh = _frozen(self._botocore)
        except Exception as error:  # a provider may raise anything; a load must not end with it
            self.failure = credentials_problem(error)
            return
        self.failure = None
        if fresh != self.current:
            self.current = fresh


class StaticCredentials:
    """Credentials that never change: the embedded endpoint's."""

    __slots__ = ("current", "method")

    def __init__(self, current: Credentials, method: str) -> None:
        self.current = current
        self.method = method

    def refresh_if_needed(self) -> None:
        """Do nothing: these do not expire."""

    def __repr__(self) -> str:
        return f"StaticCredentials(method={self.method!r}, redacted)"


def find_credentials(session: Session) -> BotoCredentials:
    """Return the credentials boto3's chain gives, fetched (a role is assumed, an SSO token exchanged).

    Raises:
        EndpointError: there are none, or the provider failed; one line with the way to provide them.
    """
    try:
        with quiet_botocore():
            found = session.get_credentials()
            if found is not None:
                return BotoCredentials(found)
    except Exception as error:  # a credential process or plugin may raise anything
        problem = credentials_problem(error)
    else:
        problem = NO_CREDENTIALS
    # Raised outside the handler: the chained traceback would hold botocore's local variables.
    raise EndpointError(problem)


def credentials_problem(error: Exception) -> str:
    """Return one line on why credentials could not be had, with the next step."""
    from botocore import exceptions

    text = without_urls(" ".join(str(error).split()))
    sentences: tuple[tuple[Any, str], ...] = (
        (exceptions.NoCredentialsError, NO_CREDENTIALS),
        (
            exceptions.PartialCredentialsError,
            f"AWS credentials are incomplete: {text}; give both the access key id and the secret access key",
        ),
        (
            exceptions.ProfileNotFound,
            f"AWS credentials: {text}; AWS_PROFILE must name a profile of the shared config or credentials file",
        ),
        (
            (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.NoAuthTokenError),
            f"AWS credentials: the SSO session is missing or has expired ({text}); run 'aws sso login'",
        ),
        (
            (exceptions.CredentialRetrievalError, exceptions.MetadataRetrievalError),
            f"AWS credentials: {_provider(error)} failed, and what it said may hold secrets: run it by hand to see it",
        ),
        (
            exceptions.ClientError,
            f"AWS credentials: {text}; the role or user behind them must be allowed to do that",
        ),
        (exceptions.BotoCoreError, f"AWS credentials: {text}; 'aws sts get-caller-identity' tries the same chain"),
    )
    unknown = (
        f"AWS credentials: the provider failed with {type(error).__name__}; "
        "'aws sts get-caller-identity' tries the same chain"
    )
    return next((sentence for kind, sentence in sentences if isinstance(error, kind)), unknown)


def _provider(error: Exception) -> str:
    details = getattr(error, "kwargs", {})
    name = str(details.get("provider", "the metadata service"))
    return "the credential_process" if name == "custom-process" else name


def _frozen(credentials: Any) -> Credentials:
    frozen = credentials.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token or None)
