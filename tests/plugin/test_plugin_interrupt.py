"""Ctrl-C during a load: it ends soon, what was measured is kept, nothing stays behind."""

from __future__ import annotations

import csv
import gzip
import json
import re
import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from pytest_runs import PytestRun

if TYPE_CHECKING:
    from pytest_runs import MakeProject

MOST_BEFORE = 3
TESTS = f"""
import pytest
MOST_BEFORE = {MOST_BEFORE}
pytestmark = pytest.mark.perf(users=2, duration="10m", warmup="0s")

def test_before(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile.replace(duration="200ms", max_requests=MOST_BEFORE))

def test_long(load_result): pass

def test_after(load_result): pass
"""


def requests_so_far(url: str) -> int:
    """How many requests the embedded endpoint has seen."""
    call = urllib.request.Request(f"{url}/_emulator/log", method="POST")
    with urllib.request.urlopen(call, timeout=30) as answer:
        return int(json.load(answer)["requests"])


@pytest.fixture(scope="module")
def interrupted(project: MakeProject) -> tuple[PytestRun, str]:
    """A run that gets SIGINT in the middle of its second load, and the address its embedded endpoint had."""
    made = project({"smload.toml": "", "test_it.py": TESTS})
    said: list[str] = []
    url = ""
    with made.under_way("-m", "perf", "--smload-endpoint", "local", "--smload-samples", "s.csv.gz") as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "smload: load on" in line:
                url = re.findall(r"http://127\.0\.0\.1:\d+", line)[0]
                # More than the first load sends are the long one's.
                while requests_so_far(url) <= MOST_BEFORE + 5 and process.poll() is None:
                    pass
                process.send_signal(signal.SIGINT)
                break
        said += process.stdout
        process.wait()
    return PytestRun(process.returncode, "".join(said), made.folder), url


def test_pytest_ends_as_after_any_interrupt(interrupted: tuple[PytestRun, str]) -> None:
    """The exit code is 2, no further test runs, no traceback of ours is shown."""
    run, _ = interrupted
    assert pytest.ExitCode.INTERRUPTED == run.exit_code, run.out
    assert "KeyboardInterrupt" in run.out
    assert "test_after" not in run.out
    assert "Traceback" not in run.out


def test_samples_of_the_partial_load_are_kept(interrupted: tuple[PytestRun, str]) -> None:
    """The file is whole, with what was sent until then, and nothing of it lies about."""
    run, _ = interrupted
    with gzip.open(run.folder / "s.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    (load,) = run.loads("test_long")
    assert load["sent"] == len([row for row in rows if row["test"] == "test_it.py::test_long" and row["start"]]) > 0
    assert [] == list(run.folder.glob(".s.csv.gz*"))


def test_partial_load_is_in_the_record(interrupted: tuple[PytestRun, str]) -> None:
    """report.json has the earlier test, the partial load, and says the run was interrupted."""
    run, _ = interrupted
    assert run.report["interrupted"] is True
    assert ["test_before", "test_long"] == list(run.tests())
    (load,) = run.loads("test_long")
    assert load["interrupted"] is True
    assert load["total"]["ok"] > 0
    assert load["window_s"] < 600
    assert "the run was interrupted; what was measured until then is above" in run.out


def test_embedded_endpoint_is_gone(interrupted: tuple[PytestRun, str]) -> None:
    """No process stays behind: nothing listens at its address any more."""
    _, url = interrupted
    with pytest.raises(urllib.error.URLError, match="Connection refused"):
        requests_so_far(url)


def test_its_verdict_is_interrupted_everywhere(interrupted: tuple[PytestRun, str]) -> None:
    """The attempt that Ctrl-C ended passes nowhere: not on the terminal, in report.json, report.md, or JUnit XML."""
    run, _ = interrupted
    assert {"test_before": "pass", "test_long": "interrupted"} == {
        n: test["verdict"] for n, test in run.tests().items()
    }
    assert "interrupted" == run.loads("test_long")[0]["verdict"]
    assert re.search(r"^INTERRUPTED +test_it.py::test_long", run.out, re.MULTILINE)
    markdown = (run.folder / "report" / "report.md").read_text()
    assert markdown.startswith("## smload: 1 INTERRUPTED, 1 PASS\n")
    assert "### INTERRUPTED " in markdown
    outcome, text = run.junit()["test_long"]
    assert ("error", True) == (outcome, "interrupted during its load" in text)
    properties = dict(run.properties("test_long"))
    assert "interrupted" == properties["smload.verdict"]
    assert "not judged" == properties["smload.total.error_rate.verdict"]
