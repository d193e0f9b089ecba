"""Files that runs leave for later runs: damaged in any way, each is read, or refused in one line."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from awkward import assert_lines, nested, replaced, spliced, values
from finished import result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from recorded import TEST, filled

from pytest_smload.conduct.baseline_file import BaselineFile
from pytest_smload.conduct.baseline_json import parse, render
from pytest_smload.conduct.journal import Entry, HeldElsewhereError, Journal
from pytest_smload.conduct.stale_baselines import recorded_tests
from pytest_smload.core.results.result import RunResult, TestResult
from pytest_smload.core.scaling.state import ScalableTarget, ScalingPolicy, Suspension, VariantState
from pytest_smload.errors import ConfigurationError, EndpointError, ReportError
from pytest_smload.reports.json_report import read_report, run_json

if TYPE_CHECKING:
    from pathlib import Path

FEW = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BASELINE = render(filled(2))
STATE = VariantState(
    endpoint_name="abalone",
    variant="AllTraffic",
    endpoint_arn="arn:aws:sagemaker:us-east-1:111122223333:endpoint/abalone",
    created_at="2026-01-01T00:00:00+00:00",
    instances=2,
    target=ScalableTarget(1, 4, Suspension(), "arn:target", "arn:role"),
    policies=(ScalingPolicy("p", "TargetTrackingScaling", {"TargetValue": 70.0}),),
    scheduled_actions=({"ScheduledActionName": "night"},),
)
ENTRY = Entry("us-east-1", None, STATE, autoscaled=False, run="host:1 2026-01-01", by_hand=("aws …",))
DEEP = [
    "[" * 100_000,
    '{"schema":' * 100_000,
    '{"a":' * 900 + "1" + "}" * 900,
    '{"n": ' + "9" * 5_000 + "}",
    "[]",
    "1",
    '"x"',
]
damaged = st.sampled_from(DEEP)
json_values = values.filter(lambda value: "date" not in repr(value))


def dumped(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return strategy.map(json.dumps)


@FEW
@given(text=damaged | spliced(BASELINE) | dumped(replaced(json.loads(BASELINE), json_values)))
@example(text=BASELINE.replace("[", "[" * 2_000, 1))
@example(text=json.dumps({"schema": 1, "test": TEST, "loads": {"": {"runs": nested(300)}}}))
def test_baselines(text: str, tmp_path: Path) -> None:
    """What is read can be written, and is then the same; nobody's damage keeps other baselines from being listed."""
    file = BaselineFile(tmp_path, TEST)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_text(text, encoding="utf-8", newline="")
    assert recorded_tests(tmp_path) in ([], [TEST])
    try:
        found = file.read()
    except ConfigurationError as error:
        assert_lines(error.problems)
    else:
        again = parse(render(found), test=TEST, where="")
        assert render(again) == render(found)


def journal_text(path: Path) -> str:
    with closing(Journal.claim(path)) as journal:
        journal.write(ENTRY)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run wrote that changed an endpoint."""
    return journal_text(tmp_path_factory.mktemp("journal") / "abalone.json")


@FEW
@given(data=st.data())
def test_journals(data: st.DataObject, journal: str, tmp_path: Path) -> None:
    """A damaged journal is told by its path; whatever it says, a second process is told of the first in one line."""
    check_journal(data.draw(damaged | spliced(journal) | dumped(replaced(json.loads(journal), json_values))), tmp_path)


@pytest.mark.parametrize("text", [*DEEP, '{"run": {}}', '{"run": ["a\\nb"]}'])
def test_journals_that_once_were_too_much(text: str, tmp_path: Path) -> None:
    """Depth, numbers of thousands of digits, and JSON that is no object."""
    check_journal(text, tmp_path)


def check_journal(text: str, folder: Path) -> None:
    path = folder / "journal.json"
    path.write_text(text, encoding="utf-8", newline="")
    entry = None
    try:
        held = Journal.claim(path)
    except EndpointError as error:
        assert_lines([str(error)])
    else:
        entry = held.entry
        with pytest.raises(HeldElsewhereError) as caught:
            Journal.claim(path)
        assert_lines([str(caught.value)])
        held.close()
    if entry is not None:
        assert entry.before.invocations_policy is None
        with closing(Journal.claim(folder / "copy.json")) as copy:
            copy.write(entry)
        with closing(Journal.claim(folder / "copy.json")) as copy:
            assert entry == copy.entry
            copy.remove()


REPORT = run_json(
    RunResult(started_at="2026-01-01T00:00:00+00:00", tests=(TestResult("t.py::t", 1, "pass", (result(),)),))
)


@FEW
@given(text=damaged | spliced(REPORT) | dumped(replaced(json.loads(REPORT), json_values)))
def test_reports(text: str, tmp_path: Path) -> None:
    """What is read can be written again."""
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        found = read_report(path)
    except ReportError as error:
        assert_lines([str(error)])
    else:
        run_json(found)
