"""Makes botocore sessions: each reads the environment afresh, all share the service descriptions they load."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session

    from pytest_smload.aws.target import CredentialsSource


def new_session() -> Session:
    """Return a new session; shared descriptions make it and its clients three times as quick to build."""
    import botocore.session

    session = botocore.session.Session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


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
