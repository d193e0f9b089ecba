"""``smload report``: draws one run for the terminal, as markdown or as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.cli.page import write_page
from pytest_smload.cli.reading import read_run, report_path
from pytest_smload.cli.said import Said, screen_width
from pytest_smload.reports.markdown.fitting import LONGEST_COMMENT_BYTES
from pytest_smload.reports.markdown.report import run_markdown
from pytest_smload.reports.registry import REPORTS, FinishedRun
from pytest_smload.reports.text.terminal import run_lines

if TYPE_CHECKING:
    import argparse


def report(asked: argparse.Namespace) -> Said:
    """Answer ``smload report FILE``."""
    run = read_run(asked.file)
    finished = FinishedRun(run, str(report_path(asked.file).parent))
    if asked.html is not None:
        return _page(finished, asked.html)
    if asked.markdown:
        return Said([REPORTS["markdown"].text(finished).rstrip("\n")], as_is=True)
    if asked.comment:
        text = run_markdown(run, report_dir=finished.report_dir, longest_bytes=LONGEST_COMMENT_BYTES)
        return Said([text.rstrip("\n")], as_is=True)
    lines = list(run_lines(run, screen_width(), verbosity=asked.verbose - asked.quiet))
    besides = [f"{each.nodeid} failed besides its measurement: {each.why}" for each in run.failures]
    about = f"started {run.started_at}" + (f", commit {run.commit}" if run.commit else "")
    return Said([f"{run.verdict.upper()}  {about}", *lines, *besides])


def _page(finished: FinishedRun, out: str) -> Said:
    page = REPORTS["html"]
    return Said([f"wrote {write_page(out, page.file_name, lambda: page.text(finished))}"])
