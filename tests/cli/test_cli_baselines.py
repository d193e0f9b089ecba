"""``smload baselines``: what is recorded is listed and shown, and removed where no test is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_smload.conduct.baseline_file import FOLDER, BaselineFile
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.runs import Baseline, BaselineRun, LoadBaseline

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Smload

TEST = "tests/perf/test_abalone.py::test_weighted"
OLD = "tests/perf/test_gone.py::test_x"


def _record(root: Path, test: str, *, at: str = "2026-01-02T03:04:05+00:00") -> Path:
    run = BaselineRun(at, 3000, 1700, 2, {"p95": Estimate(212.4, 204.0, 221.0)}, "abc123")
    anchor = BaselineRun("2025-12-31T00:00:00+00:00", 3000, 1700, 0, {"p95": Estimate(200.0, 190.0, 210.0)}, "first1")
    load = LoadBaseline({"endpoint_name": "abalone-staging", "tps": 50, "machine": None}, anchor, (run,))
    file = BaselineFile(root, test)
    file.write(Baseline(test, {"": load, "calm": load}))
    return file.path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A checkout with two baselines, the file of one test gone."""
    (tmp_path / "tests" / "perf").mkdir(parents=True)
    (tmp_path / "tests" / "perf" / "test_abalone.py").touch()
    _record(tmp_path, TEST)
    _record(tmp_path, OLD)
    return tmp_path


def test_list_is_a_line_per_load(smload: Smload, recorded: Path) -> None:
    """Test, load, endpoint, runs, the latest one and its figures."""
    answer = smload("baselines", "list")
    lines = [line.split() for line in answer.out.splitlines()]
    assert (0, "", 5) == (answer.code, answer.err, len(lines))
    assert [TEST, "abalone-staging", "1", "2026-01-02T03:04:05+00:00", "abc123", "p95", "212", "ms"] == lines[1]
    assert [TEST, "calm"] == lines[2][:2]


def test_baselines_are_found_from_below(smload: Smload, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As smload.toml is; --root says another place."""
    above = smload("baselines", "list").out
    monkeypatch.chdir(recorded / "tests" / "perf")
    assert above == smload("baselines", "list").out == smload("baselines", "--root", recorded, "list").out
    answer = smload("baselines", "--root", recorded / "none", "list")
    assert (2, "", f"smload: --root {recorded / 'none'}: there is no such folder\n") == answer


def test_none_recorded(smload: Smload, tmp_path: Path) -> None:
    """How to record some is said."""
    answer = smload("baselines", "list")
    assert 0 == answer.code
    assert f"no baselines in {tmp_path / FOLDER}; record some: pytest -m perf --smload-update-baselines\n" == answer.out


@pytest.mark.parametrize("name", [TEST, "abalone", "test_weighted"])
def test_show_has_facts_and_runs(smload: Smload, recorded: Path, name: str) -> None:
    """By the test's id or a part of it: what is known of the load, the first run and the latest, with intervals."""
    out = smload("baselines", "show", name).out
    assert out.startswith(f"{TEST}  ({FOLDER}/")
    lines = out.splitlines()
    assert "    endpoint_name: abalone-staging" in lines
    assert "  load 'calm'" in lines
    assert not [line for line in lines if "machine" in line]
    rows = [line.split() for line in lines]
    assert ["first", "2025-12-31T00:00:00+00:00", "first1", "3,000", "0", "200", "ms", "[190,", "210]"] in rows
    assert ["2026-01-02T03:04:05+00:00", "abc123", "3,000", "2", "212", "ms", "[204,", "221]"] in rows


def test_show_of_an_unknown_test_names_the_nearest(smload: Smload, recorded: Path) -> None:
    """With exit code 2."""
    answer = smload("baselines", "show", "tests/perf/test_abalone.py::test_weigthed")
    assert (2, "") == (answer.code, answer.out)
    assert f"did you mean {TEST!r}?" in answer.err


def test_prune_removes_what_no_file_has(smload: Smload, recorded: Path) -> None:
    """--dry-run only says so; what has a file stays."""
    gone, kept = BaselineFile(recorded, OLD), BaselineFile(recorded, TEST)
    tail = "1 of 2 baselines; 1 stay (pytest names tests gone from files)"
    answer = smload("baselines", "prune", "--dry-run")
    assert f"would remove {gone.name}: {OLD} is of a file that does not exist\nwould remove {tail}\n" == answer.out
    assert gone.path.exists()
    answer = smload("baselines", "prune")
    assert f"removed {gone.name}: {OLD} is of a file that does not exist\nremoved {tail}\n" == answer.out
    assert (False, True) == (gone.path.exists(), kept.path.exists())


def test_prune_by_age(smload: Smload, recorded: Path) -> None:
    """Those not recorded for so many days, whose files exist, too."""
    now = datetime.now(UTC)
    path = _record(recorded, TEST, at=(now - timedelta(days=9)).isoformat(timespec="seconds"))
    smload("baselines", "prune", "--older-than", "10")
    assert path.exists()
    assert "was last recorded on" in smload("baselines", "prune", "--older-than", "8").out
    assert not path.exists()


@pytest.mark.parametrize(
    ("days", "why"),
    [("-5", "name one day or more"), ("0", "name one day or more"), ("9999999999", "nothing is as old")],
)
def test_prune_by_no_age_removes_nothing(smload: Smload, recorded: Path, days: str, why: str) -> None:
    """A limit in the future would remove what was recorded today."""
    _record(recorded, TEST, at=datetime.now(UTC).isoformat())
    answer = smload("baselines", "prune", "--older-than", days)
    assert (2, "") == (answer.code, answer.out)
    assert f"--older-than {days}: {why}" in answer.err
    assert 2 == len(list((recorded / FOLDER).iterdir()))


def test_damaged_files_and_copies_are_named(smload: Smload, recorded: Path) -> None:
    """One line each; the others are listed, and prune leaves what it cannot read."""
    folder = recorded / FOLDER
    whole = BaselineFile(recorded, TEST).path.read_text(encoding="utf-8")
    (folder / "a.json").write_text("{", encoding="utf-8")
    (folder / "b.json").write_bytes(b"\xff")
    (folder / "c.json").write_text(whole, encoding="utf-8")
    answer = smload("baselines", "list")
    assert 2 == answer.code
    first, second, third = answer.err.splitlines()
    assert first.startswith("smload: baseline .smload/baselines/a.json is not JSON")
    assert second.startswith("smload: baseline .smload/baselines/b.json cannot be read")
    assert third.startswith("smload: .smload/baselines/c.json is a copy that nothing reads")
    assert 7 == answer.out.count("\n")
    smload("baselines", "prune")
    assert {"a.json", "b.json", "c.json", BaselineFile(recorded, TEST).path.name} == {p.name for p in folder.iterdir()}
