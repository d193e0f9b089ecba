"""``report.json``: what is in it, writing it, and reading it back."""

from __future__ import annotations

import dataclasses
import errno
import json
from dataclasses import replace
from math import inf, isnan
from pathlib import Path
from typing import Any

import pytest
from finished import GIVEN, result
from recordings import MODELS, Row, recording

from pytest_smload.core.baselines.comparison import Comparison
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.outcome import BaselineOutcome, MetricComparison
from pytest_smload.core.baselines.runs import BaselineRun
from pytest_smload.core.hosting.hosting import Component, Container, Hosting, ManagedScaling, Serverless, Variant
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.measure.figures import TimelinePoint, WarmupCounts
from pytest_smload.core.measure.histogram import Histogram
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.spread import Distribution
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.results.result import LoadResult, Rerun, RunResult, TestResult
from pytest_smload.core.trust.validity import examine
from pytest_smload.errors import ReportError, SmloadError
from pytest_smload.reports import json_report
from pytest_smload.reports.json_report import load_record, read_report, report_schema, run_record
from pytest_smload.reports.registry import REPORTS, FinishedRun, check_writable

RUN = RunResult(started_at="2025-01-01T00:00:00+00:00", tests=(TestResult("tests/a.py::test_é", 1, "fail"),))
RECORD = {
    "schema": 1,
    "started_at": "2025-01-01T00:00:00+00:00",
    "interrupted": False,
    "verdict": "fail",
    "tests": [{"nodeid": "tests/a.py::test_é", "attempt": 1, "verdict": "fail", "loads": []}],
}
SCHEMA_STATS = [
    "requests",
    "ok",
    "error_rate",
    "tps",
    "mean_ms",
    "min_ms",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p99_9_ms",
    "max_ms",
    "service_p50_ms",
    "service_p95_ms",
    "bytes_in",
    "bytes_out",
    "cold",
    "errors",
]
FAR = Comparison("undecided", 1.1, 0.9, inf, 1.1, 182.0, 3, 0.02, 0.07, inf, inf)
HELD = BaselineOutcome(
    "compared",
    "calm",
    {"tps": 5, "instance": None, "stages": [1, 2]},
    changes=("seed: 1 -> 2",),
    runs=3,
    comparisons=(
        MetricComparison("total", "p95", "10%", "undecided", "latest", FAR),
        MetricComparison("a", "tps", "5%", "fail", "anchor", FAR, anchor=FAR, rerun=FAR),
    ),
)
RERUN = Rerun("2025-01-01T00:01:00+00:00", 3, 1, 1, {"a": 3}, WarmupCounts(1, 0, {"a": 1}), valid=True)


def write_report(record, folder):
    return REPORTS["json"].write(FinishedRun(record), folder)


def raise_os_error(code):
    def fail(*args, **kwargs):
        raise OSError(code, "why")

    return fail


def test_the_record_is_written_into_a_new_folder(tmp_path):
    """Missing folders are made, the file's path comes back, and nothing else is left in the folder."""
    folder = tmp_path / "a" / "b"
    assert folder / "report.json" == write_report(RUN, folder)
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == RECORD
    assert [path.name for path in folder.iterdir()] == ["report.json"]


def test_an_earlier_report_is_replaced(tmp_path):
    """A second run's report takes the place of the first, text paths included."""
    write_report(dataclasses.replace(RUN, tests=RUN.tests * 1000), str(tmp_path))
    write_report(RUN, str(tmp_path))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == RECORD


