"""The baseline files in the repository: where they are, reading and writing them, and what makes runs comparable."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_smload.conduct.baseline_file import BaselineFile, Recorded
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.fingerprint import fingerprint
from pytest_smload.core.baselines.runs import BaselineRun, fingerprint_changes
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.engine.client_machine import machine_class
from pytest_smload.errors import ConfigurationError, ReportError

TEST = "tests/perf/test_abalone.py::test_weighted"
RUN = BaselineRun(at="2025-01-01T00:00:00+00:00", n=1000, n_eff=900, errors=0, metrics={"p95": Estimate(10, 9, 11)})
ENDPOINT = EndpointFacts("staging", "abalone-mme", "us-east-1", "http://127.0.0.1:41173", "111122223333")


@pytest.fixture
def baseline(tmp_path, monkeypatch) -> BaselineFile:
    """The file of a test in a folder without a repository."""
    monkeypatch.setenv("GITHUB_SHA", "0123456789abcdef0123")
    return BaselineFile(tmp_path, TEST)


def facts(profile: LoadProfile, endpoint: EndpointFacts = ENDPOINT, transport: str = "http"):
    """The fingerprint of a load of *profile*."""
    plan = LoadPlan.from_profile(profile, Path())
    return fingerprint(plan, endpoint, transport=transport, client="pytest-smload 0.1")


def load(**fields):
    """A profile with a payload."""
    return LoadProfile(**{"tps": 10, "payload": ["1,2", "3,4"], **fields})


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_test_without_a_file_has_nothing_recorded(baseline):
    """And reading makes no folder."""
    assert baseline.read().loads == {}
    assert names_in(baseline.root) == []


def test_what_is_recorded_is_read_back(baseline):
    """Beside the settings file, in one file of the test, with the commit CI says."""
    baseline.record([Recorded("", {"seed": 0}, RUN), Recorded("peak", {"seed": 1}, RUN)])
    baseline.record([Recorded("", {"seed": 0}, RUN)])
    again = BaselineFile(baseline.root, TEST).read()
    assert {"": 2, "peak": 1} == {label: len(recorded.runs) for label, recorded in again.loads.items()}
    assert again.loads[""].anchor.commit == "0123456789ab"
    assert names_in(baseline.root / ".smload" / "baselines") == [baseline.path.name]
    assert baseline.name == f".smload/baselines/{baseline.path.name}"


def test_without_a_repository_there_is_no_commit(baseline, monkeypatch):
    """Nor is one needed."""
    monkeypatch.delenv("GITHUB_SHA")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(baseline.root.parent))
    assert baseline.record([Recorded("", {}, RUN)]).loads[""].anchor.commit == ""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "has no table for the file"),
        (b"<<<<<<< HEAD\n{}\n=======\n", "holds an unresolved merge conflict"),
    ],
)
def test_a_corrupt_file_is_one_sentence(baseline, content, problem):
    """It names the file, what is wrong and what to do; nothing is overwritten."""
    baseline.record([Recorded("", {}, RUN)])
    baseline.path.write_bytes(content)
    for touch in (baseline.read, lambda: baseline.record([Recorded("", {}, RUN)])):
        with pytest.raises(ConfigurationError) as caught:
            touch()
        (sentence,) = caught.value.problems
        assert sentence.startswith(f"baseline {baseline.name} {problem}")
        assert "\n" not in sentence
        assert "restore it from version control" in sentence
    assert baseline.path.read_bytes() == content


def test_a_full_disk_leaves_the_earlier_file(baseline, monkeypatch):
    """Whole, and nothing beside it; one line says what happened."""
    baseline.record([Recorded("", {}, RUN)])
    before = baseline.path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError) as caught:
        baseline.record([Recorded("", {}, RUN)])
    assert str(caught.value) == (
        f"--smload-update-baselines: cannot write {baseline.path}: the disk is full; free some space"
    )
    assert before == baseline.path.read_bytes()
    assert names_in(baseline.path.parent) == [baseline.path.name]


def test_a_file_in_the_folders_place_is_one_line(baseline):
    """As in any other way a folder cannot be made."""
    (baseline.root / ".smload").write_text("")
    for touch in (baseline.try_folder, lambda: baseline.record([Recorded("", {}, RUN)])):
        with pytest.raises((ReportError, ConfigurationError)) as caught:
            touch()
        assert "\n" not in str(caught.value)


def test_a_folder_without_permission_is_one_line(baseline, monkeypatch):
    """It names the path."""

    def refuse(_path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(ReportError) as caught:
        baseline.try_folder()
    assert str(caught.value).startswith(
        f"--smload-update-baselines: cannot write to {baseline.path.parent}: no permission; "
    )


def test_trying_the_folder_leaves_nothing_behind(baseline):
    """But the folder."""
    baseline.try_folder()
    assert names_in(baseline.path.parent) == []


WRITER = """
import sys
from pathlib import Path
from pytest_smload.core.baselines.runs import BaselineRun
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.conduct.baseline_file import BaselineFile, Recorded
run = BaselineRun(at=sys.argv[2], n=1, n_eff=1, errors=0, metrics={f"m{i}": Estimate(2, 1, 3) for i in range(500)})
file = BaselineFile(Path(sys.argv[1]), "t.py::test")
for _ in range(60):
    file.record([Recorded("", {"seed": 0}, run)])
    file.read()
