"""Resolves one endpoint's settings to a target by botocore's rules: region, address, CA bundle and credentials."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pytest_smload.aws.credentials import StaticCredentials, find_credentials
from pytest_smload.aws.quiet import quiet_botocore
from pytest_smload.aws.session import new_session
from pytest_smload.aws.shown_url import SecretiveUrl, shown_url, split_url, without_urls
from pytest_smload.aws.target import GLOBAL_VARIABLE, Credentials, EndpointTarget
from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from botocore.session import Session

SERVICE = "sagemaker-runtime"
_ENDPOINT_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
"""EndpointName, in the API reference of InvokeEndpoint."""
_SERVICE_VARIABLE = "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"


class EndpointAddress(Protocol):
    """What resolving needs to know of an endpoint's settings."""

    @property
    def endpoint_name(self) -> str:
        """Name of the SageMaker endpoint."""

    @property
    def region(self) -> str | None:
        """Region, or None for boto3's own."""

    @property
    def endpoint_url(self) -> str | None:
        """Base URL, or None for botocore's own."""

    @property
    def control_url(self) -> str | None:
        """Base URL of the control plane, or None for botocore's own addresses."""

    @property
    def source(self) -> str:
        """Where the settings were written."""


def resolve_target(endpoint: EndpointAddress, session: Session | None = None) -> EndpointTarget:
    """Return the target of *endpoint*; sends no request to it, but credentials may be fetched over the network.

    Region: the settings' own, else boto3's. URL: the settings' own, else what botocore would use
    (``AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME``, ``AWS_ENDPOINT_URL``, the config file's services section and profile,
    ``AWS_IGNORE_CONFIGURED_ENDPOINT_URLS``, FIPS and dual-stack switches).

    Raises:
        EndpointError: one line naming what is missing or wrong, where, and the next step.
    """
    if not _ENDPOINT_NAME.fullmatch(endpoint.endpoint_name):
        raise EndpointError(
            f"{endpoint.source}: {endpoint.endpoint_name!r} is not an endpoint name; it has 1 to 63 letters, digits "
            "and inner hyphens (the name alone, no ARN); set name"
        )
    with quiet_botocore():
        session = session if session is not None else new_session()
        region = endpoint.region or _region(endpoint, session)
        credentials = find_credentials(session)
        if problem := _asking(endpoint, lambda: _configured_url_problem(endpoint, session)):
            raise EndpointError(f"{endpoint.source}: {problem}")
        url, region = _address(endpoint, session, region)
        if problem := _url_problem(url):
            raise EndpointError(f"{endpoint.source}: {problem}")
        return EndpointTarget(
            endpoint_name=endpoint.endpoint_name,
            region=region,
            url=url,
            url_source=_url_source(endpoint, session, url),
            credentials=credentials,
            ca_bundle=_ca_bundle(session) if url.startswith("https:") else None,
            control_url=_control_url(endpoint),
        )


UNHOSTED = EndpointTarget("", "", "", "locustfile", StaticCredentials(Credentials("", ""), "the locustfile's own"))
"""Where a locustfile's own hosts are all there is: nothing is asked of it, and nothing sent to it."""


def local_target(url: str, *, access_key: str, secret_key: str, endpoint_name: str, region: str) -> EndpointTarget:
    """Return the target of the embedded endpoint at *url*; its credentials are its own, never boto3's chain."""
    credentials = StaticCredentials(Credentials(access_key, secret_key), "emulator")
    address = url.rstrip("/")
    return EndpointTarget(endpoint_name, region, address, "emulator", credentials, control_url=address)


def _control_url(endpoint: EndpointAddress) -> str | None:
    if endpoint.control_url is None:
        return None
    if problem := _url_problem(endpoint.control_url):
        raise EndpointError(f"{endpoint.source}: control_url: {problem}")
    return endpoint.control_url.rstrip("/")


def _region(endpoint: EndpointAddress, session: Session) -> str:
    region = _asking(endpoint, lambda: session.get_config_variable("region"))
    if region:
        return str(region)
    raise EndpointError(
        f"{endpoint.source}: no region is known for {endpoint.endpoint_name!r}; set region in its table, "
        "AWS_DEFAULT_REGION, or region in the AWS profile"
    )


