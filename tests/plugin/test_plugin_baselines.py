"""Baselines from the first recording to a regression that fails, as a user and a CI job see them."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from resolved_loads import write
from side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_runs import MakeProject, Project, PytestRun

UPDATE = "--smload-update-baselines"
SETTINGS = """
endpoint = "local"
[endpoints.local]
scenario = "scenario.toml"
payload = ["0.455,0.365,0.095", "0.35,0.265,0.09"]
content_type = "text/csv"
models = {"a.tar.gz" = 3, "b.tar.gz" = 1}
"""
TESTS = """
import pytest

LOAD = dict(users=4, duration="600ms", warmup="100ms")


@pytest.mark.perf(**LOAD)
@pytest.mark.perf_budget(p90="30s", regression={"p50": "200%", "tps": "60%", "floor": "10ms"})
def test_gated():
    pass
"""
SCENARIO = 'latency = "5ms"'
SLOWER = 'latency = "50ms"'
UNHURRIED = {"scenario.toml": 'latency = "80ms"'}
"""Of which a busy machine's client is a small part: several loads of one run are all to be recorded."""


def make(project: MakeProject, tests: str = TESTS, **files: str) -> Project:
    return project({"smload.toml": SETTINGS, "scenario.toml": SCENARIO, "test_x.py": tests, **files})


def baseline_files(made: Project | PytestRun) -> list[Path]:
    return sorted((made.folder / ".smload" / "baselines").glob("*"))


def checks(run, test: str = "test_gated") -> dict[tuple[str, str], dict]:
    """The regression checks of a test's only load by scope and metric."""
    (load,) = run.loads(test)
    return {(check["scope"], check["metric"]): check for check in load["checks"] if "baseline" in check["limit"]}


@pytest.fixture(scope="module")
def recorded(project) -> Project:
    """A project with two runs recorded."""
    made = make(project)
    for expected in ("(1 run)", "(2 runs)"):
        run = undisturbed(partial(made.run, "-m", "perf", UPDATE, report=False, fresh=True))
        assert run.exit_code == 0, run.out
        (path,) = baseline_files(made)
        said = f"smload: baseline recorded: test_x.py::test_gated: .smload/baselines/{path.name} {expected}"
        assert said in run.out
    return made


def again(project: MakeProject, recorded: Project | PytestRun, tests: str = TESTS, **files: str) -> Project:
    """A checkout of *recorded* with its baselines."""
    made = make(project, tests, **files)
    (path,) = baseline_files(recorded)
    target = made.folder / ".smload" / "baselines" / path.name
    target.parent.mkdir(parents=True)
    target.write_bytes(path.read_bytes())
    return made


def undisturbed(run: Callable[[], PytestRun]) -> PytestRun:
    """A run that recorded what it was to: what a busy machine's client may have worsened is not, and is run again."""
    for _ in range(5):
        done = run()
        if "the client's own delays may have worsened" not in done.out:
            break
    return done


def usage_error(pytester: pytest.Pytester, files: dict[str, str], *args: str) -> str:
    """What pytest says instead of sending a load, on standard error."""
    write(pytester, {"smload.toml": SETTINGS, "scenario.toml": SCENARIO, "test_x.py": TESTS, **files})
    result = pytester.runpytest_inprocess("-m", "perf", *args)
    text = result.stderr.str()
    assert pytest.ExitCode.USAGE_ERROR == result.ret, result.stdout.str() + text
    assert "smload: load on" not in result.stdout.str() + text
    assert "Traceback" not in text
    return text


def test_a_recorded_file_is_readable_and_names_no_address(recorded):
    """One line a run, the facts of the load, and what was gated."""
    (path,) = baseline_files(recorded)
    text = path.read_text()
    document = json.loads(text)
    assert document["test"] == "test_x.py::test_gated"
    load = document["loads"][""]
    assert [["p50", "tps"]] * 2 == [sorted(run["metrics"]) for run in load["runs"]]
    assert load["fingerprint"]["weights"] == {"a.tar.gz": 0.75, "b.tar.gz": 0.25}
    assert "127.0.0.1" not in text
    assert 2 == sum(line.startswith('   {"at": ') for line in text.splitlines())


