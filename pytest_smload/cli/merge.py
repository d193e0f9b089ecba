"""``smload merge``: writes the runs of a CI matrix as one ``report.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.cli.reading import REPORT_NAME, read_run, short_names
from pytest_smload.cli.said import Said
from pytest_smload.core.results.merged import merge_runs
from pytest_smload.core.wording import some
from pytest_smload.files import WholeFile
from pytest_smload.reports.json_report import run_json

if TYPE_CHECKING:
    import argparse


def merge(asked: argparse.Namespace) -> Said:
    """Answer ``smload merge A B ... -o OUT``."""
    runs = dict(zip(short_names(asked.files), map(read_run, asked.files), strict=True))
    run, apart = merge_runs(runs)
    out = Path(asked.out)
    if out.is_dir() or asked.out.endswith("/"):
        out /= REPORT_NAME
    WholeFile(out, "-o", " or name another file").write(run_json(run))
    count = len({test.nodeid for test in run.tests})
    lines = [f"wrote {out}: {len(runs):,} reports, {count:,} test{'s' if count != 1 else ''}, {run.verdict.upper()}"]
    if apart:
        lines.append(f"in several reports, and kept apart as TEST @ REPORT: {some(apart)}")
    if run.commit is None and any(each.commit for each in runs.values()):
        lines.append("the reports are of different commits, and the merged one names none")
    return Said(lines)
