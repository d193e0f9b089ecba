"""Names the failures a user's code reports of its requests, as reports and limits name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_smload.core.request.error_kinds import CONNECTION, OWN_NAMES, TIMEOUT, is_wire_kind
from pytest_smload.core.request.invocation import InvocationFailure

if TYPE_CHECKING:
    from pytest_smload.engine.locustfile.own_words import OwnWords

UNNAMED = "Failure"
"""What a failure is called that is no exception, or one whose type's name is taken."""


def failure_of(exception: object, words: OwnWords, response: object = None) -> InvocationFailure:
    """Return what is known of a failed request from the *exception* its event carries, and its *response* if any.

    The kind is the code of AWS's answer where botocore raised, ``Timeout`` and ``Connection`` for what is so called in
    any client, else the name of the exception's type.

    Args:
        words: Reads the exception's text.
    """
    answer: Any = getattr(exception, "response", None)
    message = words.line(exception)
    if isinstance(answer, Mapping):
        return _from_aws(answer, message)
    status = _status(answer) or _status(response)
    names = [each.__name__ for each in type(exception).__mro__] if isinstance(exception, BaseException) else []
    if any("Timeout" in name for name in names):
        kind = OWN_NAMES[TIMEOUT]
    elif any("ConnectionError" in name for name in names):
        kind = OWN_NAMES[CONNECTION]
    else:
        kind = names[0] if names and is_wire_kind(names[0]) else UNNAMED
    return InvocationFailure(kind, message or kind, status)


def _from_aws(answer: Mapping[str, Any], message: str) -> InvocationFailure:
    """The failure of botocore's ``ClientError``, whose *answer* is the parsed response."""
    error, facts = answer.get("Error") or {}, answer.get("ResponseMetadata") or {}
    code, original = str(error.get("Code", "")), answer.get("OriginalStatusCode")
    return InvocationFailure(
        code if is_wire_kind(code) else UNNAMED,
        message or code,
        _whole(facts.get("HTTPStatusCode")),
        _whole(original),
    )


def _status(response: object) -> int | None:
    return _whole(getattr(response, "status_code", None))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
