"""The three CSV files: Locust's columns, the report's figures, and names that keep loads apart."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.engine.environment import REQUEST_TYPE as ENGINES_TYPE
from pytest_smload.errors import ReportError
from pytest_smload.exports.locust_csv import LocustCsv
from pytest_smload.exports.locust_entry import PER_TEN_THOUSAND
from pytest_smload.exports.locust_rows import FAILURES_COLUMNS, HISTORY_COLUMNS, REQUEST_TYPE, STATS_COLUMNS

if TYPE_CHECKING:
    from recorded_loads import Loads

    from pytest_smload.exports.recorded_load import RecordedLoad

Table = list[dict[str, str]]


def written(folder: Path, *loads: RecordedLoad) -> dict[str, Table]:
    """The rows of each file of *loads*."""
    files = LocustCsv(folder / "out")
    files.check()
    for load in loads:
        files.add(load)
    found = {}
    for path in files.finish():
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name.removeprefix("out_").removesuffix(".csv")] = list(csv.DictReader(file))
    return found


def test_columns_are_locusts(tmp_path: Path) -> None:
    """Headers are those of the writer of the installed Locust, percentiles too, and so is the type of a request."""
    from locust.env import Environment
    from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter

    theirs = StatsCSVFileWriter(Environment(), PERCENTILES_TO_REPORT, str(tmp_path / "theirs"))
    theirs.close_files()
    assert theirs.requests_csv_columns == STATS_COLUMNS
    assert theirs.stats_history_csv_columns == HISTORY_COLUMNS
    assert theirs.failures_columns == FAILURES_COLUMNS
    assert [round(share * 10_000) for share in PERCENTILES_TO_REPORT] == list(PER_TEN_THOUSAND)
    assert ENGINES_TYPE == REQUEST_TYPE


def test_files_are_named_as_locusts(tmp_path: Path) -> None:
    """A prefix, folders included, and Locust's endings; a run without a load has an empty row of all."""
    files = LocustCsv(tmp_path / "made" / "out")
    names = [path.relative_to(tmp_path) for path in files.finish()]
    assert [Path(f"made/out_{name}.csv") for name in ("stats", "stats_history", "failures")] == names
    (row,) = written(tmp_path)["stats"]
    assert ("Aggregated", "0", "N/A") == (row["Name"], row["Request Count"], row["95%"])


def test_stats(tmp_path: Path, loads: Loads) -> None:
    """A row per model and one of all: requests of the window, times of successes from when they were due."""
    rows = {row["Name"]: row for row in written(tmp_path, loads())["stats"]}
    assert ["a.tar.gz", "b.tar.gz", "c.tar.gz", "Aggregated"] == list(rows)
    counts = {name: (row["Type"], row["Request Count"], row["Failure Count"]) for name, row in rows.items()}
    assert {
        "a.tar.gz": ("InvokeEndpoint", "3", "1"),
        "b.tar.gz": ("InvokeEndpoint", "2", "1"),
        "c.tar.gz": ("InvokeEndpoint", "1", "1"),
        "Aggregated": ("", "6", "3"),
    } == counts
    times = ("Median Response Time", "Average Response Time", "Min Response Time", "Max Response Time")
    assert [125, 312.5, 125, 500] == [float(rows["a.tar.gz"][name]) for name in times]
    assert ["125", "500", "500"] == [rows["a.tar.gz"][share] for share in ("50%", "66%", "100%")]
    assert ["N/A"] * 11 == [rows["c.tar.gz"][share] for share in STATS_COLUMNS[-11:]]
    assert 20.0 == float(rows["a.tar.gz"]["Average Content Size"])
    # Five ended inside the window's 4 s, one of which failed; the last one and the unsent one did not.
    assert (1.0, 0.25) == tuple(float(rows["Aggregated"][name]) for name in ("Requests/s", "Failures/s"))


def test_history(tmp_path: Path, loads: Loads) -> None:
    """A row for each second: its rates, and counts and times from the window's begin up to it."""
    rows = written(tmp_path, loads())["stats_history"]
    assert ["1790000101", "1790000102", "1790000103", "1790000104"] == [row["Timestamp"] for row in rows]
    assert {("", "Aggregated")} == {(row["Type"], row["Name"]) for row in rows}
    assert ["2.000000", "1.000000", "1.000000", "0.000000"] == [row["Requests/s"] for row in rows]
    assert ["1.000000", "0.000000", "0.000000", "0.000000"] == [row["Failures/s"] for row in rows]
    assert ["2", "3", "4", "4"] == [row["Total Request Count"] for row in rows]
    assert ["500", "250", "250", "250"] == [row["50%"] for row in rows]
    assert ["0", "0", "0", "1"] == [row["User Count"] for row in rows]


def test_users_are_those_asked_for(tmp_path: Path, loads: Loads) -> None:
    """In a closed load, and by stage; in an open one they are the requests under way."""
    rows = written(tmp_path, loads(users=7))["stats_history"]
    assert ["7"] * 4 == [row["User Count"] for row in rows]
    stages = (StageSpan("1", 0.0, 1.0, users=3), StageSpan("2", 1.0, 4.0, users=5))
    rows = written(tmp_path, loads(loads.recording(stages=stages)))["stats_history"]
    assert ["3", "5", "5", "5"] == [row["User Count"] for row in rows]


