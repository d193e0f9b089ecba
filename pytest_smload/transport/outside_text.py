"""Makes text from the wire fit to keep: one bounded line, nothing that hides or steers, no credential in force."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from pytest_smload.aws.target import Credentials

MAX_MESSAGE_CHARS: Final = 1_000
_READ_CHARS: Final = 4 * MAX_MESSAGE_CHARS
"""What is looked at one by one; a body holds more than any message shows."""
_REDACTED: Final = "[redacted]"
_TELLING_CHARS: Final = 16
"""So much of a credential's beginning is no coincidence; what follows it is more of the same."""
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]+"
)
"""Without width or ink, though Unicode calls them letters, marks or symbols."""


def kept_line(text: str, credentials: Credentials | None = None) -> str:
    """Return *text* as one line of at most `MAX_MESSAGE_CHARS`.

    Control, bidirectional and zero-width characters and lone surrogates are gone, and what repeats *credentials* is
    replaced, cut short or percent-encoded as it may be.
    """
    if credentials is not None:
        text = _redacted(text, credentials)
    cleaned = " ".join(visible(text[:_READ_CHARS]).split())
    # Characters that are gone by now may have stood inside a credential.
    line = cleaned if credentials is None else _redacted(cleaned, credentials)
    return line if len(line) <= MAX_MESSAGE_CHARS else f"{line[: MAX_MESSAGE_CHARS - 1]}…"


def visible(text: str) -> str:
    """Return *text* without characters that cannot be seen; those that separate words become spaces."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
    return _INVISIBLE.sub("", text)


def _redacted(text: str, credentials: Credentials) -> str:
    return _mentions(credentials).sub(_REDACTED, text)


@lru_cache(maxsize=4)
def _mentions(credentials: Credentials) -> re.Pattern[str]:
    """Match what repeats *credentials*: key id, secret and token as they are, or as a URL or JSON has them."""
    return re.compile("|".join(_beginning(value) for value in _written(credentials)))


def _written(credentials: Credentials) -> set[str]:
    values = {credentials.access_key, credentials.secret_key, credentials.token or ""} - {""}
    return values | {quote(value, safe="") for value in values} | {value.replace("/", "\\/") for value in values}


def _beginning(value: str) -> str:
    if len(value) <= _TELLING_CHARS:
        return re.escape(value)
    return rf"{re.escape(value[:_TELLING_CHARS])}[A-Za-z0-9+/=%\\_.~-]*"