def test_unchanged_code_passes(project, recorded):
    """Its comparison is in the record and, with -v, in the terminal."""
    run = again(project, recorded).run("-m", "perf", "-v")
    assert run.exit_code == 0, run.out
    assert {"pass"} == {check["outcome"] for check in checks(run).values()}
    (load,) = run.loads("test_gated")
    assert (load["baseline"]["state"], load["baseline"]["runs"], load["baseline"]["changes"]) == ("compared", 2, [])
    assert "of baseline" in run.out
    assert "smallest budget attainable" in run.out
    assert not (run.folder / ".smload" / "baselines" / "x").exists()


@pytest.fixture(scope="module")
def slower(project, recorded) -> dict[str, PytestRun]:
    """Runs against ten times the latency: judged, recording, and recording what is accepted."""
    refusing, accepting = (again(project, recorded, **{"scenario.toml": SLOWER}) for _ in range(2))
    judged, refused, accepted = side_by_side(
        partial(again(project, recorded, **{"scenario.toml": SLOWER}).run, "-m", "perf"),
        partial(refusing.run, "-m", "perf", env={"SMLOAD_UPDATE_BASELINES": "1"}),
        partial(undisturbed, partial(accepting.run, "-m", "perf", UPDATE, "--smload-accept-regression")),
    )
    return {"judged": judged, "refused": refused, "accepted": accepted}


def test_a_slower_endpoint_fails_once_a_rerun_confirms_it(slower):
    """Ten times the latency: the check says by how much, and the rerun's requests are accounted for."""
    run = slower["judged"]
    assert (run.exit_code, run.summary) == (1, "1 failed"), run.out
    found = checks(run)
    assert {"fail"} == {check["outcome"] for check in found.values()}
    p50 = found["total", "p50"]
    assert p50["limit"].startswith("<= ")
    assert p50["limit"].endswith("(2 runs)")
    assert p50["proven"] is True
    assert float(p50["lower"]) <= p50["observed"] <= float(p50["upper"])
    assert "confirmed by a rerun: ratio" in p50["note"]
    (load,) = run.loads("test_gated")
    assert {"fail"} == {each["decision"] for each in load["baseline"]["comparisons"]}
    assert all(each["latest"]["ratio"] > 3 or each["metric"] == "tps" for each in load["baseline"]["comparisons"])
    (rerun,) = load["reruns"]
    assert rerun["valid"] is True
    assert rerun["sent"] == sum(rerun["models"].values()) > 0
    assert rerun["warmup"]["sent"] > 0
    assert f"a rerun to confirm a regression sent {rerun['sent']} requests more" in run.out
    assert run.junit()["test_gated"][0] == "failure"
    assert "baseline" in run.section("test_gated")


PROTECTED = """
import pytest


@pytest.mark.perf(users=4, duration="600ms", warmup="100ms", seed=7)
@pytest.mark.perf_budget(p90="30s", regression={"p50": "200%", "tps": "60%", "floor": "10ms"})
def test_gated():
    pass
"""


REQUIRED = PROTECTED.replace("p90=", "baseline_required=True, p90=")


@pytest.fixture(scope="module")
def of_another_load(project, recorded) -> dict[str, PytestRun]:
    """Runs that have no baseline of their load, whether or not there is one of another."""
    free, required, missing = side_by_side(
        partial(again(project, recorded, PROTECTED, **{"scenario.toml": SLOWER}).run, "-m", "perf"),
        partial(again(project, recorded, REQUIRED).run, "-m", "perf"),
        partial(make(project, REQUIRED).run, "-m", "perf"),
    )
    return {"free": free, "required": required, "missing": missing}


def test_another_load_has_no_baseline(of_another_load):
    """Said with what changed; no failure, and no check that looks passed, however slow the endpoint."""
    run = of_another_load["free"]
    assert run.exit_code == 0, run.out
    assert checks(run) == {}
    (load,) = run.loads("test_gated")
    assert (load["baseline"]["state"], load["baseline"]["changes"]) == ("changed", ["seed: 0 -> 7"])
    (note,) = [note for note in load["notes"] if "no baseline" in note]
    assert note == (
        "no regression check of p50, tps: no baseline: what is recorded is of another load (seed: 0 -> 7); "
        f"record one: pytest -m perf test_x.py::test_gated {UPDATE}"
    )


