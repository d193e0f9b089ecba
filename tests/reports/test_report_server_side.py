"""What reports say of the server's side of a load, and of what explains it."""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan

import pytest

from pytest_smload.core.diagnosis.finding import Diagnosis
from pytest_smload.core.limits.evidence import ServerEvidence
from pytest_smload.core.limits.grammar import parse_server_limit
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.results.diagnosed import diagnosed
from pytest_smload.core.results.result import RunResult
from pytest_smload.core.server.server_side import ServerSeries, ServerSide
from pytest_smload.core.server.variant import ServingVariant
from pytest_smload.core.trust.health import Finding
from pytest_smload.reports.json_report import parse_report, run_json
from pytest_smload.reports.junit import junit_properties
from pytest_smload.reports.markdown.report import run_markdown
from pytest_smload.reports.text.failure import failure_text, invalid_text
from pytest_smload.reports.text.terminal import lines_of_test, run_lines
from pytest_smload.reports.words.server_lines import server_figures, server_lines

SERVER = ServerSide(
    window_begin="2026-11-29T12:04:00+00:00",
    window_end="2026-11-29T12:06:00+00:00",
    period_s=60,
    variants=(ServingVariant("AllTraffic", "ml.m5.large", 2, 1.0, 2, 0),),
    sent=3000,
    counted=3000,
    sent_in_all=3400,
    counted_in_all=3400,
    client_ms=12.3,
    model_ms=9.8,
    overhead_ms=0.9,
    rest_ms=1.6,
    figures={
        "cpu_utilization_max": 0.832,
        "cpu_utilization_mean": 0.61,
        "memory_utilization_max": 0.4,
        "server_5xx": 3,
    },
)
COURSE = ServerSeries(
    name="model_latency_mean",
    metric="ModelLatency",
    variant="AllTraffic",
    unit="ms",
    begin_s=-0.2,
    end_s=179.8,
    period_s=60,
    values=(9.8, nan, 12.25),
)
WHY = (
    Diagnosis(
        "cache", "the models do not fit in memory: ModelCacheHit 62%", {"model_cache_hit": 0.62}, "take more of it"
    ),
)
LINES = [
    (
        "CloudWatch, 12:04:00 to 12:06:00 UTC: 3,000 invocations counted, 3,000 sent; mean client 12.3 ms = model "
        "9.8 ms + overhead 0.9 ms + network and client 1.6 ms"
    ),
    "server: CPU 83.2% (mean 61%), memory 40%, 5xx 3 on 2 ml.m5.large",
]
DIAGNOSIS = "diagnosis: the models do not fit in memory: ModelCacheHit 62%; take more of it"


def held(metric, limit, value, **facts):
    facts = {"samples": 100} | facts
    return parse_server_limit(metric, limit, source="the mark").hold(ServerEvidence(TOTAL, value, **facts))


def unwrapped(text: str) -> str:
    """Without the line ends a terminal's width makes."""
    return " ".join(text.split())


def test_what_was_counted_and_whose_the_time_was(records):
    """A line each, and none where nobody asked."""
    assert LINES == server_lines(records.load(server=SERVER))
    assert [] == server_lines(records.load())


def test_a_part_nobody_knows_is_left_out(records):
    """No unknown figure is shown as one."""
    server = replace(SERVER, counted=2998, at_edges=4, client_ms=nan, figures={}, variants=())

    assert [
        "CloudWatch, 12:04:00 to 12:06:00 UTC: 2,998 invocations counted, 3,000 sent (4 under way at its edges)"
    ] == server_lines(records.load(server=server))


@pytest.mark.parametrize("verdict", ["fail", "invalid"])
def test_a_failure_says_it_below_its_table(records, verdict):
    """And an INVALID one too."""
    if verdict == "fail":
        load = records.load(checks=[held("server_5xx", 0, 3)], server=SERVER, diagnosis=WHY)
        text = failure_text(records.of_test(load))
    else:
        client = records.invalid_client(("others were there", "keep them off"))
        text = invalid_text(records.of_test(records.load(client=client, server=SERVER, diagnosis=WHY)))

    for line in (*LINES, DIAGNOSIS):
        assert line in unwrapped(text)


def test_a_load_that_passed_stays_one_line_and_says_it_with_v(records):
    """Nothing of it must be known."""
    test = records.of_test(records.load(server=SERVER, diagnosis=WHY))

    brief = list(run_lines(RunResult(started_at="x", tests=(test,)), 160))
    full = unwrapped("\n".join(lines_of_test(test, 160)))

    assert 2 == len(brief)
    for line in (*LINES, DIAGNOSIS):
        assert line in full


