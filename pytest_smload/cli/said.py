"""What a command of ``smload`` has to say, and how it is written: width, colours, streams that close early."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TextIO

from pytest_smload.reports.words.cells import printed

_USUAL_WIDTH = 100
_NARROWEST, _WIDEST = 40, 200
_COLOURS = {
    "PASS": "32",
    "kept": "32",
    "FAIL": "31",
    "BROKEN": "31",
    "INVALID": "33",
    "INTERRUPTED": "33",
    "UNDECIDED": "33",
}
_COLOURED = re.compile(rf"^(\s*)({'|'.join(_COLOURS)})\b|(?<=  )({'|'.join(_COLOURS)})(?=  |$)")


@dataclass(frozen=True, slots=True)
class Said:
    """The answer of a command.

    Attributes:
        lines: For standard output.
        exit_code: 0; 1 where a demand is not kept; 2 where something could not be read or written.
        problems: For standard error, one line each.
        as_is: Whether *lines* are a document, which is neither coloured nor cleaned again.
    """

    lines: Iterable[str] = ()
    exit_code: int = 0
    problems: Sequence[str] = field(default=())
    as_is: bool = False


def screen_width() -> int:
    """Return the columns to lay out for: those of the terminal or of ``COLUMNS``, within reason."""
    columns = shutil.get_terminal_size((_USUAL_WIDTH, 24)).columns
    return min(max(columns, _NARROWEST), _WIDEST)


def write(said: Said) -> int:
    """Write *said*, and return its exit code; who reads may stop reading (``| head``).

    Raises:
        OSError: standard output cannot be written to, or is closed.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    lines = said.lines if said.as_is else map(printed, said.lines)
    coloured = not said.as_is and _takes_colours(sys.stdout)
    for line in lines:
        _put(sys.stdout, f"{_painted(line) if coloured else line}\n")
    sys.stdout.flush()
    for problem in said.problems:
        complain(problem)
    return said.exit_code


def complain(problem: str) -> None:
    """Write one line on standard error; where nobody can be told, the exit code says it alone."""
    if sys.stderr is not None:
        with suppress(OSError):
            _put(sys.stderr, f"smload: {printed(problem)}\n")


def close_quietly() -> None:
    """Send what is still to be written nowhere: nobody reads any more, and the interpreter would say so at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, errors="backslashreplace").decode(encoding))


def _takes_colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"


def _painted(line: str) -> str:
    return _COLOURED.sub(lambda match: f"{match[1] or ''}\x1b[{_COLOURS[_word(match)]}m{_word(match)}\x1b[0m", line)


def _word(match: re.Match[str]) -> str:
    return match[2] or match[3]