def _address(endpoint: EndpointAddress, session: Session, region: str) -> tuple[SecretiveUrl, str]:
    """Return base URL and signing region, taken from a request that botocore prepares and nobody sends."""
    captured: dict[str, Any] = {}

    def capture(params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        captured["url"] = SecretiveUrl(params["url"])
        return _Answered(), {}

    def prepare() -> tuple[SecretiveUrl, str]:
        from botocore.config import Config

        client = session.create_client(
            SERVICE, region_name=region, endpoint_url=endpoint.endpoint_url, config=Config(inject_host_prefix=False)
        )
        try:
            # A handler that answers here takes the place of the network, as botocore's own Stubber does.
            client.meta.events.register_first(f"before-call.{SERVICE}.InvokeEndpoint", capture)
            client.invoke_endpoint(EndpointName=endpoint.endpoint_name, Body=b"")
            url = str(captured["url"])
            base = url.removesuffix(f"/endpoints/{endpoint.endpoint_name}/invocations").rstrip("/")
            return SecretiveUrl(base), str(client.meta.region_name)
        finally:
            client.close()

    found: tuple[SecretiveUrl, str] = _asking(endpoint, prepare)
    return found


class _Answered:
    """The status of the response that stands in for the network's."""

    status_code = 200


def _asking(endpoint: EndpointAddress, question: Any) -> Any:
    """Return the answer to *question*, with botocore's complaints turned into one line."""
    from botocore.exceptions import BotoCoreError

    try:
        return question()
    except BotoCoreError as error:
        problem = without_urls(" ".join(str(error).split()))
    except ValueError:
        # It quotes the URL, or the part of it that is none, a password in it included.
        problem = "the endpoint URL is not one; write https://host[:port]"
    # Raised outside the handler: the chained traceback would hold botocore's local variables.
    raise EndpointError(f"{endpoint.source}: the address of {endpoint.endpoint_name!r} cannot be resolved: {problem}")


def _configured_url_problem(endpoint: EndpointAddress, session: Session) -> str | None:
    """Return why botocore could not use the URL it is told to use, before it quotes that in its complaint."""
    if endpoint.endpoint_url is not None:
        return _url_problem(endpoint.endpoint_url)
    place, value = next(iter(_url_places(session)), ("", ""))
    problem = _url_problem(value) if value else None
    return f"{place}: {problem}" if problem else None


def _url_problem(url: str) -> str | None:
    """Return why *url* cannot be an endpoint's, or None; the sentence shows its scheme and host alone."""
    shown = shown_url(url)
    if "://" not in url:
        return "the endpoint URL has no scheme; write https://host[:port]"
    if "@" in url:
        return f"the endpoint URL {shown!r} contains a user name or password; remove it (an @ in a path is %40)"
    if "?" in url or "#" in url:
        return f"the endpoint URL {shown!r} has a query or fragment; write https://host"
    parts = split_url(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{shown!r} is not an endpoint URL; write https://host[:port]"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return (
            f"{shown} is refused: http:// would send signed requests in the clear; use https:// (http:// is for this "
            "machine only)"
        )
    return None


def _url_source(endpoint: EndpointAddress, session: Session, url: str) -> str:
    """Return what set *url*: the first of botocore's places that holds it."""
    if endpoint.endpoint_url is not None:
        return endpoint.source
    return next((place for place, value in _url_places(session) if value.rstrip("/") == url), "botocore")


def _url_places(session: Session) -> list[tuple[str, str]]:
    """Return the places of botocore's that hold a URL, in its order, each with what it holds."""
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return []
    config = session.get_scoped_config()
    services = session.full_config.get("services", {}).get(config.get("services"), {})
    section = services.get("sagemaker_runtime")
    service = section.get("endpoint_url") if isinstance(section, dict) else None
    profile = session.profile or "default"
    places = (
        (_SERVICE_VARIABLE, os.environ.get(_SERVICE_VARIABLE)),
        (GLOBAL_VARIABLE, os.environ.get(GLOBAL_VARIABLE)),
        (f"services section of AWS profile {profile!r}", service),
        (f"endpoint_url of AWS profile {profile!r}", config.get("endpoint_url")),
    )
    return [(place, value) for place, value in places if value]


def _ca_bundle(session: Session) -> str | None:
    bundle = session.get_config_variable("ca_bundle")
    source = "AWS_CA_BUNDLE" if os.environ.get("AWS_CA_BUNDLE") else "ca_bundle of the AWS profile"
    if bundle is None:
        bundle, source = os.environ.get("REQUESTS_CA_BUNDLE"), "REQUESTS_CA_BUNDLE"
    if bundle is None:
        return None
    if not bundle.strip() or not Path(bundle).exists():
        raise EndpointError(f"{source}: CA bundle {bundle!r} does not exist; give a PEM file or a folder of them")
    return str(bundle)