def test_the_report_can_be_read_by_others(tmp_path):
    """The file has the permissions any new file has, not those of a temporary one."""
    (tmp_path / "ordinary").touch()
    written = write_report(RUN, tmp_path)
    assert (tmp_path / "ordinary").stat().st_mode == written.stat().st_mode


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "the disk is full; free some space or name another folder"),
        (errno.EACCES, "no permission; make the folder writable or name another folder"),
        (errno.EROFS, "no permission; make the folder writable or name another folder"),
        (errno.EIO, "why; mend it or name another folder"),
    ],
)
def test_a_failed_write_is_one_line_and_keeps_the_earlier_report(tmp_path, monkeypatch, code, reason):
    """The message names the file, the cause and a way out; the earlier report stays whole and no remains are left."""
    write_report(RUN, tmp_path)
    monkeypatch.setattr(Path, "replace", raise_os_error(code))
    with pytest.raises(ReportError) as raised:
        write_report(RunResult(started_at=""), tmp_path)
    assert f"--smload-report: cannot write {tmp_path / 'report.json'}: {reason}" == str(raised.value)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == RECORD
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_folders_place_is_named(tmp_path, below):
    """A path that is a file, or lies under one, is refused by name."""
    (tmp_path / "taken").write_text("")
    folder = tmp_path / "taken" / below
    with pytest.raises(SmloadError) as raised:
        write_report(RUN, folder)
    reason = f"{folder} is, or lies under, a file; move it away or name another folder"
    assert f"--smload-report: cannot write {folder / 'report.json'}: {reason}" == str(raised.value)


def test_a_folder_in_the_reports_place_is_named(tmp_path):
    """A folder called report.json is not removed."""
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ReportError, match="is a folder there; move it away or name another folder"):
        write_report(RUN, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_text_that_is_not_unicode_is_still_written(tmp_path):
    """A lone surrogate in a node id or an endpoint's message does not lose the report."""
    run = RunResult(started_at="", tests=(TestResult("a\udcff", 1, "pass"),))
    path = write_report(run, tmp_path)
    assert "a\\udcff" in path.read_text(encoding="utf-8")
    assert run == read_report(path)


def test_a_folder_is_tried_without_leaving_anything(tmp_path):
    """Asking whether a report can be written makes the folder and no file."""
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_used_is_known_ahead(tmp_path):
    """The trial refuses what the report would be refused for, in the same words."""
    (tmp_path / "taken").write_text("")
    folder = tmp_path / "taken" / "deeper"
    with pytest.raises(ReportError) as raised:
        check_writable(folder)
    reason = f"{folder} is, or lies under, a file; move it away or name another folder"
    assert f"--smload-report: cannot write to {folder}: {reason}" == str(raised.value)


def test_the_keys_of_a_load() -> None:
    """Every key of the schema is there, in its order; baseline and reruns only where a regression budget was held."""
    found = load_record(result())
    expected = [
        "label",
        "verdict",
        "endpoint",
        "profile",
        "transport",
        "transport_reason",
        "started_at",
        "window_s",
        "offered_tps",
        "scheduled",
        "sent",
        "unsent",
        "cap_hits",
        "connects",
        "in_flight_at_end",
        "interrupted",
        "warmup",
        "total",
        "models",
        "variants",
        "containers",
        "components",
        "names",
        "stages",
        "mix",
        "invoked_variants",
        "errors",
        "examples",
        "client",
        "timeline",
        "warmup_timeline",
        "checks",
        "notes",
        "distribution",
    ]

    assert list(found) == expected
    fields_of_a_load = {each.name for each in dataclasses.fields(LoadResult)}
    absent = {"baseline", "control", "reruns", "hosting", "server", "diagnosis", "scaling", "workers", "cost"}
    absent |= {"examples_by_route"}
    assert {*found, *absent} == fields_of_a_load - set(SCHEMA_STATS) | {
        "errors",
        "total",
        "verdict",
    }
    for stats in (found["total"], *found["models"].values(), *found["stages"].values()):
        assert list(stats) == SCHEMA_STATS
        assert list(stats["cold"]) == ["touched", "p50_ms", "p95_ms", "max_ms", "suspected"]
    assert list(found["models"]) == list(MODELS)
    assert found["warmup"] == {"sent": 1, "errors": 1, "models": {"a.tar.gz": 0, "b.tar.gz": 1, "c.tar.gz": 0}}
    assert list(found["checks"][0]) == [
        "scope",
        "metric",
        "limit",
        "source",
        "observed",
        "n",
        "outcome",
        "note",
        "lower",
        "upper",
        "n_eff",
        "proven",
        "at_least",
        "at_most",
        "unit",
        "base",
        "undecided",
        "cause",
        "projected",
        "valid",
    ]
    latencies = ["p50_ms", "p95_ms", "errors", "in_flight", "p99_ms", "min_ms", "max_ms"]
    assert list(found["timeline"][0]) == ["t_s", "offered", "tps", *latencies]
    assert [
        {
            **dict.fromkeys(["p50_ms", "p95_ms", "p99_ms", "min_ms", "max_ms"]),
            "t_s": -1.0,
            "offered": 1.0,
            "tps": 0.0,
            "errors": 1,
            "in_flight": 0,
        }
    ] == found["warmup_timeline"]


def test_a_check_has_its_bounds_as_numbers(records) -> None:
    """In the unit of what was observed; null where the limit has none."""
    checks = [records.check(), dataclasses.replace(records.passing_checks()[1], base=50.0)]
    found = load_record(records.load(checks=checks))["checks"]
    numbers = [{key: check[key] for key in ("at_least", "at_most", "unit", "base")} for check in found]

    assert [
        {"at_least": None, "at_most": 250.0, "unit": "ms", "base": None},
        {"at_least": 48.0, "at_most": None, "unit": "requests/s", "base": 50.0},
    ] == numbers


def test_each_load_has_its_verdict(records) -> None:
    """A test's is not enough to tell which of its loads failed."""
    failed = records.load(checks=records.failing_checks())
    invalid = records.load(client=records.invalid_client(("late", "hurry")))

    assert ["fail", "invalid", "pass"] == [load_record(each)["verdict"] for each in (failed, invalid, records.load())]


def test_each_check_says_whether_it_is_valid(records) -> None:
    """One that is left undecided is not."""
    checks = [records.check(outcome=outcome) for outcome in ("pass", "fail", "invalid")]
    assert [True, True, False] == [check["valid"] for check in load_record(records.load(checks=checks))["checks"]]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([("a", "pass"), ("b", "pass")], "pass"),
        ([("a", "fail"), ("a", "pass")], "pass"),
        ([("a", "pass"), ("b", "invalid")], "invalid"),
        ([("a", "invalid"), ("b", "fail")], "fail"),
        ([], "invalid"),
    ],
)
def test_a_run_has_its_verdict(verdicts, expected) -> None:
    """Of each test's last attempt: one failure fails the run, and nothing measured is no pass."""
    tests = tuple(TestResult(nodeid, place, verdict) for place, (nodeid, verdict) in enumerate(verdicts, start=1))
    assert expected == run_record(RunResult(started_at="", tests=tests))["verdict"]


