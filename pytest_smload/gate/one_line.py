"""Says errors of ours in their own words, without the way they took through our code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smload.errors import SmloadError
from pytest_smload.gate.keys import SAID

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSAL = "_smload_refusal"
LONGEST_REPEATED = 60
"""Characters that an error is told apart by where it is said again."""


@contextmanager
def errors_in_one_line(request: pytest.FixtureRequest) -> Iterator[None]:
    """Show our errors as their text alone: the traceback through our code says nothing a user can act on.

    What an earlier test was told in full is said by its first words.
    """
    __tracebackhide__ = True
    try:
        yield
    except SmloadError as error:
        text, nodeid = str(error), request.node.nodeid
        first = request.config.stash.setdefault(SAID, {}).setdefault(text, nodeid)
        if first != nodeid:
            text = f"the same error as that of {first}: {_beginning(text)}"
        refusal = pytest.fail.Exception(text, pytrace=False)
        setattr(refusal, _REFUSAL, True)
        raise refusal from None


def is_refusal(error: BaseException | None) -> bool:
    """Whether *error* is one of ours in its own words: what it refused was not run, and cannot have been expected."""
    return getattr(error, _REFUSAL, False)


def _beginning(text: str) -> str:
    line, _, more = text.partition("\n")
    return line if len(line) <= LONGEST_REPEATED and not more else f"{line[:LONGEST_REPEATED]} …"
