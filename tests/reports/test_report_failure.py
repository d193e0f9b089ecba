"""The text of a test that failed, could not be trusted, or measured nothing."""

from __future__ import annotations

from math import inf, nan
from textwrap import dedent

import pytest

from pytest_smload.reports.text.failure import failure_text, invalid_text, no_load_text, one_line

LOG_GROUP = "/aws/sagemaker/Endpoints/abalone-mme-staging"


def exactly(text):
    return dedent(text).strip("\n")


def next_of(text):
    """The advice at the end of a failure."""
    return text[text.index("next: ") :]


def test_a_breach_is_said_in_one_sentence_then_shown(records):
    """First the breach in a sentence, then every check of the load with the failed one first, then what to type."""
    expected = exactly("""
        p95 of xgboost-1.tar.gz was 812 ms, limit <= 400 ms (smload.toml [budgets."tests/perf/test_abalone.py"])

        staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s after
          10s warm-up
        verdict  scope             metric      limit                     observed  95% interval      from
        FAIL     xgboost-1.tar.gz  p95         <= 400 ms                   812 ms  [640 ms, 1.22 s]  [1]
        PASS?    total             tps         >= 96% of 50 TPS offered  49.8 TPS  [47.3, 52.3]      [2]
        PASS     total             p95         <= 250 ms                   212 ms  [204 ms, 221 ms]  [2]
        PASS     total             error_rate  <= 1%                           0%  [0%, 0.12%]       [3]
        [1] smload.toml [budgets."tests/perf/test_abalone.py"]
        [2] perf_budget mark
        [3] built in
        not shown in 100 columns: n (n_eff)
        ?: not proven, the interval reaches over the limit

        next: for the whole record, second by second and model by model:
                pytest -m perf tests/perf/test_abalone.py::test_weighted_traffic --smload-report smload-report
    """)
    assert expected == failure_text(records.of_test(records.load(checks=records.failing_checks())))


def test_a_wide_terminal_shows_where_limits_come_from_in_the_table(records):
    """Where the table fits, the origin of a limit stands in its row."""
    lines = failure_text(records.of_test(records.load(checks=records.failing_checks())), width=160).splitlines()
    row = "FAIL     xgboost-1.tar.gz  p95         <= 400 ms                   812 ms  [640 ms, 1.22 s]      751 (402)  "
    assert row + 'smload.toml [budgets."tests/perf/test_abalone.py"]' in lines


def test_an_endpoint_that_did_not_keep_up_is_called_that(records):
    """Unsent arrivals lead the sentence, and the next command asks for less than the endpoint managed."""
    load = records.single_model_load(
        unsent=2404,
        total=records.stats(tps=9.9, errors=2404),
        errors={"Unsent": 2404},
        checks=[
            records.check(observed=inf, outcome="fail", note="2,404 unsent count as slowest"),
            records.check("tps", 9.9, ">= 96% of 50 TPS offered", outcome="fail"),
            records.check("error_rate", 2404 / 3000, "<= 1%", source="built in", outcome="fail"),
        ],
    )
    expected = exactly("""
        the endpoint did not keep up (2,404 of 3,000 scheduled requests were never sent): p95 was ∞, limit <= 250 ms (perf_budget mark); 2,404 unsent count as slowest; 2 more of 3 checks failed

        staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s after
          10s warm-up
        verdict  scope  metric      limit                     observed  n (n_eff)  limit comes from
        FAIL     total  p95         <= 250 ms                        ∞      3,000  perf_budget mark
        FAIL     total  error_rate  <= 1%                       80.13%      3,000  built in
        FAIL     total  tps         >= 96% of 50 TPS offered   9.9 TPS      3,000  perf_budget mark
        p95: 2,404 unsent count as slowest
        errors: 2,404 of 3,000 requests (80.13%)
          Unsent  2,404

        next: lower tps, or scale the endpoint (instances, workers, autoscaling)
              at a rate it may keep up with:
                pytest -m perf tests/perf/test_abalone.py::test_weighted_traffic --smload-tps 8
    """)  # noqa: E501
    assert expected == failure_text(records.of_test(load))


