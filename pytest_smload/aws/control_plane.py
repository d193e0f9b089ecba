"""Calls AWS services other than the runtime: one bounded attempt after another, what goes wrong told in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.quiet import quiet_botocore
from pytest_smload.aws.session import session_with
from pytest_smload.aws.shown_url import without_urls
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session

    from pytest_smload.aws.target import EndpointTarget

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
ATTEMPTS = 4
"""Of one call, botocore's standard mode: only throttling, 5xx and broken connections are tried again."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_NOT_AUTHORIZED = "not authorized to perform"
_ACTION_PREFIX = {"cloudwatch": "cloudwatch", "s3": "s3", "sts": "sts"}
_ACTION_NAME = {"ListObjectsV2": "ListBucket"}
"""Where IAM calls an operation otherwise (Service Authorization Reference)."""


class ControlPlaneError(EndpointError):
    """A call that failed, in one line.

    Attributes:
        action: What was asked for, as IAM names it: ``"sagemaker:DescribeEndpoint"``.
        code: The service's error code, or the exception's name where no service answered.
        denied: Whether permission is what is missing.
        answered: Whether the service answered at all; nobody did where there is no route to it.
    """

    def __init__(self, message: str, *, action: str, code: str, denied: bool, answered: bool = True) -> None:
        super().__init__(message)
        self.action = action
        self.code = code
        self.denied = denied
        self.answered = answered


@dataclass(frozen=True, slots=True)
class _Problem:
    code: str
    text: str
    denied: bool = False
    answered: bool = False


class ControlPlane:
    """SageMaker, CloudWatch, Application Auto Scaling, STS and S3, as an endpoint's credentials reach them.

    Clients are made when first asked for. Not for the request path: a call blocks.

    Attributes:
        target: The endpoint whose region, credentials and control plane address are used.
        calls: Actions called so far, in order: ``"sagemaker:DescribeEndpoint"``.
    """

    def __init__(self, target: EndpointTarget) -> None:
        if not target.has_control_plane:
            raise EndpointError(
                f"endpoint {target.endpoint_name!r} is at the loopback address {target.url}, whose control plane is "
                "not known; set control_url in the endpoint's table, or AWS_ENDPOINT_URL, to where it is"
            )
        self.target = target
        self.calls: list[str] = []
        self._session: Session | None = None
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer to one call, ``call("sagemaker", "DescribeEndpoint", EndpointName=...)``.

        Raises:
            ControlPlaneError: it was refused, or nobody answered.
        """
        action = f"{_ACTION_PREFIX.get(service, service)}:{_ACTION_NAME.get(operation, operation)}"
        self.calls.append(action)
        problem: _Problem
        try:
            with quiet_botocore():
                from botocore import xform_name

                answer: dict[str, Any] = getattr(self._client(service), xform_name(operation))(**arguments)
                return answer
        except Exception as error:  # botocore raises what its HTTP library, a provider or a parser raised
            problem = _problem(error)
        # Raised outside the handler: the chained traceback would hold botocore's local variables.
        why = f"{action} is not allowed: {problem.text}" if problem.denied else f"{action} failed: {problem.text}"
        raise ControlPlaneError(why, action=action, code=problem.code, denied=problem.denied, answered=problem.answered)

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield the answers of a call that comes in pages, following ``NextToken``.

        Raises:
            ControlPlaneError: as `call`, at the page that failed.
        """
        token: dict[str, Any] = {}
        while True:
            page = self.call(service, operation, **arguments, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def close(self) -> None:
        """Close every connection."""
        while self._clients:
            self._clients.popitem()[1].close()

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        if service not in self._clients:
            if self._session is None:
                self._session = session_with(self.target.credentials)
            self._clients[service] = self._session.create_client(
                service,
                region_name=self.target.region,
                endpoint_url=self.target.control_url,
                verify=self.target.ca_bundle,
                config=Config(
                    connect_timeout=CONNECT_TIMEOUT_S,
                    read_timeout=READ_TIMEOUT_S,
                    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                    s3={"addressing_style": "path"} if self.target.control_url is not None else None,
                    # A proxy is another machine: it cannot reach this one by these addresses.
                    proxies={} if self.target.controls_loopback else None,
                ),
            )
        return self._clients[service]


def call_problem(error: Exception) -> str:
    """Return why a call of botocore's failed, in one line without addresses: *error* is what it raised."""
    return _problem(error).text


def _problem(error: Exception) -> _Problem:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        text = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
        # Application Auto Scaling checks rights on other services, and tells of those in a ValidationException.
        denied = code in DENIED or _NOT_AUTHORIZED in text
        return _Problem(code, f"{code}: {text}" if text else code, denied, answered=True)
    name = type(error).__name__
    if isinstance(error, BotoCoreError) and not isinstance(error, HTTPClientError):
        return _Problem(name, without_urls(" ".join(str(error).split())))
    # HTTPClientError wraps just anything, which may quote a proxy's password.
    return _Problem(name, name)
