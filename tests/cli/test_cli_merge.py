"""``smload merge``: the legs of a CI matrix as one report, none of them hidden by another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import past_runs as past
import pytest

from pytest_smload.cli.reading import short_names
from pytest_smload.core.results.merged import merge_runs
from pytest_smload.core.results.result import OtherFailure
from pytest_smload.reports.json_report import read_report

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Smload


def test_merge_keeps_all_and_is_as_bad_as_the_worst(smload: Smload, tmp_path: Path) -> None:
    """Tests of both are in one report, which says the worst verdict."""
    bad = past.load(client=past.client(valid=False))
    past.write(tmp_path / "x" / "linux", past.run(past.attempt(past.load(), nodeid="t.py::a")))
    past.write(tmp_path / "x" / "mac", past.run(past.attempt(bad, nodeid="t.py::b"), branch="main"))
    answer = smload("merge", "x/linux", "x/mac", "-o", "out/")
    assert (0, "wrote out/report.json: 2 reports, 2 tests, INVALID\n", "") == answer
    merged = read_report(tmp_path / "out" / "report.json")
    assert ["t.py::a", "t.py::b"] == [test.nodeid for test in merged.tests]
    assert ("invalid", "abc123", None) == (merged.verdict, merged.commit, merged.branch)


def test_same_test_stays_two_tests(smload: Smload, tmp_path: Path) -> None:
    """As attempts of one test a pass would hide the failure of the other leg; failures besides go with their leg."""
    failed = past.attempt(past.load(), verdict="fail")
    past.write(tmp_path / "linux", past.run(failed, failures=(OtherFailure(past.NODEID, "it raised"),)))
    past.write(tmp_path / "mac", past.run(past.attempt(past.load()), commit="def456"))
    answer = smload("merge", "linux", "mac", "-o", "all.json")
    assert [
        "wrote all.json: 2 reports, 2 tests, FAIL",
        f"in several reports, and kept apart as TEST @ REPORT: {past.NODEID}",
        "the reports are of different commits, and the merged one names none",
    ] == answer.out.splitlines()
    merged = read_report(tmp_path / "all.json")
    assert [f"{past.NODEID} @ linux", f"{past.NODEID} @ mac"] == [test.nodeid for test in merged.tests]
    assert [f"{past.NODEID} @ linux"] == [each.nodeid for each in merged.failures]


def test_attempts_stay_attempts() -> None:
    """A test that passed when it was rerun has passed."""
    first, second = past.attempt(past.load(), verdict="fail"), past.attempt(past.load(), number=2)
    merged = merge_runs({"a": past.run(first, second), "b": past.run(past.attempt(past.load(), nodeid="t.py::b"))})
    assert ([], "pass") == (merged.apart, merged.run.verdict)


def test_interrupted_leg_interrupts() -> None:
    """Even one that measured nothing before."""
    legs = {"a": past.run(past.attempt(past.load())), "b": past.run(interrupted=True)}
    assert "interrupted" == merge_runs(legs).run.verdict


def test_leg_that_measured_nothing_is_refused(smload: Smload, tmp_path: Path) -> None:
    """Its verdict, INVALID, would be lost among tests that passed."""
    past.write(tmp_path / "a", past.run(past.attempt(past.load())))
    past.write(tmp_path / "b", past.run())
    answer = smload("merge", "a", "b", "-o", "out.json")
    assert (2, "", "smload: b holds no test: nothing was measured there; leave it out, or find out why\n") == answer
    assert not (tmp_path / "out.json").exists()


def test_merge_that_cannot_be_written(smload: Smload, tmp_path: Path) -> None:
    """One line says so."""
    file = past.write(tmp_path / "a", past.run(past.attempt(past.load())))
    answer = smload("merge", file, "-o", file / "out.json")
    assert (2, "", 1) == (answer.code, answer.out, answer.err.count("\n"))
    assert answer.err.startswith("smload: -o: cannot write ")


def test_pipe_is_not_replaced(smload: Smload, tmp_path: Path) -> None:
    """Nor is a device: /dev/null would be a file from then on."""
    file, pipe = past.write(tmp_path / "a", past.run(past.attempt(past.load()))), tmp_path / "pipe"
    os.mkfifo(pipe)
    answer = smload("merge", file, "-o", pipe)
    assert (2, "", 1) == (answer.code, answer.out, answer.err.count("\n"))
    assert "pipe is a device or a pipe, not a file; move it away or name another file" in answer.err
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["a/linux", "a/mac"], ["linux", "mac"]),
        (["linux/smload", "mac/smload"], ["linux", "mac"]),
        (["a/x/s", "b/y/s"], ["a/x", "b/y"]),
        (["r", "r/r"], ["report.json", "r/report.json"]),
    ],
)
def test_names_are_what_tells_paths_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: list[str], names: list[str]
) -> None:
    """What all paths begin or end with is left out."""
    monkeypatch.chdir(tmp_path)
    for folder in folders:
        past.write(tmp_path / folder, past.run())
    assert names == short_names(folders)
