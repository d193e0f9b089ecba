"""``smload baselines``: lists and shows what is recorded in ``.smload/baselines``, and removes what no test has."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.cli.said import Said, screen_width
from pytest_smload.conduct.baseline_file import FOLDER
from pytest_smload.conduct.baseline_json import parse
from pytest_smload.core.baselines.runs import UPDATE_OPTION, file_name
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.results.history import moment
from pytest_smload.core.wording import unknown_name
from pytest_smload.errors import ConfigurationError, SmloadError
from pytest_smload.reports.text.tables import tabulated
from pytest_smload.reports.words.cells import format_count, plain_text, wrap

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from pytest_smload.core.baselines.estimate import Estimate
    from pytest_smload.core.baselines.runs import Baseline, BaselineRun

_INDENT = "  "
_UNREAD = 2


class _Recorded(NamedTuple):
    path: Path
    baseline: Baseline


def baselines(asked: argparse.Namespace) -> Said:
    """Answer ``smload baselines list|show|prune``."""
    root = _root(asked.root)
    problems: list[str] = []
    recorded = list(_read(root, problems))
    code = _UNREAD if problems else 0
    if asked.action == "list":
        return Said(list(_listed(root, recorded)), code, problems)
    if asked.action == "show":
        return Said(list(_shown(root, recorded, asked.test)), code, problems)
    before = _days_ago(asked.older_than) if asked.older_than is not None else None
    # Whole before anything is said: who stops reading does not stop the work.
    return Said(list(_pruned(root, recorded, before, dry_run=asked.dry_run)), code, problems)


def _root(given: Path | None) -> Path:
    """The folder given; else the nearest one, from this folder up, that has baselines."""
    if given is not None:
        if not given.is_dir():
            raise ConfigurationError(f"--root {given}: there is no such folder")
        return given
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / FOLDER).is_dir()), here)


def _read(root: Path, problems: list[str]) -> Iterator[_Recorded]:
    for path in sorted((root / FOLDER).glob("*.json")):
        name = f"{FOLDER}/{path.name}"
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
            test = _test_in(text)
            baseline = parse(text, test=test, where=name)
        except SmloadError as error:
            problems.append(str(error))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"baseline {name} cannot be read: {error}")
        else:
            if path.name != file_name(test):
                problems.append(f"{name} is a copy that nothing reads: the baseline of {test} is {file_name(test)}")
            yield _Recorded(path, baseline)


def _test_in(text: str) -> str:
    """The test *text* says it is of; "" where it says none, which its reader then complains of."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    test = document.get("test") if isinstance(document, dict) else None
    return test if isinstance(test, str) else ""


def _listed(root: Path, recorded: list[_Recorded]) -> Iterator[str]:
    if not recorded:
        yield f"no baselines in {root / FOLDER}; record some: pytest -m perf {UPDATE_OPTION}"
        return
    rows = []
    for _, baseline in recorded:
        for key, load in sorted(baseline.loads.items()):
            last = load.runs[-1]
            where = load.fingerprint.get("endpoint_name") or ""
            metrics = ", ".join(
                f"{name} {_figure(name, estimate.value)}" for name, estimate in list(last.metrics.items())[:3]
            )
            rows.append(
                [
                    plain_text(each)
                    for each in (baseline.test, key, where, len(load.runs), last.at, last.commit, metrics)
                ]
            )
    yield from tabulated(
        rows, ["test", "load", "endpoint", "runs", "latest", "commit", "latest figures"], right=["runs"]
    )


def _shown(root: Path, recorded: list[_Recorded], asked: str) -> Iterator[str]:
    found = [each for each in recorded if asked in (each.baseline.test, each.path.name)]
    found = found or [each for each in recorded if asked in each.baseline.test]
    if not found:
        raise ConfigurationError(unknown_name("baseline of a test", asked, [each.baseline.test for each in recorded]))
    for path, baseline in found:
        yield f"{plain_text(baseline.test)}  ({path.relative_to(root)})"
        for key, load in sorted(baseline.loads.items()):
            yield from wrap(f"load {key!r}" if key else "load without a label", screen_width(), _INDENT)
            for name, fact in sorted(load.fingerprint.items()):
                if fact is not None:
                    text = plain_text(fact if isinstance(fact, str) else json.dumps(fact, sort_keys=True), 200)
                    yield from wrap(f"{name}: {text}", screen_width(), 2 * _INDENT)
            metrics = list(dict.fromkeys(name for run in (load.anchor, *load.runs) for name in run.metrics))
            rows = [_run_cells("first", load.anchor, metrics)] if load.anchor not in load.runs else []
            rows += [_run_cells("", run, metrics) for run in load.runs]
            headers = ["", "began", "commit", "requests", "errors", *map(plain_text, metrics)]
            yield from (2 * _INDENT + line for line in tabulated(rows, headers, right=["requests", "errors"]))


def _run_cells(which: str, run: BaselineRun, metrics: list[str]) -> list[str]:
    estimates = [_estimate_text(name, run.metrics[name]) if name in run.metrics else "-" for name in metrics]
    return [
        which,
        plain_text(run.at),
        plain_text(run.commit),
        format_count(run.n),
        format_count(run.errors),
        *estimates,
    ]


def _estimate_text(name: str, estimate: Estimate) -> str:
    return f"{_figure(name, estimate.value)} [{estimate.lower:.4g}, {estimate.upper:.4g}]"


def _figure(name: str, value: float) -> str:
    """*value* with its unit; *name* may begin with the scope it is of."""
    row = METRICS.get(name.rpartition(" ")[2])
    return row.quantity.rounded(value) if row is not None else f"{value:.4g}"


def _days_ago(days: int) -> datetime:
    if days < 1:
        raise ConfigurationError(f"--older-than {days}: name one day or more")
    try:
        return datetime.now(UTC) - timedelta(days=days)
    except OverflowError:
        raise ConfigurationError(f"--older-than {days}: nothing is as old as that") from None


def _pruned(root: Path, recorded: list[_Recorded], before: datetime | None, *, dry_run: bool) -> Iterator[str]:
    verb, count = ("would remove" if dry_run else "removed"), 0
    for path, baseline in recorded:
        why = _reason(root, baseline, before)
        if not why:
            continue
        if not dry_run:
            path.unlink(missing_ok=True)
        count += 1
        yield f"{verb} {path.relative_to(root)}: {plain_text(baseline.test)} {why}"
    kept = len(recorded) - count
    yield f"{verb} {count:,} of {len(recorded):,} baselines; {kept:,} stay (pytest names tests gone from files)"


def _reason(root: Path, baseline: Baseline, before: datetime | None) -> str:
    """Why nothing needs *baseline* any more, last recorded *before* that time for one, or ``""``."""
    if not (root / baseline.test.partition("::")[0]).exists():
        return "is of a file that does not exist"
    if before is None or not baseline.loads:
        return ""
    latest = max(moment(run.at) for load in baseline.loads.values() for run in load.runs)
    return f"was last recorded on {latest:%Y-%m-%d}" if latest < before else ""