"""


def test_two_runs_at_once_never_leave_half_a_file(tmp_path):
    """Each reads a whole file whenever it looks, and so does whoever comes after."""
    environment = {**os.environ, "GITHUB_SHA": "0" * 12}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], env=environment)
        for name in ("one", "two")
    ]
    assert [0, 0] == [writer.wait(timeout=60) for writer in writers]
    file = BaselineFile(tmp_path, "t.py::test")
    assert len(file.read().loads[""].runs) == 5
    assert names_in(file.path.parent) == [file.path.name]


def test_a_fingerprint_has_no_address():
    """Neither URL nor port: the same endpoint behind another address is the same."""
    text = json.dumps(facts(load()))
    assert "abalone-mme" in text
    assert "us-east-1" in text
    assert not [part for part in ("127.0.0.1", "41173", "http:") if part in text]


def test_a_fingerprint_is_the_same_however_it_is_said():
    """60s is 1m, and weights are shares."""
    one = facts(load(duration="60s", models={"a": 3, "b": 1}))
    assert one == facts(load(duration="1m", models={"b": 2, "a": 6}))


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"tps": 20}, "tps"),
        ({"tps": None, "users": 2}, "users"),
        ({"duration": "2m"}, "duration"),
        ({"warmup": "0s"}, "warmup"),
        ({"arrivals": "uniform"}, "arrivals"),
        ({"order": "smooth"}, "order"),
        ({"seed": 1}, "seed"),
        ({"batch": 2}, "batch"),
        ({"payload": ["1,2", "3,5"]}, "payload"),
        ({"payload": ["1,2", "1,2", "3,4"]}, "rows"),
        ({"payload": {"a": ["1,2", "3,4"], "b": ["3,4", "1,2"]}}, "rows"),
        ({"payload": ["3,4", "1,2"]}, "payload"),
        ({"content_type": "text/csv"}, "content_type"),
        ({"models": {"a": 3, "b": 2}}, "weights"),
        ({"timeout": "5s"}, "timeout"),
        ({"tps": None, "stages": [Stage(duration="60s", tps=10)]}, "stages"),
    ],
)
def test_what_changes_a_fingerprint(changes, fact):
    """Whatever changes what is sent, or when."""
    before = facts(load(models={"a": 3, "b": 1}))
    after = facts(load(**{"models": {"a": 3, "b": 1}, **changes}))
    assert fact in {name for name in {*before, *after} if before.get(name) != after.get(name)}


@pytest.mark.parametrize(
    "changes", [{"max_duration": "5m"}, {"on_unproven": "fail"}, {"abort_on": {"error_rate": "50%", "for": "10s"}}]
)
def test_what_leaves_a_fingerprint(changes):
    """How long a load may go on and how it is judged are not what is measured."""
    assert facts(load()) == facts(load(**changes))


def test_endpoint_and_transport_are_in_the_fingerprint():
    """A run against another endpoint, or by the SDK, is another measurement."""
    other = EndpointFacts("staging", "other", "eu-west-1", ENDPOINT.url, "222233334444")
    changed = facts(load(), endpoint=other, transport="boto3")
    assert {"account", "endpoint_name", "region", "transport"} == {
        name for name, fact in facts(load()).items() if changed[name] != fact
    }


def test_the_number_of_processes_is_in_the_fingerprint():
    """What a client adds to a latency differs with how many share the load."""
    plan = LoadPlan.from_profile(load(), Path())
    one, two, four = (
        fingerprint(plan, ENDPOINT, transport="http", client="pytest-smload 0.1", processes=count)
        for count in (1, 2, 4)
    )
    assert fingerprint_changes(two, four) == ["processes: 2 -> 4"]
    assert fingerprint_changes(one, four) == ["processes: (none) -> 4"]
    assert fingerprint_changes(four, one) == ["processes: 4 -> (none)"]
    assert one == facts(load())


def test_thousands_of_weights_are_a_digest():
    """A file in a repository stays small."""
    weights = facts(load(models={"model-{0..199}": 1}))["weights"]
    assert weights.startswith("200 models, sha256 ")
    assert weights != facts(load(models={"model-{0..198}": 1, "model-199": 2}))["weights"]


def test_a_fifo_is_no_baseline(baseline) -> None:
    """A pipe in the file's place is refused at once: reading it would wait for a writer for ever."""
    baseline.path.parent.mkdir(parents=True)
    os.mkfifo(baseline.path)

    with pytest.raises(ConfigurationError, match="is no regular file; remove it"):
        baseline.read()