def test_failures(tmp_path: Path, loads: Loads) -> None:
    """A row for each model and kind, with the first message on one line, and when it was first and last seen."""
    rows = [tuple(row.values()) for row in written(tmp_path, loads())["failures"]]
    seen = "2026-09-21T14:15:04Z"
    assert [
        ("InvokeEndpoint", "a.tar.gz", "Timeout", "1", seen, seen),
        ("InvokeEndpoint", "b.tar.gz", "ModelError: out of memory", "1", *["2026-09-21T14:15:00Z"] * 2),
        ("InvokeEndpoint", "c.tar.gz", "Unsent", "1", *["2026-09-21T14:15:03Z"] * 2),
    ] == rows


def test_a_model_has_its_own_message(tmp_path: Path, loads: Loads) -> None:
    """As in Locust, where other words are another error; the kind's is that of a model without one."""
    own = {(1, "ModelError"): InvocationFailure("ModelError", "b's\nown")}
    rows = written(tmp_path, loads(loads.recording(route_examples=own)))["failures"]
    (row,) = (row for row in rows if ": " in row["Error"])
    assert ("b.tar.gz", "ModelError: b's own", "1") == (row["Name"], row["Error"], row["Occurrences"])


def test_several_loads_are_kept_apart(tmp_path: Path, loads: Loads) -> None:
    """Names then begin with test, attempt and load; the last row of all is still called Aggregated."""
    files = written(tmp_path, loads(load="calm"), loads(load="calm #2", attempt=2), loads(role="control"))
    names = [row["Name"] for row in files["stats"]]
    first, second = "test_a.py::test_peak | calm", "test_a.py::test_peak | attempt 2 | calm #2"
    assert [
        f"{load} | {name}" for load in (first, second) for name in ("a.tar.gz", "b.tar.gz", "c.tar.gz", "Aggregated")
    ] == names[:-1]
    assert ("Aggregated", "12") == (names[-1], files["stats"][-1]["Request Count"])
    assert 1.0 == float(files["stats"][-1]["Requests/s"])
    assert {f"{load} | Aggregated" for load in (first, second)} == {row["Name"] for row in files["stats_history"]}
    assert {f"{load} | a.tar.gz" for load in (first, second)} <= {row["Name"] for row in files["failures"]}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"multi_model": False}, [("InvokeEndpoint", "abalone")]),
        ({"route_kind": "name", "names": ["GET /a b", "(tasks)"]}, [("GET", "/a b"), ("", "(tasks)")]),
    ],
)
def test_what_rows_are_called(loads: Loads, facts: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """The endpoint, where there are no weights; request type and name of a locustfile's own requests."""
    from dataclasses import replace

    from pytest_smload.exports.locust_rows import named_routes

    given = dict(facts)
    names, kind = given.pop("names", None), given.pop("route_kind", None)
    found = loads.recording(**given)
    if names is not None:
        found = replace(found, model_names=names, route_kind=kind)
    assert expected == named_routes(loads(found))


def test_text_is_a_cell_whatever_it_says(tmp_path: Path, loads: Loads) -> None:
    """Commas, quotes, newlines, lone surrogates and NUL in names stay in their cell."""
    from dataclasses import replace

    hostile = ['a,"b"\r\nc', "\ud800", "\0=cmd()"]
    found = replace(loads.recording(), model_names=hostile)
    rows = written(tmp_path, loads(found))["stats"]
    assert ['a,"b"\r\nc', "\\ud800", "\\x00=cmd()", "Aggregated"] == [row["Name"] for row in rows]


def test_pandas_reads_numbers(tmp_path: Path, loads: Loads) -> None:
    """What is a number reads as one, N/A as missing, as with Locust's own files."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    written(tmp_path, loads())
    stats = pandas.read_csv(tmp_path / "out_stats.csv", index_col="Name")
    assert 3 == stats.loc["a.tar.gz", "Request Count"]
    assert 500.0 == stats.loc["Aggregated", "95%"]
    assert bool(stats["95%"].isna()["c.tar.gz"])
    history = pandas.read_csv(tmp_path / "out_stats_history.csv")
    assert [] == [name for name in history.columns[4:] if not pandas.api.types.is_numeric_dtype(history[name])]


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    """Before any load, in one line."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ReportError, match=r"^--smload-csv: cannot write to .*taken: .* is, or lies under, a file; "):
        LocustCsv(tmp_path / "taken" / "out").check()


def test_as_quick_for_many_models(tmp_path: Path, loads: Loads) -> None:
    """Rows are grouped once, not looked for model by model: 2,000 models of 20,000 requests have their counts."""
    from dataclasses import replace

    found = loads.many(20_000)
    names = [f"m{number}" for number in range(2_000)]
    found.samples.model[:] = type(found.samples.model)("H", [number % 2_000 for number in range(20_000)])
    rows = written(tmp_path, loads(replace(found, model_names=names)))["stats"]
    assert {"10"} == {row["Request Count"] for row in rows[:-1]}
    assert ("20000", "10") == (rows[-1]["Request Count"], rows[-1]["95%"])
