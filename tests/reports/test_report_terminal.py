"""The section "smload" at the end of a run, as people read it."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.measure.figures import ColdStarts, MixShare
from pytest_smload.core.results.result import RunResult
from pytest_smload.core.trust.health import Finding
from pytest_smload.reports.text.tables import checks_table, models_table, shorten_names
from pytest_smload.reports.text.terminal import lines_of_test, run_lines
from pytest_smload.reports.words.details import client_line, cold_lines
from pytest_smload.reports.words.headline import load_headline, profile_words


def text_of(test, width=100):
    return "\n".join(lines_of_test(test, width))


def exactly(text):
    return dedent(text).strip("\n")


def test_a_passing_test_is_brief(records):
    """A passing test shows what was measured, the total, each model, and its checks in one sentence."""
    expected = exactly("""
        PASS tests/perf/test_abalone.py::test_weighted_traffic
          staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s
            after 10s warm-up
          model              share  requests   TPS      p50     p95     p99     max  errors
          total                        3,000    50  28.4 ms  212 ms  253 ms  1.53 s       0
          xgboost-0.tar.gz  75/75%     2,249  37.4  28.4 ms  212 ms  253 ms  1.53 s       0
          xgboost-1.tar.gz  25/25%       751  12.4  31.3 ms  234 ms  278 ms  1.68 s       0
          client: CPU 34% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag
            p95 0.3 ms, p99 1.2 ms, adds 0.01 ms; 0 connects in the window
          4 checks passed: p95 212 ms (<= 250 ms), tps 49.8 TPS (>= 96% of 50 TPS offered), error_rate 0%
            (<= 1%), xgboost-1.tar.gz p95 233 ms (<= 400 ms)
    """)
    assert expected == text_of(records.of_test(records.load()))


def test_a_failing_test_is_told_in_full(records):
    """A failing test adds errors with examples, the client's health, and its checks, the failed one first."""
    load = records.load(
        total=records.stats(errors=120),
        checks=records.failing_checks(),
        errors={"Timeout": 2, "ModelError": 118},
        examples={"ModelError": 'Received server error (500) from primary with message "boom"', "Timeout": "70 s"},
    )
    expected = exactly("""
        FAIL tests/perf/test_abalone.py::test_weighted_traffic
          staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s
            after 10s warm-up
          model              share  requests   TPS      p50     p95     p99     max  errors
          total                        3,000    50  28.4 ms  212 ms  253 ms  1.53 s     120
          xgboost-0.tar.gz  75/75%     2,249  37.4  28.4 ms  212 ms  253 ms  1.53 s       0
          xgboost-1.tar.gz  25/25%       751  12.4  31.3 ms  234 ms  278 ms  1.68 s       0
          errors: 120 of 3,000 requests (4%)
            ModelError  118  Received server error (500) from primary with message "boom"
            Timeout       2  70 s
          client: CPU 34% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag
            p95 0.3 ms, p99 1.2 ms, adds 0.01 ms; 0 connects in the window

          verdict  scope             metric      limit                     observed  95% interval      from
          FAIL     xgboost-1.tar.gz  p95         <= 400 ms                   812 ms  [640 ms, 1.22 s]  [1]
          PASS?    total             tps         >= 96% of 50 TPS offered  49.8 TPS  [47.3, 52.3]      [2]
          PASS     total             p95         <= 250 ms                   212 ms  [204 ms, 221 ms]  [2]
          PASS     total             error_rate  <= 1%                           0%  [0%, 0.12%]       [3]
          [1] smload.toml [budgets."tests/perf/test_abalone.py"]
          [2] perf_budget mark
          [3] built in
          not shown in 98 columns: n (n_eff)
          ?: not proven, the interval reaches over the limit
    """)
    assert expected == text_of(records.of_test(load))


def test_an_invalid_test_names_causes_and_remedies(records):
    """An INVALID test says why the measurement cannot be trusted and what to do about it."""
    client = records.invalid_client(("the client was busy", "lower the load"), cpu=0.97)
    load = records.single_model_load(client=client, connects=1, cap_hits=1200)
    expected = exactly("""
        INVALID tests/perf/test_abalone.py::test_weighted_traffic
          staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s
            after 10s warm-up
                 requests  TPS      p50     p95     p99     max  errors
          total     3,000   50  28.4 ms  212 ms  253 ms  1.53 s       0
          client: CPU 97% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag
            p95 0.3 ms, p99 1.2 ms, adds 0.01 ms; 1 connect in the window; waited for a free user 1,200
            times
          INVALID: the client was busy; lower the load

          verdict  scope  metric  limit      observed  n (n_eff)  limit comes from
          PASS     total  p95     <= 250 ms    212 ms      3,000  perf_budget mark
    """)
    assert expected == text_of(records.of_test(load))