def test_a_rate_of_a_labelled_load_is_not_an_option(records):
    """Options do not act on profiles built in the test, so the next command does not pretend they do."""
    load = records.single_model_load(
        label="peak", unsent=10, total=records.stats(tps=900), checks=[records.check(outcome="fail")]
    )
    assert "--smload-tps" not in failure_text(records.of_test(load))


def test_model_errors_lead_to_the_containers_log(records):
    """A ModelError is the container's: its message is shown and the next command reads the log it names."""
    example = (
        'Received server error (500) from primary with message "no such column". '
        f"LogStreamArn arn:aws:logs:us-east-1:111122223333:log-group:{LOG_GROUP}"
    )
    load = records.load(
        total=records.stats(errors=120),
        errors={"ModelError": 120},
        examples={"ModelError": example},
        checks=[records.check("error_rate", 0.04, "<= 1%", source="built in", outcome="fail")],
    )
    text = failure_text(records.of_test(load), report_dir="out")
    assert f"  ModelError  120  {example}" in text.splitlines()
    assert exactly(f"""
        next: ModelError comes from the container; its log says why:
                aws logs tail {LOG_GROUP} --region us-east-1 --since 31m
              the whole record is in out/report.json; to run it again:
                pytest -m perf tests/perf/test_abalone.py::test_weighted_traffic
    """) == next_of(text)


def test_the_local_endpoint_has_no_cloud_log(records):
    """A ModelError of the embedded endpoint is the scenario's doing."""
    load = records.load(
        endpoint=records.local_endpoint, errors={"ModelError": 1}, checks=[records.check(outcome="fail")]
    )
    first = next_of(failure_text(records.of_test(load))).splitlines()[0]
    assert (
        first
        == "next: ModelError comes from the container: see the scenario's faults, or the log of what listens there"
    )


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (
            "ThrottlingException",
            "throttled: lower the load, or raise the account's SageMaker Runtime quota in this region",
        ),
        (
            "ModelNotReadyException",
            "ModelNotReadyException: models were still loading; warm up longer, or give the models more memory",
        ),
        ("Timeout", "Timeout: no answer within 70s; the profile's timeout sets that limit"),
    ],
)
def test_error_kinds_have_their_advice(records, kind, advice):
    """Kinds with a known way out name it."""
    load = records.load(errors={kind: 3}, checks=[records.check("error_rate", 0.4, "<= 1%", outcome="fail")])
    assert f"next: {advice}" == next_of(failure_text(records.of_test(load))).splitlines()[0]


def test_a_closed_load_cannot_exceed_its_users(records):
    """A missed tps of a closed load is explained by users and latency."""
    load = records.single_model_load(
        profile={"users": 2, "duration": "60s", "warmup": "10s"},
        checks=[records.check("tps", 49.0, ">= 60 TPS", outcome="fail")],
    )
    expected = (
        "next: 2 users that wait 40 ms for each answer cannot exceed 50 TPS: use more users, or ask for a rate with tps"
    )
    assert expected == next_of(failure_text(records.of_test(load))).splitlines()[0]


def test_of_several_loads_the_failed_one_is_named(records):
    """The sentence names the load; loads that passed are left out."""
    calm = records.single_model_load(label="calm")
    peak = records.single_model_load(label="peak", checks=[records.check(observed=300.0, outcome="fail")])
    expected = exactly("""
        load 'peak': p95 was 300 ms, limit <= 250 ms (perf_budget mark)

        load 'peak': staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson
          for 60s after 10s warm-up
        verdict  scope  metric  limit      observed  n (n_eff)  limit comes from
        FAIL     total  p95     <= 250 ms    300 ms      3,000  perf_budget mark

        next: for the whole record, second by second:
                pytest -m perf tests/perf/test_abalone.py::test_weighted_traffic --smload-report smload-report
    """)
    assert expected == failure_text(records.of_test(calm, peak))


def test_two_hundred_failed_checks_stay_readable(records):
    """Failed checks beyond twenty are counted, not listed."""
    checks = [records.check(scope=f"m{number}", observed=300.0, outcome="fail") for number in range(200)]
    lines = failure_text(records.of_test(records.single_model_load(checks=checks))).splitlines()
    assert lines[0] == "p95 of m0 was 300 ms, limit <= 250 ms (perf_budget mark); 199 more of 200 checks failed"
    assert "180 more checks failed; they are in report.json" in lines
    assert len(lines) < 30