def test_what_was_run_is_there_where_it_is_known() -> None:
    """Version, commit and branch are at the top, and absent where they are unknown; all of it is read back."""
    known = {"version": "0.1.0", "commit": "0" * 40, "branch": "main"}
    run = RunResult(started_at="", **known)
    assert known == {name: run_record(run).get(name) for name in known}
    assert {"schema", "started_at", "interrupted", "verdict", "tests"} == set(run_record(RunResult(started_at="")))


def test_numbers_json_has_no_words_for() -> None:
    """What was not measured is null, an infinite observation is "inf"."""
    found = load_record(result())

    assert [check["observed"] for check in found["checks"]] == ["inf", None, 1.5]
    assert [(check["lower"], check["upper"], check["n_eff"], check["proven"]) for check in found["checks"]] == [
        (80.0, "inf", 2, False),
        (None, None, None, True),
        (None, None, None, True),
    ]
    nothing_known = {"touched": 0, "p50_ms": None, "p95_ms": None, "max_ms": None, "suspected": 0}
    assert nothing_known == found["models"]["c.tar.gz"]["cold"]
    assert found["models"]["c.tar.gz"]["p95_ms"] is None
    assert found["models"]["c.tar.gz"]["error_rate"] == 1.0
    assert found["stages"]["1"]["bytes_in"] is None


def test_reasons_keep_cause_and_remedy_apart() -> None:
    """A reader of the record can show either."""
    found = recording([], 100.0, 104.0)
    health = examine(found, measure(found), budgeted_scopes=[], simulated=False)

    client = load_record(dataclasses.replace(result(), client=health))["client"]

    assert client["reasons"] == [{"cause": health.reasons[0].cause, "remedy": health.reasons[0].remedy}]
    assert (client["valid"], client["bias_p95_ms"]) == (False, None)