def test_80_columns_keep_every_column(records):
    """In 80 columns, a CI log's width, the table keeps all its columns: the space before a unit goes."""
    expected = exactly("""
        model              share  requests   TPS     p50    p95    p99    max  errors
        total                        3,000    50  28.4ms  212ms  253ms  1.53s       0
        xgboost-0.tar.gz  75/75%     2,249  37.4  28.4ms  212ms  253ms  1.53s       0
        xgboost-1.tar.gz  25/25%       751  12.4  31.3ms  234ms  278ms  1.68s       0
    """)
    assert expected == "\n".join(models_table(records.load(), 78))


def test_a_narrow_terminal_says_what_is_missing(records):
    """Where even shortened names do not fit, columns go, max first, and a line names them."""
    expected = exactly("""
        model        share  requests   TPS    p95    p99  errors
        total                  3,000    50  212ms  253ms       0
        xgboost-0…  75/75%     2,249  37.4  212ms  253ms       0
        xgboost-1…  25/25%       751  12.4  234ms  278ms       0
        not shown in 58 columns: max, p50
    """)
    assert expected == "\n".join(models_table(records.load(), 58))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_of_a_table_is_wider_than_the_terminal(records, width):
    """Two hundred models and their checks fit 80, 100 and 120 columns."""
    lines = list(lines_of_test(records.of_test(records.many_models_load()), width))
    assert [line for line in lines if len(line) > width] == []


def test_many_models_are_cut_to_those_that_matter(records):
    """Of 200 models the 8 most used, the one with a failing check and the one with the worst p95 are shown."""
    expected = exactly("""
        model                  share  requests    TPS      p50     p95     p99     max  errors
        total                            3,000     50  28.4 ms  212 ms  253 ms  1.53 s       0
        model-000.tar.gz    17/17.1%     2,000     30  28.4 ms  212 ms  253 ms  1.53 s       0
        model-001.tar.gz   8.5/8.55%     1,000     15  28.4 ms  212 ms  253 ms  1.53 s       0
        model-002.tar.gz   5.67/5.7%       666     10  28.4 ms  212 ms  253 ms  1.53 s       0
        model-003.tar.gz  4.25/4.28%       500    7.5  28.4 ms  212 ms  253 ms  1.53 s       0
        model-004.tar.gz   3.4/3.42%       400      6  28.4 ms  212 ms  253 ms  1.53 s       0
        model-005.tar.gz  2.83/2.85%       333      5  28.4 ms  212 ms  253 ms  1.53 s       0
        model-006.tar.gz  2.43/2.44%       285   4.29  28.4 ms  212 ms  253 ms  1.53 s       0
        model-007.tar.gz  2.12/2.14%       250   3.75  28.4 ms  212 ms  253 ms  1.53 s       0
        model-197.tar.gz  0.09/0.09%        10  0.152  28.4 ms  212 ms  253 ms  1.53 s       0
        model-199.tar.gz  0.09/0.09%        10   0.15  28.4 ms     4 s  253 ms  1.53 s       0
        190 more models are in report.json
    """)
    assert expected == "\n".join(models_table(records.many_models_load(), 98))


def test_twelve_models_are_all_shown(records):
    """A list of twelve models is not cut."""
    assert len(models_table(records.many_models_load(12), 98)) == 14


def test_many_checks_are_counted(records):
    """Of 200 checks all failed and a few passed ones are shown, the others counted."""
    lines = list(lines_of_test(records.of_test(records.many_models_load()), 100))
    assert lines[-1] == "  191 more checks passed; they are in report.json"
    assert sum(line.startswith("  FAIL ") for line in lines) == 1
    assert sum(line.startswith("  PASS ") for line in lines) == 8