def test_what_failed_checks_need_said_is_below_the_table(records):
    """A note of a failed check is in its sentence and below the table; beyond eight they are counted."""
    few = "too few requests: p95 needs 72, has 19"
    checks = [
        records.check(scope=f"m{number}", observed=30.0, outcome="fail", note=few if number < 10 else "")
        for number in range(12)
    ]
    lines = failure_text(records.of_test(records.single_model_load(checks=checks))).splitlines()
    first = "p95 of m0 was 30 ms, limit <= 250 ms (perf_budget mark); too few requests: p95 needs 72, has 19"
    assert f"{first}; 11 more of 12 checks failed" == lines[0]
    assert [f"p95 of m{number}: {few}" for number in range(8)] == [line for line in lines[1:] if few in line]
    assert "2 more such remarks are in report.json" in lines


def test_node_ids_are_quoted_for_the_shell(records):
    """Parameter brackets and quotes survive being pasted."""
    test = records.of_test(records.load(checks=records.failing_checks()), nodeid="tests/a.py::test_x[it's 1]")
    last = failure_text(test).splitlines()[-1].strip()
    assert last == """pytest -m perf 'tests/a.py::test_x[it'"'"'s 1]' --smload-report smload-report"""


def test_an_invalid_measurement_gives_cause_remedy_and_what_was_not_judged(records):
    """INVALID first, each cause with its remedy, then the breaches that could not be judged, then the next command."""
    delay = ("client delay raised p95 by 14 ms", "free a core, or lower the load")
    client = records.invalid_client(delay, ("model b had no sample", "lengthen the window"), cpu=0.97)
    load = records.load(checks=records.failing_checks(), client=client)
    expected = exactly("""
        INVALID: the measurement cannot be trusted: client delay raised p95 by 14 ms (and 1 more)

        staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s after
          10s warm-up
        cause: client delay raised p95 by 14 ms
        remedy: free a core, or lower the load
        cause: model b had no sample
        remedy: lengthen the window
        client: CPU 97% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag p95
          0.3 ms, p99 1.2 ms, adds 0.01 ms; 0 connects in the window

        not judged: also breached
          p95 of xgboost-1.tar.gz was 812 ms, limit <= 400 ms (smload.toml [budgets."tests/perf/test_abalone.py"])

        next: once that is put right:
                pytest -m perf tests/perf/test_abalone.py::test_weighted_traffic
    """)
    assert expected == invalid_text(records.of_test(load))


def test_an_invalid_load_does_not_hide_a_failed_one(records):
    """In a test with both, the sentence names the invalid load and the failed one's checks follow."""
    client = records.invalid_client(("nothing was sent", "raise tps"))
    load = records.single_model_load(label="calm", client=client, checks=[])
    failed = records.single_model_load(label="peak", checks=[records.check(observed=300.0, outcome="fail")])
    lines = invalid_text(records.of_test(load, failed)).splitlines()
    assert lines[0] == "INVALID: load 'calm': the measurement cannot be trusted: nothing was sent"
    assert "FAIL     total  p95     <= 250 ms    300 ms      3,000  perf_budget mark" in lines
    assert not any(line.startswith("not judged") for line in lines)


def test_a_test_without_a_load_says_how_to_run_one():
    """The text for no load tells what a perf test needs."""
    expected = exactly("""
        this perf test ran no load, so nothing was measured and nothing was judged

        A perf test takes load_result, or calls sm_endpoint.load(load_profile) on every path through its body;
        a test that is not about performance does without the perf mark.

        next: once it does:
                pytest -m perf tests/a.py::test_a
    """)
    assert expected == no_load_text("tests/a.py::test_a")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"metric": "p99_9", "observed": 251.0}, "p99.9 was 251 ms, limit <= 250 ms (perf_budget mark)"),
        ({"metric": "mean", "observed": nan}, "mean latency was not measured, limit <= 250 ms (perf_budget mark)"),
        (
            {"metric": "error_rate", "observed": 0.032, "limit": "<= 1%", "source": "built in"},
            "error rate was 3.2%, limit <= 1% (built in)",
        ),
        (
            {"metric": "errors.ModelError", "observed": 12, "limit": "<= 0", "scope": "a.tar.gz"},
            "ModelError errors of a.tar.gz were 12, limit <= 0 (perf_budget mark)",
        ),
        (
            {"metric": "requests", "observed": 1200, "limit": ">= 2,000", "scope": "stage peak"},
            "requests of stage peak were 1,200, limit >= 2,000 (perf_budget mark)",
        ),
        (
            {"metric": "tps", "observed": 191.6, "limit": ">= 960 TPS"},
            "TPS was 192 TPS, limit >= 960 TPS (perf_budget mark)",
        ),
    ],
)
def test_a_check_in_one_line(records, changes, expected):
    """Subject, value with unit, limit, and where the limit comes from."""
    assert expected == one_line(records.check(outcome="fail", **changes))


