"""Makes text that files of data can hold, whatever it says."""

from __future__ import annotations

import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def encodable(text: str) -> str:
    """Return *text* with lone surrogates and NUL, which no reader takes, written out: ``\\udc80``, ``\\x00``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def on_its_line(text: str) -> str:
    """Return *text* as `encodable`, with control characters and line separators but the newline written out."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", encodable(text))