def test_passing_checks_of_many_models_are_counted(records):
    """The line of passed checks names the first four and counts the rest."""
    checks = [records.check(scope=f"m{number}", observed=100 + number) for number in range(200)]
    load = records.single_model_load(checks=checks)
    assert text_of(records.of_test(load), 300).splitlines()[-1] == (
        "  200 checks passed: m0 p95 100 ms (<= 250 ms), m1 p95 101 ms (<= 250 ms), m2 p95 102 ms (<= 250 ms), "
        "m3 p95 103 ms (<= 250 ms), and 196 more"
    )


WIDE_CHECKS = """
    verdict  scope             metric      limit                     observed  95% interval          n (n_eff)  from
    FAIL     xgboost-1.tar.gz  p95         <= 400 ms                   812 ms  [640 ms, 1.22 s]      751 (402)  [1]
    PASS?    total             tps         >= 96% of 50 TPS offered  49.8 TPS  [47.3, 52.3]              3,000  [2]
    PASS     total             p95         <= 250 ms                   212 ms  [204 ms, 221 ms]  3,000 (1,700)  [2]
    PASS     total             error_rate  <= 1%                           0%  [0%, 0.12%]               3,000  [3]
"""
NARROW_CHECKS = """
    verdict  scope       metric      limit                     observed  from
    FAIL     xgboost-1…  p95         <= 400 ms                   812 ms  [1]
    PASS?    total       tps         >= 96% of 50 TPS offered  49.8 TPS  [2]
    PASS     total       p95         <= 250 ms                   212 ms  [2]
    PASS     total       error_rate  <= 1%                           0%  [3]
"""
LEGEND = ["?: not proven, the interval reaches over the limit"]


@pytest.mark.parametrize(
    ("width", "expected", "below"),
    [
        (112, WIDE_CHECKS, LEGEND),
        (78, NARROW_CHECKS, ["not shown in 78 columns: n (n_eff), 95% interval", *LEGEND]),
    ],
)
def test_checks_are_fitted_to_the_terminal(records, width, expected, below):
    """Origins go below first, then the sample sizes and the interval; verdict, scope, metric, limit, value stay."""
    lines = checks_table(records.failing_checks(), width)
    assert exactly(expected).splitlines() == lines[:5]
    assert below == lines[8:]
    assert all(len(line) <= width for line in lines)


def test_the_interval_of_a_percentile_fits_80_columns(records):
    """A table of latency limits keeps its intervals in 80 columns, with the names shortened where that is enough."""
    checks = [records.check(scope=name, interval=(204.0, 221.0), n_eff=1700) for name in ("xgboost-10.tar.gz", "total")]
    expected = exactly("""
        verdict  scope        metric  limit      observed  95% interval      from
        PASS     xgboost-10…  p95     <= 250 ms    212 ms  [204 ms, 221 ms]  [1]
        PASS     total        p95     <= 250 ms    212 ms  [204 ms, 221 ms]  [1]
        [1] perf_budget mark
        not shown in 76 columns: n (n_eff)
    """)
    assert expected == "\n".join(checks_table(checks, 76))


def test_facts_alone_have_no_column_of_intervals(records):
    """Where no check has an interval there is no column of dashes, nor anything said to be missing."""
    checks = [records.check("max", 800.0, "<= 1 s"), records.check("requests", 3000, ">= 100")]
    expected = exactly("""
        verdict  scope  metric    limit   observed  n (n_eff)  limit comes from
        PASS     total  max       <= 1 s    800 ms      3,000  perf_budget mark
        PASS     total  requests  >= 100     3,000      3,000  perf_budget mark
    """)
    assert expected == "\n".join(checks_table(checks, 78))


COLD = ColdStarts(touched=200, p50_ms=1200.0, p95_ms=3000.0, max_ms=4000.0, suspected=3)


@pytest.mark.parametrize(
    ("cold", "expected"),
    [
        ({}, ["cold starts: 200 models, p50 1.2 s, p95 3 s, max 4 s; 3 later suspects"]),
        ({"suspected": 1}, ["cold starts: 200 models, p50 1.2 s, p95 3 s, max 4 s; 1 later suspect"]),
        ({"suspected": 0}, ["cold starts: 200 models, p50 1.2 s, p95 3 s, max 4 s"]),
        ({"touched": 1, "suspected": 0}, ["cold starts: 1 model, 4 s"]),
        ({"max_ms": 101.0, "suspected": 0}, ["cold starts: 200 models, p50 1.2 s, p95 3 s, max 101 ms"]),
        ({"max_ms": 99.0}, []),
        ({"touched": 0, "p50_ms": nan, "p95_ms": nan, "max_ms": nan, "suspected": 0}, []),
    ],
)
def test_cold_starts_are_said_where_they_took_longer(records, cold, expected):
    """First touches of over three times the load's p50, and over 100 ms, have a line, whatever the verdict."""
    load = records.load(total=replace(records.stats(), cold=replace(COLD, **cold)))
    assert expected == cold_lines(load)
    assert text_of(records.of_test(load)).count("cold starts:") == len(expected)


