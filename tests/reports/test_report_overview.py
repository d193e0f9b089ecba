"""The section "smload" as it is without -v: a line per load, and what must be known besides."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from textwrap import dedent

import pytest

from pytest_smload.core.results.result import OtherFailure, RunResult
from pytest_smload.core.trust.health import Finding
from pytest_smload.reports.text.terminal import run_lines
from pytest_smload.reports.words.margin import excess, margin_words, worst_first

NOTE = "no baseline: nothing is recorded for it; record one with --smload-update-baselines"


def section(*tests, width=100, verbosity=0, told=(), interrupted=False):
    run = RunResult(started_at="", interrupted=interrupted, tests=tests)
    return list(run_lines(run, width, verbosity=verbosity, told=told))


def exactly(text):
    return dedent(text).strip("\n").splitlines()


def test_a_passing_load_is_one_line(records):
    """Verdict, test, rate, p95 with its limit, errors, and the worst model with its margin; no table, no client."""
    expected = exactly("""
        verdict  test                                               rate    p95 (limit)         errors  worst model       margin
        PASS     tests/perf/test_abalone.py::test_weighted_traffic  50 TPS  212 ms (<= 250 ms)       0  xgboost-1.tar.gz  p95 233 ms, 41% to spare
    """)  # noqa: E501
    assert expected == section(records.of_test(records.load()), width=160)


def test_80_columns_keep_every_figure(records):
    """A narrow terminal loses the folder, spaces and ends of names, never a figure or a load's label."""
    loads = [records.load(total=records.stats(errors=120), label=label) for label in ("calm", "peak")]
    nodeid = "tests/perf/test_abalone.py::test_that_has_a_rather_long_name_indeed[{}]"
    tests = [records.of_test(*loads, nodeid=nodeid.format(name)) for name in ("first", "second")]
    expected = exactly("""
        verdict  test                    TPS  p95/limit    errors  worst model  margin
        PASS     test_th…[first] 'calm'  50   212ms/250ms      4%  xgboost-1…   41% left
        PASS     test_th…[first] 'peak'  50   212ms/250ms      4%  xgboost-1…   41% left
        PASS     test_th…second] 'calm'  50   212ms/250ms      4%  xgboost-1…   41% left
        PASS     test_th…second] 'peak'  50   212ms/250ms      4%  xgboost-1…   41% left
    """)
    assert expected == section(*tests, width=80)


def test_80_columns_say_of_a_regression_what_is_allowed(records):
    """What it is compared with is in the table of checks."""
    check = replace(records.check(), limit="<= 130% of control 50.9 ms")
    row = section(records.of_test(records.load(checks=[check])), width=80)[1]
    assert "  212ms/130%  " in row


def test_ten_passing_tests_fit_in_fifteen_lines(records):
    """Ten tests, one of 200 models among them, have a line each below one header."""
    many = records.many_models_load(checks=[records.check()])
    tests = [records.of_test(records.load(), nodeid=f"t.py::test_{number}") for number in range(9)]
    lines = section(*tests, records.of_test(many, nodeid="t.py::test_many"))
    assert 11 == len(lines)
    assert "model-199.tar.gz" in lines[-1]


def test_v_brings_the_tables(records):
    """-v shows models, client and checks of each test."""
    text = "\n".join(section(records.of_test(records.load()), verbosity=1))
    assert "xgboost-0.tar.gz  75/75%" in text
    assert "client: CPU 34% of a core" in text
    assert "4 checks passed: " in text


def test_the_client_is_spoken_of_when_it_warns(records):
    """A warning brings the client's figures with it; cold starts and kept baselines stay for -v."""
    warned = records.load(client=records.client(warnings=(Finding("client delay p99 was 9 ms", "free a core"),)))
    _, row, *below = section(records.of_test(warned))
    assert row.startswith("PASS")
    assert "  warning: client delay p99 was 9 ms; free a core" == below[0]
    assert below[1].startswith("  client: CPU 34% of a core")


def test_a_remark_on_many_loads_is_made_once(records):
    """Ten loads with the same note have it once, with their number."""
    tests = [records.of_test(records.load(notes=(NOTE,)), nodeid=f"t.py::test_{number}") for number in range(10)]
    lines = section(*tests, width=140)
    assert [f"note: {NOTE} (10 loads)"] == [line for line in lines if NOTE in line]


