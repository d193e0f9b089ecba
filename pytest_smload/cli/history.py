"""``smload history``: follows each load over the runs below a folder or an S3 prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.cli.page import write_page
from pytest_smload.cli.reading import runs_below
from pytest_smload.cli.said import Said, screen_width
from pytest_smload.core.results.history import history_of
from pytest_smload.errors import ConfigurationError, ReportError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_smload.core.results.history import Series

UNREAD = 2
"""The exit code where a report could not be read; what could is shown."""


def history(asked: argparse.Namespace) -> Said:
    """Answer ``smload history DIR``."""
    if asked.last < 1:
        raise ConfigurationError(f"--last {asked.last}: show one run or more")
    problems: list[str] = []
    every = history_of(runs_below(asked.place, problems))
    found = [series for series in every if asked.test is None or asked.test in str(series.name)]
    if not found and not problems:
        which = f" of a test with {asked.test!r} in its name" if asked.test is not None else ""
        raise ReportError(f"the reports below {asked.place} hold no load{which}")
    if asked.html is not None:
        write_page(asked.html, "history.html", lambda: _page(found, asked.last))
    return Said(_drawn(found, asked), exit_code=UNREAD if problems else 0, problems=problems, as_is=asked.markdown)


def _page(found: Sequence[Series], last: int) -> str:
    from pytest_smload.reports.html.history import history_html

    return history_html(found, last=last)


def _drawn(found: Sequence[Series], asked: argparse.Namespace) -> list[str]:
    if asked.markdown:
        from pytest_smload.reports.markdown.history import history_markdown

        return [history_markdown(found, last=asked.last).rstrip("\n")]
    from pytest_smload.reports.text.history import history_lines

    return list(history_lines(found, screen_width(), last=asked.last)) if found else []
