"""Error kinds: the small integers samples carry, and the names reports show for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from pytest_smload.core.request.invocation import InvocationFailure

OK = 0
TIMEOUT = 1
UNSENT = 2
CONNECTION = 3
BAD_RESPONSE = 4
CLIENT = 5

OWN_NAMES = ("ok", "Timeout", "Unsent", "Connection", "BadResponse", "Client")
"""Names of the codes above, which no name from the wire can claim."""
_LAST_CODE = 255
"""Codes are kept in a one-byte column; later names share the last code."""
OTHER = "Other"
"""What the names that share it are called; it hides which they were."""
TASK = "Task"
"""An exception in a task of a user's own locustfile."""
_FROM_WIRE = re.compile(r"(?!\d+\Z|\dxx\Z)[A-Za-z0-9_.-]{1,64}")
"""A number or a class of statuses would be taken for the status that was answered."""

REFUSED_CODES = (
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
"""Codes that accuse who asks: credentials, their permission, the clock (AWS common errors)."""
CLIENT_CAUSED_KINDS = frozenset({OWN_NAMES[CLIENT], *REFUSED_CODES})
"""Kinds that accuse the client's credentials, clock, DNS or descriptors, never the endpoint."""


def hopeless(failure: InvocationFailure) -> str | None:
    """Return why *failure* will meet every further request too and what to do about it, or None where it need not."""
    if failure.kind == OWN_NAMES[CLIENT]:
        step = "check this machine's network, DNS and file descriptors (ulimit -n)"
    elif failure.kind in CLIENT_CAUSED_KINDS:
        step = "check the credentials, their permission sagemaker:InvokeEndpoint, and the region"
    elif failure.kind == "ValidationError" and re.match(r"Endpoint \S+ of account \d+ not found", failure.message):
        step = "check the endpoint's name, its region and the account of the credentials"
    else:
        return None
    return f"{failure.kind}: {failure.message.rstrip('.')}; {step}"


def is_wire_kind(name: str) -> bool:
    """Return whether an endpoint may name an error *name*: a short word, and none that we give ourselves."""
    return _FROM_WIRE.fullmatch(name) is not None and name not in {*OWN_NAMES, OTHER, TASK}


class ErrorKinds:
    """Interns error names of one load, each with the status it was answered with, as integers in 0..255.

    AWS error codes are kept verbatim. What it keeps is bounded, however many names an endpoint makes up.
    """

    def __init__(self) -> None:
        self._kinds: list[tuple[str, int | None]] = [(name, None) for name in OWN_NAMES]
        self._codes = {kind: code for code, kind in enumerate(self._kinds)}

    def code(self, name: str, status: int | None = None) -> int:
        """Return the code for *name*, giving it one on first sight.

        Args:
            name: Of the error.
            status: HTTP status it was answered with, None where there was no answer. Another one is another code.
        """
        known = self._codes.get((name, status))
        if known is not None:
            return known
        code = len(self._kinds)
        if code < _LAST_CODE:
            self._kinds.append((name, status))
            self._codes[name, status] = code
            return code
        if code == _LAST_CODE:
            self._kinds.append((OTHER, None))
        return _LAST_CODE

    def codes(self, names: Iterable[str], statuses: Iterable[int | None] = ()) -> list[int]:
        """Return the code for each of *names* with its status: what the codes of another load, whose names these are,
        are here."""
        return [self.code(name, status) for name, status in zip_longest(names, statuses)]

    def name(self, code: int) -> str:
        """Return the name behind *code*."""
        return self._kinds[code][0]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, indexed by code; index 0 is ``ok``, and a name answered with two statuses is there twice."""
        return tuple(name for name, _ in self._kinds)

    @property
    def statuses(self) -> tuple[int | None, ...]:
        """The statuses they were answered with, indexed by code."""
        return tuple(status for _, status in self._kinds)
