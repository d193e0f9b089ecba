"""The resolved address and identity of one endpoint, as transports need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from pytest_smload.aws.shown_url import SecretiveUrl
from pytest_smload.core.request.loopback import is_loopback

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
GLOBAL_VARIABLE: Final = "AWS_ENDPOINT_URL"
"""Set, it is the address of every service."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Frozen AWS credentials; the repr is redacted so that no report or ``--showlocals`` can print them."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(redacted)"


class CredentialsSource(Protocol):
    """Gives the credentials in force; refreshing happens off the request path.

    Attributes:
        current: The credentials to sign with now; replaced as a whole on refresh.
        method: Where botocore found them (``env``, ``iam-role``, ``assume-role``, ...), for the line before a load.
    """

    current: Credentials
    method: str


@dataclass(frozen=True, slots=True)
class EndpointTarget:
    """Everything needed to send InvokeEndpoint requests to one endpoint.

    Attributes:
        endpoint_name: SageMaker endpoint name.
        region: AWS region signed for.
        url: Resolved base URL of the SageMaker Runtime, no trailing slash (``https://runtime.sagemaker.…``).
        url_source: What set the URL (``"botocore"``, ``"smload.toml"``, ``"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"``,
            ``"emulator"``, ...).
        credentials: Where to take credentials from.
        ca_bundle: Path of a CA file or directory to verify TLS with (botocore's own rules), or None for the default
            store.
        control_url: Base URL of the control plane (SageMaker, CloudWatch, autoscaling, STS, S3), or None for
            botocore's own address of each.
    """

    endpoint_name: str
    region: str
    url: str
    url_source: str
    credentials: CredentialsSource
    ca_bundle: str | None = None
    control_url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", SecretiveUrl(self.url))
        if self.control_url is not None:
            object.__setattr__(self, "control_url", SecretiveUrl(self.control_url))

    @property
    def parts(self) -> SplitResult:
        """The URL, split."""
        return urlsplit(self.url)

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine: ``localhost``, ``127.0.0.0/8`` or ``::1``."""
        return is_loopback(self.parts.hostname or "")

    @property
    def controls_loopback(self) -> bool:
        """Whether the control plane, where it is known, is on this machine."""
        if self.control_url is None:
            return self.is_loopback
        return is_loopback(urlsplit(self.control_url).hostname or "")

    @property
    def has_control_plane(self) -> bool:
        """Whether the endpoint's control plane is known.

        What answers on a loopback address is somebody's own: AWS itself knows nothing of it, and must not be asked.
        """
        return self.control_url is not None or not self.is_loopback or self.url_source == GLOBAL_VARIABLE
