"""Makes text of a user's code fit to keep: one bounded line that can be shown, without the credentials in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.aws.target import Credentials
from pytest_smload.transport.outside_text import kept_line

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 300
"""Characters of a name or message; more tell nobody more."""
_READ = 4_000
"""What is looked at: an exception may hold a whole response."""


class OwnWords:
    """Reads text of code that runs with the variables *environ*, whose AWS credentials are taken out of it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        key, secret, token = (
            environ.get(f"AWS_{name}", "") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
        )
        self._credentials = Credentials(key, secret, token) if key or secret or token else None

    def line(self, value: object) -> str:
        """Return the text of *value*, whatever it is, as a line of at most `LONGEST` characters."""
        try:
            text = str(value)
        except Exception:  # whatever a class of the user's raises
            text = f"({type(value).__name__} without a text)"
        line = kept_line(text[:_READ], self._credentials)
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