def test_report_md_says_it_of_either(records):
    """Escaped as all text is."""
    for checks in ([held("server_5xx", 0, 3)], [held("server_5xx", 5, 3)]):
        test = records.of_test(records.load(checks=checks, server=SERVER, diagnosis=WHY))
        text = run_markdown(RunResult(started_at="x", tests=(test,))).replace("\\", "")

        for line in (*LINES, DIAGNOSIS):
            assert line in text


@pytest.mark.parametrize(
    ("metric", "limit", "value", "sentence"),
    [
        ("cpu_utilization_max", "70%", 0.85, "max CPU utilization was 85%, limit <= 70% (the mark)"),
        ("model_latency_p95", "40ms", 93.8, "ModelLatency p95 was 93.8 ms, limit <= 40 ms (the mark)"),
        ("loaded_models", 80, 42.5, "loaded models were 42.5, limit >= 80 (the mark)"),
        ("server_5xx", 0, 3, "5xx answers of the model were 3, limit <= 0 (the mark)"),
        (
            "invocations_per_instance",
            4000,
            4567.8,
            "invocations per instance were 4,568 a minute, limit <= 4000 a minute (the mark)",
        ),
        ("model_loading_wait_max", "1s", 2500, "max ModelLoadingWaitTime was 2.5 s, limit <= 1 s (the mark)"),
    ],
)
def test_a_breach_is_one_sentence(records, metric, limit, value, sentence):
    """In each metric's own words and unit."""
    text = failure_text(records.of_test(records.load(checks=[held(metric, limit, value)])))

    assert sentence == text.partition("\n")[0]


def test_no_data_is_told_as_not_measured(records):
    """Never as a figure."""
    check = held("gpu_utilization_max", "70%", None, samples=0, missing="CloudWatch has no data of GPUUtilization")

    text = failure_text(records.of_test(records.load(checks=[check])))

    assert text.startswith(
        "max GPU utilization was not measured, limit <= 70% (the mark); CloudWatch has no data of GPUUtilization\n"
    )


def test_junit_has_its_numbers_with_their_unit(records):
    """As of any check."""
    test = records.of_test(records.load(checks=[held("cpu_utilization_max", "70%", 0.85)]))
    properties = dict(junit_properties(test))

    assert ("ratio", "0.85", "0.7", "fail") == tuple(
        properties[f"smload.total.cpu_utilization_max.{key}"] for key in ("unit", "observed", "at_most", "verdict")
    )


def test_the_course_is_recorded_and_read_back(records):
    """A gap is null there; a report of before there were any is read all the same."""
    run = RunResult(started_at="x", tests=(records.of_test(records.load(server=replace(SERVER, series=(COURSE,)))),))
    text = run_json(run)
    record = json.loads(text)
    (written,) = record["tests"][0]["loads"][0]["server"]["series"]

    assert {
        "name": "model_latency_mean",
        "metric": "ModelLatency",
        "variant": "AllTraffic",
        "unit": "ms",
        "begin_s": -0.2,
        "end_s": 179.8,
        "period_s": 60,
        "values": [9.8, None, 12.25],
    } == written
    server = parse_report(text.encode(), "report.json").tests[0].loads[0].server
    assert server is not None
    # NaN is unlike itself.
    assert repr((COURSE,)) == repr(server.series)
    del record["tests"][0]["loads"][0]["server"]["series"]
    older = parse_report(json.dumps(record).encode(), "report.json").tests[0].loads[0].server
    assert older is not None
    assert () == older.series


def test_figures_have_their_units(records):
    """As the checks on them; one that nobody knows is a number."""
    server = replace(SERVER, figures={"cpu_utilization_max": 0.832, "model_latency_mean": 9.8, "of tomorrow": 1.23456})

    assert [
        ("cpu_utilization_max", "83.2%"),
        ("model_latency_mean", "9.8 ms"),
        ("of tomorrow", "1.235"),
    ] == server_figures(records.load(server=server))
    assert [] == server_figures(records.load())


def test_the_result_explains_itself(records):
    """From its own figures alone, where nobody asked CloudWatch."""
    load = diagnosed(records.load(unsent=300, total=records.stats(tps=31.0)))

    assert ["behind"] == [each.name for each in load.diagnosis]


@pytest.mark.parametrize("why", ["interrupted", "simulated"])
def test_what_was_not_measured_is_not_explained(records, why):
    """A load cut short, and one that took no time."""
    client = records.client(judged=why != "simulated")
    load = records.load(unsent=300, client=client, interrupted=why == "interrupted")

    assert () == diagnosed(load).diagnosis


def test_foreign_traffic_leads_an_invalid_test(records):
    """Cause and remedy."""
    reason = Finding("500 of the 1,500 invocations were not sent by this load", "keep others off")
    text = invalid_text(records.of_test(records.load(client=records.client(valid=False, reasons=(reason,)))))

    assert text.startswith("INVALID: the measurement cannot be trusted: 500 of the 1,500 invocations")
    assert "remedy: keep others off" in text
