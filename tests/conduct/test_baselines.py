"""Recorded baselines whose test or load was renamed or is gone."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from pytest_smload.conduct.baseline_file import BaselineFile, Recorded
from pytest_smload.conduct.baselines import main
from pytest_smload.conduct.stale_baselines import stale_loads, stale_tests
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.runs import BaselineRun

RUN = BaselineRun(at="2025-01-01T00:00:00+00:00", n=1000, n_eff=900, errors=0, metrics={"p95": Estimate(10, 9, 11)})
OLD, NEW = "tests/test_a.py::test_old[x y]", "tests/test_a.py::test_new[x y]"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A settings folder, the current one, with two loads of the test OLD recorded."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").touch()
    BaselineFile(tmp_path, OLD).record([Recorded("", {"seed": 0}, RUN), Recorded("peak", {"seed": 1}, RUN)])
    return tmp_path


def asked(sentence: str, word: str) -> list[str]:
    """The arguments of the command a sentence names after *word*."""
    command = sentence.partition(f"{word}? ")[2].partition("; gone?")[0]
    assert command.startswith("python -m pytest_smload.conduct.baselines ")
    return shlex.split(command)[3:]


def test_a_renamed_test_is_named_with_a_command_that_works(root, capsys):
    """The nearest test without a baseline is suggested; afterwards its history is there."""
    whole = {str(root / "tests" / "test_a.py")}
    (sentence,) = stale_tests(root, collected={NEW}, gated={NEW}, whole=whole)
    assert f"is of {OLD}, which does not exist" in sentence
    assert main(asked(sentence, "renamed")) == 0
    assert BaselineFile(root, NEW).read().loads.keys() == {"", "peak"}
    assert not BaselineFile(root, OLD).path.exists()
    assert stale_tests(root, collected={NEW}, gated={NEW}, whole=whole) == []
    assert capsys.readouterr().out.startswith("smload: renamed .smload/baselines/")


def test_a_deleted_test_is_dropped(root):
    """The whole file of it went."""
    (root / "tests" / "test_a.py").unlink()
    (sentence,) = stale_tests(root, collected=set(), gated=set(), whole=set())
    assert main(asked(sentence, "gone")) == 0
    assert list((root / ".smload" / "baselines").iterdir()) == []


@pytest.mark.parametrize("collected", [{OLD}, {NEW}])
def test_a_test_that_may_exist_is_not_stale(root, collected):
    """It was collected, or its file was not collected whole."""
    assert stale_tests(root, collected=collected, gated=collected, whole=set()) == []


def test_a_load_that_no_longer_runs_is_named(root):
    """Renamed to the load that has no history yet, or dropped."""
    file = BaselineFile(root, OLD)
    assert stale_loads(file, {"", "peak"}) == []
    (sentence,) = stale_loads(file, {"", "peaks"})
    assert "holds the load 'peak', which tests/test_a.py::test_old[x y] did not run" in sentence
    assert main(asked(sentence, "renamed")) == 0
    assert file.read().loads.keys() == {"", "peaks"}
    (sentence,) = stale_loads(file, {""})
    assert main(asked(sentence, "gone")) == 0
    assert file.read().loads.keys() == {""}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["drop", "tests/test_a.py::test_odl[x y]"], "did you mean 'tests/test_a.py::test_old[x y]'?"),
        (["rename", OLD, OLD], "has a baseline already"),
        (["drop", "--of", OLD, "paek"], "there is no recorded load 'paek'"),
        (["rename", "--of", OLD, "", "peak"], "has a load 'peak' already"),
    ],
)
def test_mistakes_change_nothing(root, capsys, arguments, why):
    """One line says what is wrong."""
    before = BaselineFile(root, OLD).path.read_bytes()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1
    assert BaselineFile(root, OLD).path.read_bytes() == before


def test_it_runs_as_a_module(root):
    """As the end of a run says it, from elsewhere with the folder."""
    command = [sys.executable, "-m", "pytest_smload.conduct.baselines", "--root", str(root), "drop", OLD]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("smload: dropped .smload/baselines/")
