"""Shows a URL as its scheme and host, whatever secrets stand around them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_PARTS: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_QUOTED: Final = re.compile(r"""(?P<quote>["'])(?P<url>[A-Za-z][A-Za-z0-9+.-]*://.*)(?P=quote)""", re.DOTALL)
_BARE: Final = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*""")
HIDDEN: Final = "…"


class SecretiveUrl(str):
    """A URL whose repr, in a traceback's locals for one, shows no more than its scheme and host."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(shown_url(self))


def shown_url(url: str) -> str:
    """Return ``scheme://host[:port]`` of *url*, with ``…`` in the place of a host that cannot be told from a secret.

    An ``@`` behind the first ``/``, ``?`` or ``#`` may end a password that holds one of them as well as stand in a path
    or query, so that no host is shown then.
    """
    found = _PARTS.fullmatch(url.strip())
    if found is None:
        return HIDDEN
    authority, *behind = re.split(r"[/?#\\]", found["rest"], maxsplit=1)
    host = authority.rpartition("@")[2].rstrip("),.;:")
    if "@" in "".join(behind) or _HOST.fullmatch(host) is None:
        host = HIDDEN
    return f"{found['scheme'].lower()}://{host.lower()}"


def split_url(url: str) -> SplitResult | None:
    """Return the parts of *url*, or None where it has no host and port that can be told."""
    try:
        parts = urlsplit(url)
        tellable = parts.port != 0 and HIDDEN not in shown_url(url)
    except ValueError:
        return None
    return parts if tellable else None


def without_urls(text: str) -> str:
    """Return *text* with every URL in it, quoted or bare, as `shown_url` has it."""
    if "://" not in text:
        return text
    quoted = _QUOTED.sub(lambda found: f"{found['quote']}{shown_url(found['url'])}{found['quote']}", text)
    return _BARE.sub(lambda found: shown_url(found[0]), quoted)