def test_the_account_is_there_where_it_is_known() -> None:
    """Without it the key is absent."""
    known = EndpointFacts("staging", "abalone", "us-east-1", "https://runtime.example", "111122223333")

    assert "account" not in load_record(result())["endpoint"]
    assert load_record(result(endpoint=known))["endpoint"]["account"] == "111122223333"


def test_first_touches_are_recorded() -> None:
    """Each scope has its models' first touches, the stages' not among them; later suspects are counted."""
    rows = [Row(99.0, 99.0, 99.5, 0, 0), *(Row(100.0, 100.0, 100.1, 0, model) for model in (0, 1))]
    found = recording(rows, 100.0, 104.0, stages=(StageSpan("1", 0.0, 4.0, tps=1),), offered_tps=1.0)
    measured = measure(found)
    health = examine(found, measured, budgeted_scopes=[], simulated=False)

    kept = load_record(build_result(found, measured, health, **GIVEN))

    assert kept["total"]["cold"] == {
        "touched": 2,
        "p50_ms": pytest.approx(100),
        "p95_ms": pytest.approx(500),
        "max_ms": pytest.approx(500),
        "suspected": 0,
    }
    assert [kept["models"][name]["cold"]["touched"] for name in MODELS] == [1, 1, 0]
    assert kept["stages"]["1"]["cold"] == {"touched": 0, "p50_ms": None, "p95_ms": None, "max_ms": None, "suspected": 0}


def test_a_baseline_is_there_where_the_load_was_held_against_one() -> None:
    """With its comparisons; null is infinite, what there was none of is absent, and so is what is kept of the load."""
    kept = BaselineRun("", 1, 1, 0, {"p95": Estimate(1.0, 0.0, inf)})
    found = load_record(dataclasses.replace(result(), baseline=dataclasses.replace(HELD, run=kept), reruns=(RERUN,)))
    far = {
        "decision": "undecided",
        "ratio": 1.1,
        "lower": 0.9,
        "upper": None,
        "allowed": 1.1,
        "base": 182.0,
        "runs": 3,
        "noise": 0.02,
        "attainable": 0.07,
        "attainable_now": None,
        "detectable": None,
        "beyond": False,
    }
    first = {"scope": "total", "metric": "p95", "budget": "10%", "decision": "undecided", "against": "latest"}
    second = {"scope": "a", "metric": "tps", "budget": "5%", "decision": "fail", "against": "anchor"}

    assert found["baseline"] == {
        "state": "compared",
        "anew": False,
        "key": "calm",
        "fingerprint": {"tps": 5, "instance": None, "stages": [1, 2]},
        "changes": ["seed: 1 -> 2"],
        "runs": 3,
        "comparisons": [first | {"latest": far}, second | {"latest": far, "anchor": far, "rerun": far}],
    }
    assert found["reruns"] == [
        {
            "started_at": "2025-01-01T00:01:00+00:00",
            "sent": 3,
            "unsent": 1,
            "errors": 1,
            "models": {"a": 3},
            "warmup": {"sent": 1, "errors": 0, "models": {"a": 1}},
            "valid": True,
            "why": "regression",
        }
    ]


@pytest.fixture
def full(records) -> RunResult:
    """A run with everything a report may have, and nothing that is not equal to itself."""
    load = records.load(
        label="calm",
        total=dataclasses.replace(records.stats(), cold=dataclasses.replace(records.stats().cold, **COLD)),
        models={},
        stages={},
        offered_tps=None,
        client=records.invalid_client(("late", "hurry")),
        timeline=(TimelinePoint(0.0, 50.0, 49.0, 28.0, 212.4, 0, 3), TimelinePoint(1.0, 50.0, inf, 28.0, inf, 1, 0)),
        checks=[*records.failing_checks(), records.check(observed=inf, outcome="fail", interval=(70_000.0, inf))],
        errors={"account": 3, "baseline": 0},
        examples={"account": "of an error kind called so"},
        examples_by_route={"failures": {"account": "of a model called so"}, "x": {"cost": "", "workers": "<b>&é"}},
        warmup_timeline=(
            TimelinePoint(-1.25, 40.0, inf, 2800.0, inf, 1, 3),
            TimelinePoint(-1.0, 50.0, 1.0, 1, 2, 0, 0),
        ),
        notes=("one", "two"),
        baseline=HELD,
        reruns=(RERUN,),
    )
    test = TestResult("t.py::t", 2, "invalid", (load, records.load(models={}, stages={})))
    nowhere = EndpointFacts("local", "abalone", "us-east-1", "http://127.0.0.1:1")
    bare = dataclasses.replace(load, label=None, endpoint=nowhere, baseline=None, reruns=())
    return RunResult(started_at="2025", interrupted=True, tests=(test, TestResult("t.py::u", 1, "pass", (bare,))))


