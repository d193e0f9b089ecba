"""Reading the head of an HTTP response by hand, where the fast path did not need to look at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

_VARIANT: Final = re.compile(rb"\r\nx-amzn-invoked-production-variant:[ \t]*([!-~]*)[ \t]*\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers of the final response in the bytes read so far.

    Attributes:
        status: HTTP status.
        headers: Names in lower case; of repeated ones the last.
    """

    status: int
    headers: dict[str, str]

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing but the peer's closing tells where the body ends (RFC 9112, 6.3)."""
        return "content-length" not in self.headers and "transfer-encoding" not in self.headers


class VariantLine(NamedTuple):
    """The header line that names the production variant, as one answer had it.

    Attributes:
        line: The whole line with the line ends around it; ``b""`` where there is none.
        at: Where in the answer it begins.
        code: Code of the variant.
    """

    line: bytes
    at: int
    code: int


def find_variant(raw: bytes) -> tuple[bytes, int, str]:
    """Return the header line in *raw* that names the production variant, where it begins, and the name.

    ``(b"", 0, "")`` where the head has no such line.
    """
    split = split_head(raw)
    found = _VARIANT.search(raw, 0, len(raw) - len(split[1])) if split is not None else None
    return (found[0], found.start(), found[1].decode("ascii")) if found is not None else (b"", 0, "")


def read_head(raw: bytes) -> ResponseHead | None:
    """Return the final response's head in *raw*, interim (1xx) responses skipped, or None while it is incomplete."""
    found = split_head(raw)
    return None if found is None else found[0]


def split_head(raw: bytes) -> tuple[ResponseHead, bytes] | None:
    """Return the final response's head in *raw* and the bytes behind it, or None while it is incomplete."""
    while True:
        block, end, rest = raw.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = block.lstrip(b"\r\n").split(b"\r\n")
        status = lines[0].split(b" ", 2)[1:2]
        if not status or len(status[0]) != 3 or not status[0].isdigit():
            return None
        if not status[0].startswith(b"1"):
            break
        raw = rest
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
    return ResponseHead(status=int(status[0]), headers=headers), rest