def test_traffic_that_moves_to_larger_bodies_is_another_load():
    """The payloads are the same ones in all; which model is sent which is not."""
    small, large = "5", "5" * 2_000_000
    models = {"a": 3, "b": 2}
    before = facts(load(models=models, payload={"a": [small], "b": [large]}))
    after = facts(load(models=models, payload={"a": [large], "b": [small]}))
    assert before["rows"]["a"].startswith("1 row, 1 B, sha256 ")
    assert before["rows"]["b"].startswith("1 row, 2,000,000 B, sha256 ")
    assert "rows" in [change.partition(":")[0] for change in fingerprint_changes(before, after)]


def test_the_clients_machine_is_a_fact_without_a_name():
    """CPUs, architecture, Python; of a client that is not known, none."""
    words = machine_class()
    assert re.fullmatch(r"[1-9]\d* CPUs?, \w+, Python 3\.\d+", words)
    assert platform.node() not in words
    assert facts(load())["machine"] is None


def test_facts_that_older_files_lack_change_nothing():
    """Account, machine and rows are unknown there, and unknown equals anything."""
    now = {**facts(load()), "machine": "2 CPUs, x86_64, Python 3.12"}
    before = {name: fact for name, fact in now.items() if name not in ("account", "machine", "rows")}
    assert fingerprint_changes(before, now) == []
    assert fingerprint_changes({**before, "machine": "8 CPUs, arm64, Python 3.12"}, now) == [
        "machine: 8 CPUs, arm64, Python 3.12 -> 2 CPUs, x86_64, Python 3.12"
    ]


def test_an_accepted_regression_starts_anew(baseline):
    """Earlier runs would fail the next one."""
    baseline.record([Recorded("", {"seed": 0}, RUN)] * 3)
    slower = BaselineRun("later", 1000, 900, 0, {"p95": Estimate(30, 29, 31)})
    (recorded,) = baseline.record([Recorded("", {"seed": 0}, slower, anew=True)]).loads.values()
    assert ["later", "later"] == [run.at for run in (recorded.anchor, *recorded.runs)]