COLD = {"p50_ms": 1.0, "p95_ms": 2.0, "max_ms": inf}


def test_what_is_read_back_is_what_was_written(full, tmp_path) -> None:
    """Infinities, absent parts and all; only figures that are missing are not equal to anything."""
    read = read_report(write_report(full, tmp_path))

    assert full.tests[0].loads[0] == read.tests[0].loads[0]
    assert full.tests[1] == read.tests[1]
    assert run_record(full) == run_record(read)


def test_missing_figures_are_read_back_as_nan(tmp_path) -> None:
    """So that any comparison with them is false, as it was."""
    run = RunResult(started_at="", tests=(TestResult("t.py::t", 1, "fail", (result(),)),))
    (read,) = read_report(write_report(run, tmp_path)).tests[0].loads

    assert isnan(read.models["c.tar.gz"].p95_ms)
    assert isnan(read.checks[1].observed)
    assert (inf, None) == (read.checks[0].observed, read.checks[1].lower)
    assert run_record(run)["tests"][0]["loads"] == [load_record(read)]


def test_keys_that_an_earlier_version_had_not_are_empty(full, tmp_path) -> None:
    """A report.json without a warm-up's course and models' failures is read as one that has none."""
    record = run_record(full)
    load = record["tests"][0]["loads"][0]
    del load["warmup_timeline"], load["examples_by_route"]
    (tmp_path / "report.json").write_text(json.dumps(record))

    expected = dataclasses.replace(full.tests[0].loads[0], warmup_timeline=(), examples_by_route={})
    assert expected == read_report(tmp_path / "report.json").tests[0].loads[0]


