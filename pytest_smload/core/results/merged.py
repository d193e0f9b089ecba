"""Makes one run of several: the legs of a CI matrix, the shards of a suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from pytest_smload.core.results.result import OtherFailure, RunResult, TestResult
from pytest_smload.errors import ReportError

_Value = TypeVar("_Value")


class Merged(NamedTuple):
    """Several runs as one.

    Attributes:
        run: It; its verdict is the worst of theirs.
        apart: Tests that are in more than one of them, each kept as ``TEST @ NAME``.
    """

    run: RunResult
    apart: Sequence[str]


def merge_runs(runs: Mapping[str, RunResult]) -> Merged:
    """Return the *runs*, by a name for each, as one.

    The same test in two runs stays two tests, ``TEST @ NAME``: as attempts of one test, the last would hide the others.
    What the runs were of (version, commit, branch) is kept where they agree.

    Raises:
        ReportError: one of them holds nothing, and so no verdict.
    """
    for name, run in runs.items():
        if not (run.tests or run.failures or run.interrupted):
            raise ReportError(f"{name} holds no test: nothing was measured there; leave it out, or find out why")
    holders = Counter(nodeid for run in runs.values() for nodeid in _tests_of(run))
    apart = [nodeid for nodeid, count in holders.items() if count > 1]
    tests, failures = list[TestResult](), list[OtherFailure]()
    for name, run in runs.items():
        renamed = {nodeid: f"{nodeid} @ {name}" for nodeid in apart}
        tests += [replace(test, nodeid=renamed.get(test.nodeid, test.nodeid)) for test in run.tests]
        failures += [replace(each, nodeid=renamed.get(each.nodeid, each.nodeid)) for each in run.failures]
    every = list(runs.values())
    return Merged(
        RunResult(
            started_at=min(run.started_at for run in every),
            interrupted=any(run.interrupted for run in every),
            version=_agreed([run.version for run in every]),
            commit=_agreed([run.commit for run in every]),
            branch=_agreed([run.branch for run in every]),
            tests=tuple(tests),
            failures=tuple(failures),
        ),
        apart,
    )


def _tests_of(run: RunResult) -> set[str]:
    return {test.nodeid for test in run.tests} | {each.nodeid for each in run.failures}


def _agreed(values: Sequence[_Value | None]) -> _Value | None:
    return values[0] if len(set(values)) == 1 else None