def test_a_load_as_slow_as_its_cold_starts_says_nothing_of_them(records):
    """A first touch below three times the usual latency is no cold start."""
    load = records.load(total=replace(records.stats(scale=50.0), cold=COLD))
    assert cold_lines(load) == []


def test_a_load_without_a_success_says_nothing_of_cold_starts(records):
    """There is no usual latency to compare them with."""
    load = records.load(total=replace(records.stats(scale=None), cold=COLD))
    assert cold_lines(load) == []


@pytest.mark.parametrize(
    ("max_duration", "window_s", "expected"),
    [("4m", 240.0, ", extended to 4m"), ("4m", 100.0, ", extended to 100s"), ("4m", 60.01, ""), (None, 240.0, "")],
)
def test_an_extended_load_says_so(records, max_duration, window_s, expected):
    """The headline tells how long the window became where unproven checks made it longer."""
    profile = {"tps": 50, "duration": "60s", "warmup": "0s", "max_duration": max_duration}
    load = records.load(profile=profile, window_s=window_s)
    assert load_headline(load).endswith(f"50 TPS poisson for 60s, no warm-up{expected}")


def test_without_a_success_there_are_no_latencies(records):
    """Figures that nothing was measured for read "-"; an infinite one reads "∞"."""
    load = records.single_model_load(
        total=records.stats(requests=10, tps=0.0, errors=10, scale=None),
        errors={"Timeout": 10},
        checks=[
            records.check(observed=inf, outcome="fail", interval=(70_000.0, inf), n=10, n_eff=10),
            records.check("mean", nan, "<= 100 ms", outcome="fail", n=0),
        ],
    )
    expected = exactly("""
        FAIL tests/perf/test_abalone.py::test_weighted_traffic
          staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for 60s
            after 10s warm-up
                 requests  TPS  p50  p95  p99  max  errors
          total        10    0    -    -    -    -      10
          errors: 10 of 10 requests (100%)
            Timeout  10
          client: CPU 34% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag
            p95 0.3 ms, p99 1.2 ms, adds 0.01 ms; 0 connects in the window

          verdict  scope  metric  limit      observed  95% interval  n (n_eff)  limit comes from
          FAIL     total  p95     <= 250 ms         ∞  [70 s, ∞]            10  perf_budget mark
          FAIL     total  mean    <= 100 ms         -  -                     0  perf_budget mark
    """)
    assert expected == text_of(records.of_test(load))


def test_nothing_sent_is_shown_without_figures(records):
    """A load that sent nothing has no rates either."""
    load = records.single_model_load(total=records.stats(requests=0, tps=nan, scale=None), checks=[])
    assert models_table(load, 98)[1] == "total         0    -    -    -    -    -       0"


def test_a_client_without_readings_has_no_figures(records):
    """What could not be read about the client is a dash."""
    readings = ("cpu", "delay_p95_ms", "delay_p99_ms", "bias_p95_ms", "lag_bias_p95_ms")
    lags = ("loop_lag_p95_ms", "loop_lag_p99_ms")
    load = records.load(client=records.client(**dict.fromkeys((*readings, *lags), nan)))
    expected = (
        "client: CPU - of a core; client delay p95 -, p99 -, adds - to p95; loop lag p95 -, p99 -, adds -; "
        "0 connects in the window"
    )
    assert expected == client_line(load)


