"""Writes GitHub-flavoured markdown: any text as text, tables, code, and parts that unfold."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from pytest_smload.reports.words.cells import plain_text, printed

# Only what would act: "error_rate", "<= 250 ms" and "[208 ms, 219 ms]" stay readable in the file itself.
_ACTIVE = re.compile(
    r"[\\`*|~$]|\[(?=\^)|\](?=[(\[:])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|<(?=[A-Za-z/!?])|&(?=[A-Za-z#])"
)
_CALLS = re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])|#(?=[0-9])")
"""GitHub would notify whom a comment names, and link the issue of that number to it; a backslash does not hinder it."""
_NO_WIDTH = "&#8203;"
_TICKS = re.compile(r"`+")


def escaped(text: object) -> str:
    """Return *text* on one line so that it shows as written, in a table's cell too."""
    shown = _ACTIVE.sub(lambda match: "\\" + match[0], plain_text(text))
    return _calling_nobody(shown)


def code(text: object, *, in_table: bool = False) -> str:
    """Return *text* on one line as code."""
    line = plain_text(text)
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    shown = f"{ticks}{pad}{line}{pad}{ticks}"
    # A table splits its row before it looks for code.
    return shown.replace("|", "\\|") if in_table else shown


def code_block(lines: Sequence[str]) -> str:
    """Return *lines*, plain and indented as they are, in a fence longer than any they hold."""
    lines = [printed(line) for line in lines]
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def row(cells: Sequence[str]) -> str:
    """Return one row of a table; cells are escaped already."""
    return f"| {' | '.join(cells)} |"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Return a table without the columns no row has anything in; headers named in *right* align right."""
    kept = [place for place in range(len(headers)) if any(cells[place] for cells in rows)]
    lines = [row([headers[place] for place in kept])]
    lines.append(row(["--:" if headers[place] in right else "---" for place in kept]))
    lines += [row([cells[place] for place in kept]) for cells in rows]
    return "\n".join(lines)


def unfolding(summary: str, body: str) -> str:
    """Return *body*, markdown, hidden under *summary*, plain text, until a reader opens it."""
    return f"<details>\n<summary>{_calling_nobody(html.escape(plain_text(summary)))}</summary>\n\n{body}\n\n</details>"


def _calling_nobody(text: str) -> str:
    return _CALLS.sub(lambda match: match[0] + _NO_WIDTH, text)


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
