"""How the members of an InvokeEndpoint request are named on the wire, and what a header can carry."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_smload.core.request.invocation import Route


class HeaderField(NamedTuple):
    """Where one API member travels.

    Attributes:
        header: Header name as botocore's rest-json serializer writes it.
        max_chars: Longest value the API accepts.
    """

    header: str
    max_chars: int


HEADER_FIELDS: Final[dict[str, HeaderField]] = {
    "ContentType": HeaderField("Content-Type", 1024),
    "Accept": HeaderField("Accept", 1024),
    "CustomAttributes": HeaderField("X-Amzn-SageMaker-Custom-Attributes", 1024),
    "TargetModel": HeaderField("X-Amzn-SageMaker-Target-Model", 1024),
    "TargetVariant": HeaderField("X-Amzn-SageMaker-Target-Variant", 63),
    "TargetContainerHostname": HeaderField("X-Amzn-SageMaker-Target-Container-Hostname", 63),
    "InferenceId": HeaderField("X-Amzn-SageMaker-Inference-Id", 64),
    "EnableExplanations": HeaderField("X-Amzn-SageMaker-Enable-Explanations", 64),
    "InferenceComponentName": HeaderField("X-Amzn-SageMaker-Inference-Component", 63),
    "SessionId": HeaderField("X-Amzn-SageMaker-Session-Id", 256),
    "PrefixAwareId": HeaderField("X-Amzn-SageMaker-Prefix-Aware-Id", 64),
}
"""InvokeEndpoint's header members (sagemaker-runtime 2017-05-13 service model)."""


def route_headers(route: Route) -> list[tuple[str, str]]:
    """Return (header name, value) for every field of *route*, in its order; *route* has passed `validate_route`."""
    return [(HEADER_FIELDS[member].header, value) for member, value in route.fields]


def validate_route(route: Route) -> None:
    """Refuse what the request's headers cannot carry unchanged.

    Raises:
        ConfigurationError: All problems of *route*, one sentence each.
    """
    problems: list[str] = []
    seen: set[str] = set()
    for member, value in route.fields:
        field = HEADER_FIELDS.get(member)
        if field is None:
            nearest = get_close_matches(member, HEADER_FIELDS, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else f"; allowed: {', '.join(HEADER_FIELDS)}"
            problems.append(f"model {route.name!r}: {member!r} is not a member of InvokeEndpoint{hint}")
        elif member in seen:
            problems.append(f"model {route.name!r}: {member} is given twice; keep one")
        else:
            problem = header_value_problem(value, field.max_chars)
            if problem:
                problems.append(f"model {route.name!r}: {member} {_shown(value)} {problem}")
        seen.add(member)
    if problems:
        raise ConfigurationError(problems)


def header_value_problem(value: str, max_chars: int) -> str | None:
    """Return why *value* cannot be a header value of at most *max_chars* characters, or None."""
    if not value:
        return "is empty; leave it out instead"
    # SigV4 hashes UTF-8 while HTTP headers are read as Latin-1, so anything but ASCII breaks the signature on arrival.
    for place, char in enumerate(value):
        if not " " <= char <= "~":
            return f"has {char!r} at position {place}; a header carries printable ASCII only"
    if value != value.strip(" "):
        return "begins or ends with a space, which HTTP removes"
    if len(value) > max_chars:
        return f"is {len(value)} characters long; InvokeEndpoint allows {max_chars}"
    return None


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else f"{value[:57]}...")