def test_keys_of_a_later_version_are_passed_over(full, tmp_path) -> None:
    """A format grows by keys."""
    record = run_record(full)
    record["tests"][0]["loads"][0]["checks"][0]["later"] = record["later"] = [1]
    (tmp_path / "report.json").write_text(json.dumps(record))

    assert full.tests[1] == read_report(tmp_path / "report.json").tests[1]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: text[:100], "is no report: it is not JSON: "),
        (lambda text: "[" * 100_000, "is no report: it is nested too deeply"),
        (lambda text: "[]", "is no report of this version: the whole: "),
        (
            lambda text: text.replace('"schema": 1', '"schema": 2'),
            "is of schema 2, and this version of pytest-smload reads schema 1",
        ),
        (lambda text: text.replace('"p50_ms": 28.43', '"p50_ms": "x"'), "version: tests.0.loads.0.p50_ms: "),
        (lambda text: text.replace('"p50_ms": 28.43', '"p50_ms": 1' + "0" * 400), "version: tests.0.loads.0.p50_ms: "),
        (lambda text: text.replace('"total"', '"totals"'), "version: tests.0.loads.0.requests: "),
        (lambda text: text.replace('"checks": [', '"checks": [1, '), "version: tests.0.loads.0.checks.0: "),
    ],
)
def test_what_is_no_report_is_one_line(full, tmp_path, damage, problem) -> None:
    """It names the file, the place in it and what is wrong there."""
    path = write_report(full, tmp_path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(ReportError) as raised:
        read_report(path)

    assert f"{path} " in str(raised.value)
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_histogram_no_load_has_is_one_line(full, tmp_path) -> None:
    """Before anything is drawn or compared by it."""
    (first, *others) = full.tests
    spread = Distribution(Histogram(1.02, 0, (5,)), {}, 1.0, (), {}, {}, {})
    first = replace(first, loads=(replace(first.loads[0], distribution=spread), *first.loads[1:]))
    path = write_report(replace(full, tests=(first, *others)), tmp_path)
    assert first == read_report(path).tests[0]
    path.write_text(path.read_text(encoding="utf-8").replace('"ratio": 1.02', '"ratio": 0.5'), encoding="utf-8")

    with pytest.raises(ReportError, match=r"distribution\.total: Value error, no histogram has bins 0 to 1 of "):
        read_report(path)


def test_a_report_that_is_not_there_is_one_line(tmp_path) -> None:
    """The path and the system's own reason."""
    with pytest.raises(ReportError) as raised:
        read_report(tmp_path / "report.json")

    assert f"cannot read {tmp_path / 'report.json'}: No such file or directory" == str(raised.value)


def test_the_shipped_schema_is_that_of_the_code() -> None:
    """To write it anew: ``python -m pytest_smload.reports.json_report``."""
    shipped = Path(json_report.__file__).with_name(json_report.SCHEMA_NAME)

    assert report_schema() == json.loads(shipped.read_text(encoding="utf-8"))


def disagreements(value: Any, schema: dict[str, Any], definitions: dict[str, Any], place: str = "$") -> list[str]:
    """Where *value* is not as *schema* says, in the words of JSON Schema that ours uses."""
    if "$ref" in schema:
        return disagreements(value, definitions[schema["$ref"].rpartition("/")[2]], definitions, place)
    if "anyOf" in schema:
        fits = any(not disagreements(value, each, definitions, place) for each in schema["anyOf"])
        return [] if fits else [f"{place}: {value!r} is none of {schema['anyOf']}"]
    if "const" in schema or "enum" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        return [] if value in allowed else [f"{place}: {value!r} is not in {allowed}"]
    kinds = {
        "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
        "null": type(None),
    }  # fmt: skip
    if not isinstance(value, kinds[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return [f"{place}: {value!r} is no {schema['type']}"]
    found = [f"{place}: {key} is missing" for key in schema.get("required", ()) if key not in value]
    if isinstance(value, dict):
        other = schema.get("additionalProperties")
        for key, entry in value.items():
            part = schema.get("properties", {}).get(key, other)
            if part is None:
                found.append(f"{place}: {key} is not described")
            elif part is not True:
                found += disagreements(entry, part, definitions, f"{place}.{key}")
    if isinstance(value, list):
        for number, entry in enumerate(value):
            found += disagreements(entry, schema["items"], definitions, f"{place}[{number}]")
    return found


def test_a_report_is_as_the_schema_says(full) -> None:
    """Each key that is there is described, each that must be there is there, and each value is of its type."""
    schema = report_schema()
    measured = RunResult(started_at="", tests=(TestResult("t.py::t", 1, "fail", (result(),)),))

    assert [] == disagreements(run_record(full), schema, schema["$defs"])
    assert [] == disagreements(run_record(measured), schema, schema["$defs"])
    assert ["$.started_at: 1 is no string"] == disagreements(RECORD | {"started_at": 1}, schema, schema["$defs"])


def test_what_hosted_the_endpoint_is_recorded_and_read_back(tmp_path: Path) -> None:
    """Variants with their instances, containers and pools; without it the key is absent."""
    hosting = Hosting(
        status="InService",
        config_name="abalone-1",
        variants=(
            Variant(
                "blue",
                instance_type="ml.c5.large",
                instances=2,
                containers=(Container(None, "i:1", "s3://m/", multi_model=True),),
                serverless=Serverless(2048, 5),
                managed_scaling=ManagedScaling(1, None),
                pools=(("ml.c5.large", 2),),
            ),
        ),
        multi_model=True,
        components=(Component("llm", "InService"),),
    )
    load = dataclasses.replace(result(), hosting=hosting)
    run = RunResult(started_at="2026-01-01T00:00:00+00:00", tests=(TestResult("t", 1, "pass", (load,)),))
    path = tmp_path / "report.json"
    path.write_text(json_report.run_json(run))

    assert hosting == read_report(path).tests[0].loads[0].hosting
    assert "hosting" not in load_record(result())
