"""Writes a route as request headers, and refuses what a header cannot carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.request.members import MEMBERS
from pytest_smload.core.wording import nearest
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_smload.core.request.invocation import Route


def route_headers(route: Route) -> list[tuple[str, str]]:
    """Return (header name, value) for every field of *route*, in its order; *route* has passed `validate_route`."""
    return [(MEMBERS[name].header, value) for name, value in route.fields]


def validate_route(route: Route) -> None:
    """Refuse what the request's headers cannot carry unchanged.

    Raises:
        ConfigurationError: All problems of *route*, one sentence each.
    """
    problems: list[str] = []
    seen: set[str] = set()
    for name, value in route.fields:
        member = MEMBERS.get(name)
        if member is None:
            near = nearest(name, MEMBERS)
            hint = f"did you mean {near}?" if near else f"allowed: {', '.join(MEMBERS)}"
            problems.append(f"{_whose(route)}: {name!r} is not a member of InvokeEndpoint; {hint}")
        elif name in seen:
            problems.append(f"{_whose(route)}: {name} is given twice; keep one")
        else:
            problem = header_value_problem(value, member.max_chars)
            if problem:
                problems.append(f"{_whose(route)}: {name} {_shown(value)} {problem}")
        seen.add(name)
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


def _whose(route: Route) -> str:
    return "requests" if route.kind is None else f"{route.kind} {route.name!r}"


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else f"{value[:57]}...")