def test_several_loads_are_told_apart(records):
    """Each load of a test has its label, its own profile and its own checks; a load without a budget says so."""
    calm = records.single_model_load(label="calm", profile={"users": 1, "duration": "90s", "warmup": "0s"})
    overload = records.single_model_load(label="overload", checks=[])
    expected = exactly("""
        PASS tests/perf/test_abalone.py::test_weighted_traffic (attempt 2)
          load 'calm': staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 1 user for 90s, no
            warm-up (closed loop: latency from the send)
                 requests  TPS      p50     p95     p99     max  errors
          total     3,000   50  28.4 ms  212 ms  253 ms  1.53 s       0
          client: CPU 34% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag p95 0.3 ms,
            p99 1.2 ms, adds 0.01 ms; 0 connects in the window
          1 check passed: p95 212 ms (<= 250 ms)

          load 'overload': staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 50 TPS poisson for
            60s after 10s warm-up
                 requests  TPS      p50     p95     p99     max  errors
          total     3,000   50  28.4 ms  212 ms  253 ms  1.53 s       0
          client: CPU 34% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag p95 0.3 ms,
            p99 1.2 ms, adds 0.01 ms; 0 connects in the window
          checks: none, this load only measures
    """)
    assert expected == text_of(records.of_test(calm, overload, attempt=2), 112)


def test_stages_have_a_table_of_their_own(records):
    """Each stage is shown with the load it asked for, by its name or its number."""
    profile = {
        "stages": [{"duration": "30s", "tps": 20, "name": "calm"}, {"duration": "2m", "tps": 80, "name": None}],
        "warmup": "10s",
    }
    stages = {"calm": records.stats(600, 20), "2": records.stats(9600, 80)}
    load = records.single_model_load(profile=profile, stages=stages)
    expected = exactly("""
        PASS tests/perf/test_abalone.py::test_weighted_traffic
          staging (abalone-mme-staging) in us-east-1, account 111122223333, http, 2 stages poisson after 10s warm-up: 20
            TPS for 30s, then 80 TPS for 2m
                 requests  TPS      p50     p95     p99     max  errors
          total     3,000   50  28.4 ms  212 ms  253 ms  1.53 s       0

          stage    load  requests  TPS      p50     p95     p99     max  errors
          calm   20 TPS       600   20  28.4 ms  212 ms  253 ms  1.53 s       0
          2      80 TPS     9,600   80  28.4 ms  212 ms  253 ms  1.53 s       0
          client: CPU 34% of a core; client delay p95 0.12 ms, p99 0.81 ms, adds 0.02 ms to p95; loop lag p95 0.3 ms,
            p99 1.2 ms, adds 0.01 ms; 0 connects in the window
          1 check passed: p95 212 ms (<= 250 ms)
    """)
    assert expected == text_of(records.of_test(load), 112)


def test_warnings_notes_and_interruption_are_shown(records):
    """What a reader must know besides is never hidden by kept limits; a simulated endpoint is called that."""
    warning = Finding("client delay p99 was 9 ms", "free a core")
    load = records.single_model_load(
        endpoint=records.local_endpoint,
        transport="boto3",
        transport_reason="moto is active",
        client=records.client(warnings=(warning,), judged=False),
        interrupted=True,
        notes=("smload.toml is looser than the mark",),
    )
    expected = exactly("""
        INTERRUPTED tests/perf/test_abalone.py::test_weighted_traffic
          local (abalone) in us-east-1, boto3 (moto is active), 50 TPS poisson for 60s after 10s warm-up
                 requests  TPS      p50     p95     p99     max  errors
          total     3,000   50  28.4 ms  212 ms  253 ms  1.53 s       0
          simulated: latency and the client's health mean nothing here and were not judged
          warning: client delay p99 was 9 ms; free a core
          interrupted: the figures are those of the part that ran
          note: smload.toml is looser than the mark
    """)
    assert expected == text_of(records.of_test(load))


def test_a_test_without_a_load_is_listed(records):
    """A perf test that ran no load is in the section, as such."""
    expected = "ERROR tests/perf/test_abalone.py::test_weighted_traffic\n  no load was run"
    assert expected == text_of(records.of_test(verdict="invalid"))


def test_a_run_lists_its_tests(records):
    """With -v tests are set apart by a blank line; an interrupted run says so at the end."""
    tests = tuple(records.of_test(nodeid=f"tests/a.py::test_{name}") for name in "ab")
    expected = exactly("""
        ERROR tests/a.py::test_a
          no load was run

        ERROR tests/a.py::test_b
          no load was run
        the run was interrupted; what was measured until then is above
    """)
    assert expected == "\n".join(run_lines(RunResult(started_at="", interrupted=True, tests=tests), verbosity=1))


def test_a_run_without_tests_has_no_lines():
    """Nothing measured, nothing said."""
    assert list(run_lines(RunResult(started_at=""))) == []