@pytest.mark.parametrize("with_a_file", [True, False])
def test_a_required_baseline_that_is_missing_fails(of_another_load, with_a_file):
    """Missing altogether, or of another load."""
    run = of_another_load["required" if with_a_file else "missing"]
    assert run.exit_code == 1, run.out
    found = checks(run)
    assert {("total", "p50"): "fail", ("total", "tps"): "fail"} == {
        key: check["outcome"] for key, check in found.items()
    }
    why = "what is recorded is of another load (seed: 0 -> 7)" if with_a_file else "none is recorded for this load"
    assert f"no baseline: {why}" in found["total", "p50"]["note"]


@pytest.mark.parametrize("args", [[], [UPDATE]], ids=["compare", "update"])
def test_a_corrupt_file_is_a_usage_error(pytester, recorded, args):
    """Before any load; one sentence, no traceback."""
    (path,) = baseline_files(recorded)
    name = f".smload/baselines/{path.name}"
    text = usage_error(pytester, {name: "<<<<<<< HEAD\n"}, *args)
    assert f"smload: baseline {name} holds an unresolved merge conflict; restore" in text
    assert (pytester.path / name).read_text() == "<<<<<<< HEAD\n"


def test_a_folder_that_cannot_be_made_is_a_usage_error(pytester):
    """Before any load."""
    assert ".smload" in usage_error(pytester, {".smload": "a file"}, UPDATE)


NOT_RECORDED = """
import errno
import os
import pytest

gated = pytest.mark.perf_budget(p90="30s", regression={"p50": "200%"})
pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")


@gated
@pytest.mark.perf_budget(mean="1us")
def test_breached():
    pass


@gated
def test_body(load_result):
    assert load_result.ok < 0


@gated
def test_skipped(load_result):
    pytest.skip("not today")


def test_without_regression(load_result):
    pass


@gated
@pytest.mark.perf(models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_invalid(load_result):
    pass


@gated
def test_disk_full(load_result, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")
    # Undone after the baseline would be written: the attribute is put back by the process's end.
    os.fsync = full
"""


def test_only_valid_passing_runs_are_recorded(several):
    """Each that is not says why; one that could not be written is an error."""
    run = several["not recorded"]
    reasons = {
        "test_breached": "a limit is breached",
        "test_body": "the test failed",
        "test_skipped": "the test was skipped, or is expected to fail",
        "test_without_regression": "no load of it has a regression budget that could be estimated",
        "test_invalid": "its measurement is INVALID",
    }
    for name, why in reasons.items():
        assert f"smload: baseline not recorded: test_x.py::{name}: {why}" in run.out
    outcome, text = run.junit()["test_disk_full"]
    assert outcome == "error"
    assert "the disk is full; free some space" in text
    assert baseline_files(run) == []
    assert run.exit_code == 1


def test_recording_refuses_a_regression(slower, recorded):
    """A slower endpoint fails, what is recorded stays, and the option that accepts it is named."""
    run = slower["refused"]
    assert (run.exit_code, run.summary) == (1, "1 failed"), run.out
    assert [path.read_bytes() for path in baseline_files(run)] == [
        path.read_bytes() for path in baseline_files(recorded)
    ]
    (line,) = [line for line in run.out.splitlines() if line.startswith("smload: baseline not recorded: ")]
    assert "test_x.py::test_gated: it regressed: p50 +" in line
    assert line.endswith("confirmed; to record it all the same, add --smload-accept-regression")
    assert {"fail"} == {check["outcome"] for check in checks(run).values()}


def test_an_accepted_regression_begins_the_baseline_anew(project, slower):
    """The next run as slow passes, and is held against the slower one."""
    run = slower["accepted"]
    assert run.exit_code == 0, run.out
    assert "(1 run)" in run.out
    (load,) = run.loads("test_gated")
    assert [note for note in load["notes"] if note.startswith("--smload-accept-regression: p50 +")]
    (path,) = baseline_files(run)
    stored = json.loads(path.read_text())["loads"][""]
    assert [stored["anchor"]] == stored["runs"]
    assert stored["anchor"]["metrics"]["p50"][0] > 40
    run = again(project, run, **{"scenario.toml": SLOWER}).run("-m", "perf")
    assert run.exit_code == 0, run.out


def test_accepting_goes_with_recording(pytester):
    """Alone it would accept nothing."""
    text = usage_error(pytester, {}, "--smload-accept-regression")
    assert "--smload-accept-regression: accepts a regression into the baseline; it goes with " in text