@pytest.mark.parametrize(
    ("metric", "observed", "limit", "expected"),
    [
        ("p95", 250.3, "<= 250 ms", "250.3 ms"),
        ("p95", 1504.0, "<= 1.5 s", "1504 ms"),
        ("error_rate", 0.010004, "<= 1%", "1.0004%"),
        ("tps", 39.96, ">= 40 TPS", "39.96 TPS"),
        ("tps", 47.98, ">= 96% of 50 TPS offered", "47.98 TPS"),
    ],
)
def test_a_breach_is_never_rounded_onto_its_limit(records, metric, observed, limit, expected):
    """A value just beyond the limit shows the digits that put it there."""
    assert f" {expected}, limit {limit}" in one_line(records.check(metric, observed, limit, outcome="fail"))


@pytest.mark.parametrize(
    ("errors", "start"),
    [
        ({"ModelError": 3000}, "all 3,000 requests failed with ModelError: out of memory; error rate was "),
        ({"ModelError": 2000, "Timeout": 400}, "2,000 of 3,000 requests failed with ModelError: out of memory; error "),
        ({"ModelError": 1400}, "error rate was "),
    ],
)
def test_where_most_requests_failed_their_error_is_the_headline(records, errors, start):
    """The first line names the error, its first message and its count, then the limit; few errors do not."""
    rate = records.check("error_rate", sum(errors.values()) / 3000, "<= 1%", source="built in", outcome="fail")
    load = records.single_model_load(
        total=records.stats(errors=sum(errors.values())),
        errors=errors,
        examples={"ModelError": "out of memory"},
        checks=[records.check(), rate],
    )
    headline = failure_text(records.of_test(load)).splitlines()[0]
    assert headline.startswith(start)
    assert ", limit <= 1% (built in)" in headline


def test_the_worst_breach_leads(records):
    """The sentence and the table begin with the limit that is broken by most."""
    slight = records.check(observed=260.0, outcome="fail")
    gross = records.check(observed=900.0, scope="b", outcome="fail")
    lines = failure_text(records.of_test(records.single_model_load(checks=[slight, gross]))).splitlines()
    assert lines[0].startswith("p95 of b was 900 ms")
    assert ["b", "total"] == [line.split()[1] for line in lines if line.startswith("FAIL ")]


UNSEEN = "a\u202eb\u200bc\u2066d\u061ce\ufefff\u200fg"


def test_nothing_unseen_is_in_a_failure(records):
    """Kinds, messages, names, labels and notes lose bidi and zero-width characters; no line is a workflow command."""
    finding = (f"::error::{UNSEEN}", f"::warning::{UNSEEN}")
    changes = {
        "label": UNSEEN,
        "errors": {f"::{UNSEEN}": 3},
        "examples": {f"::{UNSEEN}": f"{UNSEEN} ::error::x"},
        "notes": (UNSEEN + " " + "x" * 85 + " ::error::x",),
        "checks": [records.check(scope=f"::{UNSEEN}", source=UNSEEN, note=UNSEEN, observed=900.0, outcome="fail")],
    }
    test = records.of_test(records.load(**changes), nodeid=UNSEEN)
    invalid = records.of_test(records.load(**changes, client=records.invalid_client(finding)), nodeid=UNSEEN)
    for text in (failure_text(test), invalid_text(invalid), no_load_text(UNSEEN)):
        assert "abcdefg" in text
        assert text.replace("\n", "").isprintable()
        assert [] == [line for line in text.splitlines() if line.lstrip().startswith("::")]
