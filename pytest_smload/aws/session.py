"""Makes botocore sessions: each reads the environment afresh, all share the service descriptions they load."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.credentials import credentials_problem
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from botocore.session import Session

    from pytest_smload.aws.target import CredentialsSource


def new_session() -> Session:
    """Return a new session; shared descriptions make it and its clients three times as quick to build.

    Raises:
        EndpointError: the AWS profile does not exist, or the shared config cannot be read.
    """
    import botocore.session
    from botocore.exceptions import BotoCoreError

    session = botocore.session.Session()
    try:
        session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    except BotoCoreError as error:
        problem = credentials_problem(error)
    else:
        return session
    # Raised outside the handler: the chained traceback would hold botocore's local variables.
    raise EndpointError(problem)


@lru_cache(maxsize=4)
def _loader(data_path: str | None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(data_path)


def session_with(source: CredentialsSource) -> Session:
    """Return a new botocore session that signs with *source* and follows its refreshes."""
    import botocore.credentials

    class Live(botocore.credentials.Credentials):  # type: ignore[misc]  # botocore ships no types
        """What *source* has at the moment of signing."""

        def get_frozen_credentials(self) -> Any:
            current = source.current
            return botocore.credentials.ReadOnlyCredentials(current.access_key, current.secret_key, current.token)

    class Provider:
        """botocore's ``credential_provider`` component."""

        def load_credentials(self) -> Live:
            current = source.current
            return Live(current.access_key, current.secret_key, current.token, method=source.method)

    session = new_session()
    session.register_component("credential_provider", Provider())
    return session