def test_a_renamed_test_is_said_with_the_command_that_renames_its_baseline(project, recorded):
    """At the end of the run, under xdist as well; the command works, and then nothing is said."""
    renamed = TESTS.replace("test_gated", "test_gate")
    made = again(project, recorded, renamed)
    command = "pytest_smload.conduct.baselines rename test_x.py::test_gated test_x.py::test_gate"
    short = ("-m", "perf", "--smload-duration", "200ms")
    plain, worker, chosen = side_by_side(
        partial(made.run, *short, report=False),
        partial(again(project, recorded, renamed).run, *short, "-n1", plugins=["xdist"], report=False),
        partial(again(project, recorded, renamed).run, *short, "test_x.py::test_gate", report=False),
    )
    for run in (plain, worker):
        assert run.exit_code == 0, run.out
        assert "is of test_x.py::test_gated, which does not exist; renamed? python -m " in run.out
        assert command in run.out
    assert "does not exist" not in chosen.out
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=made.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = made.run("-m", "perf")
    assert "does not exist" not in run.out
    (load,) = run.loads("test_gate")
    assert (load["baseline"]["state"], load["baseline"]["runs"]) == ("compared", 2)


def test_a_load_that_is_gone_is_said(several):
    """Its label was changed."""
    run = several["gone"]
    assert run.exit_code == 0, run.out
    assert "holds the load 'busy', which test_x.py::test_phases did not run; renamed? python -m " in run.out
    assert "rename --of test_x.py::test_phases busy busier" in run.out


def test_labels_do_not_collide(several):
    """A load called like the second of another has a baseline of its own, and so has one without a label."""
    run = several["labels"]
    assert run.exit_code == 0, run.out
    (path,) = baseline_files(run)
    assert {"x", "x #2", "x #2 #1", ""} == set(json.loads(path.read_text())["loads"])


def test_environment_switch_mistakes_are_usage_errors(pytester, monkeypatch):
    """1 or 0."""
    monkeypatch.setenv("SMLOAD_UPDATE_BASELINES", "perhaps")
    assert "SMLOAD_UPDATE_BASELINES: 'perhaps' is neither 1 nor 0" in usage_error(pytester, {})


SEVERAL = """
import pytest


@pytest.mark.perf(users=2, duration="500ms", warmup="0s")
@pytest.mark.perf_budget(regression={"p50": "900%", "floor": "50ms"})
def test_phases(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, label="calm")
    sm_endpoint.load(load_profile.replace(users=4), label="busy")
    sm_endpoint.load(load_profile, label="overload", budget=None)
"""


LABELS = SEVERAL.partition("    sm_endpoint.load")[0] + "".join(
    f"    sm_endpoint.load(load_profile, label={label!r})\n" for label in ("x", "x", "x #2", None)
)


@pytest.fixture(scope="module")
def several(project) -> dict[str, PytestRun]:
    """Runs of tests with several loads: recorded, compared, and compared when a label was changed; and what is not."""
    recording, labels, not_recorded = side_by_side(
        partial(
            undisturbed, lambda: make(project, SEVERAL, **UNHURRIED).run("-m", "perf", UPDATE, "-n1", plugins=["xdist"])
        ),
        partial(undisturbed, lambda: make(project, LABELS, **UNHURRIED).run("-m", "perf", UPDATE, report=False)),
        partial(undisturbed, partial(make(project, NOT_RECORDED).run, "-m", "perf", UPDATE)),
    )
    compared, gone = side_by_side(
        partial(again(project, recording, SEVERAL, **UNHURRIED).run, "-m", "perf"),
        partial(
            again(project, recording, SEVERAL.replace('label="busy"', 'label="busier"'), **UNHURRIED).run,
            "-m",
            "perf",
            report=False,
        ),
    )
    return {"recording": recording, "labels": labels, "not recorded": not_recorded, "compared": compared, "gone": gone}


def test_each_load_of_a_test_has_a_baseline_of_its_own(several):
    """By its label, under xdist as well; a load that only measures has none."""
    run = several["recording"]
    assert run.exit_code == 0, run.out
    assert "(calm: 1 run, busy: 1 run)" in run.out
    run = several["compared"]
    assert run.exit_code == 0, run.out
    states = {load["label"]: load.get("baseline", {}).get("state") for load in run.loads("test_phases")}
    assert {"calm": "compared", "busy": "compared", "overload": None} == states