def test_q_keeps_what_must_not_be_missed(records):
    """-q is silent on loads that only passed; a missing baseline and INVALID stay."""
    passed = records.of_test(records.load(), nodeid="t.py::test_passed")
    warned = records.client(warnings=(Finding("client delay p99 was 9 ms", "free a core"),))
    unrecorded = records.of_test(records.load(notes=(NOTE,), client=warned), nodeid="t.py::test_unrecorded")
    client = records.invalid_client(("the client was busy", "lower the load"))
    invalid = records.of_test(records.load(client=client), nodeid="t.py::test_invalid")
    assert [] == section(passed, verbosity=-1)
    told = {(invalid.nodeid, 1)}
    lines = section(passed, unrecorded, invalid, verbosity=-1, told=told, width=140)
    words = [line.split()[:2] for line in lines]
    assert [["verdict", "test"], ["PASS", "t.py::test_unrecorded"], ["note:", "no"]] == words[:3]
    assert ["INVALID", "t.py::test_invalid"] == words[3]
    assert 4 == len(lines)


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_growth_towards_a_limit_is_never_kept_quiet(records, verbosity):
    """A load that passed for now says what a longer one would come to; one that keeps its limits anyway does not."""
    note = "not proven: latency grows, by 30 ms through the window"
    check = replace(records.check(proven=False, note=note), projected=280.0)
    lines = section(records.of_test(records.load(checks=[check])), verbosity=verbosity, width=140)
    assert [f"  warning: p95 is {note}"] == [line for line in lines if "grows" in line]
    assert "grows" not in "".join(section(records.of_test(records.load()), verbosity=verbosity))


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_a_breach_that_is_not_proven_is_never_kept_quiet(records, verbosity):
    """The worst is named with its limit, and how many more there are; none of them counts among what passed."""
    note = "not proven among 3 models: 141 samples of it would"
    over = [
        replace(records.check(scope=model, observed=observed, proven=False, note=note), at_most=250.0)
        for model, observed in (("a", 251.0), ("b", 900.0))
    ]
    within = replace(records.check(scope="c", proven=False, note=note), at_most=250.0)
    lines = section(records.of_test(records.load(checks=[*over, within])), verbosity=verbosity, width=140)
    assert [line.strip() for line in lines if "141 samples" in line] == [
        f"undecided: p95 of b was 900 ms, limit <= 250 ms; {note} (and 1 more)"
    ]
    brief = [line for line in lines if "checks passed" in line or "check passed" in line]
    assert brief == (["  1 check passed: c p95 212 ms (<= 250 ms); 2 undecided"] if verbosity > 0 else [])


def test_a_run_with_a_failure_besides_has_not_passed(records):
    """A fixture that raised after a load that passed: report.json agrees with pytest's exit code."""
    run = RunResult(started_at="", tests=(records.of_test(records.load()),))
    assert "pass" == run.verdict
    assert "fail" == replace(run, failures=(OtherFailure("t.py::test_other", "RuntimeError: boom"),)).verdict


def test_a_failure_is_told_once(records):
    """What pytest printed as the failure is a line here; what it did not print is here with checks and errors."""
    warned = records.client(warnings=(Finding("client delay p99 was 9 ms", "free a core"),))
    failed = records.of_test(records.load(checks=records.failing_checks(), client=warned))
    told = section(failed, told={(failed.nodeid, 1)})
    assert 2 == len(told)
    assert told[1].startswith("FAIL")
    untold = section(failed)
    assert 1 == sum(line.startswith("  FAIL     xgboost-1.tar.gz  p95") for line in untold)
    in_full = section(failed, verbosity=1, told={(failed.nodeid, 1)})
    assert not any(line.startswith("  FAIL ") for line in in_full)
    assert any("xgboost-0.tar.gz  75/75%" in line for line in in_full)


def test_a_failed_body_is_not_a_pass(records):
    """A test whose own assertion failed reads FAIL though its load kept every limit, and says so."""
    lines = section(records.of_test(records.load(), verdict="fail"))
    assert lines[1].startswith("FAIL")
    assert "  every limit it was held against was kept; the test failed for something else" in lines


def test_tests_without_a_load_are_named_in_one_line(records):
    """Ten of them are one line."""
    tests = [records.of_test(verdict="invalid", nodeid=f"t.py::test_{number}") for number in range(10)]
    assert ["ERROR: no load was run by t.py::test_0, t.py::test_1, t.py::test_2 and 7 more"] == section(*tests)


def test_a_load_without_limits_and_a_simulated_one_say_so(records):
    """Neither looks like a limit kept."""
    free = records.single_model_load(checks=[])
    mocked = records.single_model_load(client=records.client(judged=False))
    lines = section(records.of_test(free, mocked), width=140)
    assert "212 ms (no limits)" in lines[1]
    assert "simulated" in lines[2]


def test_no_line_begins_with_a_workflow_command(records):
    """Names and notes that GitHub's runner would obey lose their force, where they are wrapped as well."""
    load = records.load(notes=("x" * 60 + " ::error::owned",), label="::warning::a")
    test = records.of_test(load, nodeid="::set-output name=a::b")
    for verbosity in (-1, 0, 1):
        lines = section(test, verbosity=verbosity, width=70)
        assert lines
        assert [] == [line for line in lines if line.lstrip().startswith("::")]


@pytest.mark.parametrize(
    ("limit", "observed", "outcome", "times", "words"),
    [
        ("<= 250 ms", 200.0, "pass", 0.8, "20% to spare"),
        ("<= 250 ms", 500.0, "fail", 2.0, "100% over"),
        ("<= 250 ms", inf, "fail", inf, "over"),
        ("<= 250 ms", nan, "fail", inf, "over"),
        (">= 40 TPS", 50.0, "pass", 0.8, "20% to spare"),
        (">= 40 TPS", 0.0, "fail", inf, "over"),
    ],
)
def test_margins(records, limit, observed, outcome, times, words):
    """How many times its limit a value is, whichever side the limit is on."""
    check = records.check(observed=observed, limit=limit, outcome=outcome)
    assert times == excess(check)
    assert words == margin_words(check)


def test_the_worst_comes_first(records):
    """Checks are ordered by how far over their limits they are, those alike as they were."""
    checks = [
        records.check(observed=observed, scope=scope) for scope, observed in zip("abc", (251, 900, 251), strict=True)
    ]
    assert ["b", "a", "c"] == [check.scope for check in worst_first(checks)]
    assert ["b", "a", "c"] == [check.scope for check in worst_first(replace(check, note="") for check in checks)]