def test_control_characters_never_reach_the_terminal(records):
    """An endpoint's own words cannot move the cursor, colour the screen or break lines."""
    load = records.load(errors={"ModelError": 1}, examples={"ModelError": "bad\x1b[31m\r\nnews\x00"})
    assert "    ModelError  1  bad [31m news" in text_of(records.of_test(load)).splitlines()


@pytest.mark.parametrize(
    ("names", "longest", "expected"),
    [
        (["total", "a.tar.gz"], 20, ["total", "a.tar.gz"]),
        (["total", "xgboost-10.tar.gz", "xgboost-20.tar.gz"], 12, ["total", "xgboost-10…", "xgboost-20…"]),
        (["team/fraud-1.tar.gz", "team/churn-1.tar.gz"], 10, ["…fraud-1…", "…churn-1…"]),
        (["total", "one-very-long-model-name"], 10, ["total", "one-very-…"]),
    ],
)
def test_names_lose_first_what_they_share(names, longest, expected):
    """A shared ending goes first, then a shared folder, then the rest of the name."""
    assert expected == shorten_names(names, longest)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"tps": 50, "duration": "60s", "warmup": "10s"}, "50 TPS poisson for 60s after 10s warm-up"),
        (
            {"tps": 1200.5, "arrivals": "uniform", "duration": "1h30m", "warmup": "0s"},
            "1,200.5 TPS uniform for 1h30m, no warm-up",
        ),
        (
            {"users": 20, "duration": "500ms", "warmup": "0s", "max_requests": 1000},
            "20 users for 500ms, no warm-up, at most 1,000 requests (closed loop: latency from the send)",
        ),
        ({"stages": [{"tps": 1, "duration": "9s"}], "warmup": "0s"}, "1 stage poisson, no warm-up: 1 TPS for 9s"),
        (
            {"stages": [{"tps": 1, "duration": "9s"}] * 5, "warmup": "0s"},
            "5 stages poisson, no warm-up: 1 TPS for 9s" + ", then 1 TPS for 9s" * 3 + ", and 1 more",
        ),
        (
            {"stages": {"entries": 120, "first": {"tps": 1, "duration": "9s"}, "sha256": "00"}, "warmup": "0s"},
            "120 stages poisson, no warm-up: 1 TPS for 9s, and 119 more",
        ),
    ],
)
def test_a_profile_in_words(profile, expected):
    """A profile is said as a person would say it."""
    assert expected == profile_words(profile)


NAMES = st.lists(st.text("abz-/._0129é", min_size=1, max_size=60), min_size=1, max_size=20, unique=True)


@given(names=NAMES, width=st.integers(72, 160), requests=st.integers(0, 10**7), scale=st.floats(0.01, 500) | st.none())
@settings(max_examples=20, deadline=None)
def test_tables_fit_whatever_the_models_are_called(records, names, width, requests, scale):
    """Names and figures of any size keep the table within the terminal, one row per model shown."""
    stats = records.stats(requests, tps=requests / 60, errors=requests // 2, scale=scale)
    mix = {name: MixShare(1 / len(names), 1 / len(names)) for name in names}
    load = records.load(models=dict.fromkeys(names, stats), mix=mix, total=stats, checks=[])
    lines = models_table(load, width)
    assert width >= max(map(len, lines))
    remarks = [line for line in lines if line.startswith("not shown") or line.endswith("report.json")]
    assert 2 + (len(names) if len(names) <= 12 else 8) == len(lines) - len(remarks)


def test_what_is_undecided_has_not_passed(records):
    """A comparison that settles nothing is counted apart, and has its own word in the table."""
    vague = replace(records.check("p50", 11.0, "<= 110% of baseline 10 ms"), proven=False, undecided=True)
    load = records.single_model_load(checks=[vague, records.check("p95", 212.0, "<= 250 ms")])
    assert text_of(records.of_test(load)).splitlines()[-1] == "  1 check passed: p95 212 ms (<= 250 ms); 1 undecided"
    alone = records.single_model_load(checks=[vague])
    assert text_of(records.of_test(alone)).splitlines()[-1] == "  0 checks passed; 1 undecided"
    lines = checks_table([records.check("max", 800.0, "<= 1 s"), vague], 100)
    assert ["UNDECIDED", "PASS"] == [line.split()[0] for line in lines[1:3]]
    assert "191 more checks passed" not in "".join(checks_table([vague] * 199, 100))
    assert checks_table([vague] * 199, 100)[-1] == "179 more checks are undecided; they are in report.json"
