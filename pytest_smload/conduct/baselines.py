"""The command line on recorded baselines: renames one whose test or load was renamed, drops one that is gone."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.conduct.baseline_file import BaselineFile
from pytest_smload.conduct.stale_baselines import recorded_tests
from pytest_smload.core.wording import unknown_name
from pytest_smload.errors import ConfigurationError, SmloadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.core.baselines.runs import Baseline


def rename_test(root: Path, old: str, new: str) -> str:
    """Make the baseline of the test *old* that of *new*, and return what was done.

    Raises:
        ConfigurationError: there is none of *old*, or one of *new* already.
        ReportError: the file cannot be written.
    """
    before, after = _known(root, old), BaselineFile(root, new)
    if after.path.exists():
        raise ConfigurationError(f"{new} has a baseline already, {after.name}; drop the one that is not to stay")
    after.write(replace(before.read(), test=new))
    before.path.unlink()
    return f"renamed {before.name} to {after.name}"


def drop_test(root: Path, test: str) -> str:
    """Delete the baseline of *test*, and return what was done.

    Raises:
        ConfigurationError: there is none.
    """
    file = _known(root, test)
    file.path.unlink()
    return f"dropped {file.name}"


def rename_load(root: Path, test: str, old: str, new: str) -> str:
    """Make what *test* has recorded of the load *old* that of *new*, and return what was done.

    Raises:
        ConfigurationError: there is none of *old*, or one of *new* already.
        ReportError: the file cannot be written.
    """
    file = _known(root, test)
    baseline = file.read()
    _check_load(baseline, old)
    if new in baseline.loads:
        raise ConfigurationError(f"{file.name} has a load {new!r} already; drop the one that is not to stay")
    file.write(replace(baseline, loads={new if key == old else key: load for key, load in baseline.loads.items()}))
    return f"renamed the load {old!r} to {new!r} in {file.name}"


def drop_load(root: Path, test: str, load: str) -> str:
    """Delete what *test* has recorded of *load*, and return what was done.

    Raises:
        ConfigurationError: there is none.
        ReportError: the file cannot be written.
    """
    file = _known(root, test)
    baseline = file.read()
    _check_load(baseline, load)
    file.write(replace(baseline, loads={key: each for key, each in baseline.loads.items() if key != load}))
    return f"dropped the load {load!r} of {file.name}"


def _known(root: Path, test: str) -> BaselineFile:
    file = BaselineFile(root, test)
    if not file.path.exists():
        raise ConfigurationError(unknown_name("baseline of a test", test, recorded_tests(root)))
    return file


def _check_load(baseline: Baseline, key: str) -> None:
    if key not in baseline.loads:
        raise ConfigurationError(unknown_name("recorded load", key, [repr(name) for name in baseline.loads]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_smload.conduct.baselines", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the settings file's folder (default: this one)")
    actions = parser.add_subparsers(dest="action", required=True)
    rename = actions.add_parser("rename", help="after a test, or a load's label, was renamed")
    rename.add_argument("old", metavar="OLD", help="the id, as pytest printed it, relative to the settings file")
    rename.add_argument("new", metavar="NEW", help="the id it has now")
    drop = actions.add_parser("drop", help="after a test or a load was deleted")
    drop.add_argument("old", metavar="NAME", help="the id, as pytest printed it, relative to the settings file")
    for action in (rename, drop):
        action.add_argument("--of", metavar="TEST", help="the names are those of loads of this test")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked, say it in one line, and return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.action == "rename":
            done = (
                rename_load(asked.root, asked.of, asked.old, asked.new)
                if asked.of is not None
                else rename_test(asked.root, asked.old, asked.new)
            )
        elif asked.of is not None:
            done = drop_load(asked.root, asked.of, asked.old)
        else:
            done = drop_test(asked.root, asked.old)
    except (SmloadError, OSError) as error:
        sys.stderr.write(f"smload: {error}\n")
        return 2
    sys.stdout.write(f"smload: {done}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
