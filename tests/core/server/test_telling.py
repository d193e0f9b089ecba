"""CloudWatch's figures turned into checks, reasons, notes and the result's server side."""

from __future__ import annotations

from math import isnan

import pytest
from server_figures import BEGIN, points, window

from pytest_smload.core.limits.grammar import parse_server_limit
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.server.account import Account
from pytest_smload.core.server.cross_check import Counts
from pytest_smload.core.server.readings import read
from pytest_smload.core.server.telling import Figures, lags, told, untold

SENT = Account(sent=1000, answered=1000, at_edges=4, lost=0, service_mean_ms=12.3)


def limits(**written):
    return [(TOTAL, parse_server_limit(name, value, source="the mark")) for name, value in written.items()]


def figures(counted=1000, *, in_all=1100, sent_in_all=1100, account=SENT, samples=1000, **values):
    of = window(2)
    values = {
        "model_latency_mean": {"Sum": [9.8e3 * samples, 0], "SampleCount": [samples, 0]},
        "overhead_latency_mean": {"Sum": [0.9e3 * samples, 0], "SampleCount": [samples, 0]},
        **values,
    }
    found = points(of, **values)
    names = {*values, "server_5xx", "cpu_utilization_max"}
    readings = {name: read(SERVER_METRICS[name], found, of) for name in names}
    return Figures(Counts.of([counted], account), in_all, sent_in_all, 42.0, readings)


def said(written, account=SENT, **facts):
    return told(limits(**written), figures(account=account, **facts), window(2), account)


def test_a_load_as_it_should_be():
    """Its checks, and its server side; no word besides."""
    found = said({"server_5xx": 0}, server_5xx={"Sum": [0, 0]}, cpu_utilization_max={"Maximum": [60.0, 120.0]})

    assert (["pass"], (), ()) == ([check.outcome for check in found.checks], found.reasons, found.notes)
    server = found.server
    assert server is not None
    assert ("2026-09-21T14:14:00+00:00", "2026-09-21T14:16:00+00:00") == (server.window_begin, server.window_end)
    assert (1000, 1000, 1100, 1100, 0, 0) == (
        server.sent,
        server.counted,
        server.sent_in_all,
        server.counted_in_all,
        server.foreign,
        server.uncounted,
    )
    assert (12.3, 9.8, 0.9) == (server.client_ms, server.model_ms, server.overhead_ms)
    assert pytest.approx(1.6) == server.rest_ms
    assert {"model_latency_mean": 9.8, "overhead_latency_mean": 0.9, "server_5xx": 0, "cpu_utilization_max": 0.6} == (
        dict(server.figures)
    )
    assert BEGIN % 60 == 0


def test_a_metric_without_data_fails_its_check():
    """Saying so; the others are held."""
    found = said({"server_5xx": 0, "cpu_utilization_max": "70%"}, server_5xx={"Sum": [0, 0]})

    assert [
        ("pass", ""),
        ("fail", "CloudWatch has no data of CPUUtilization (/aws/sagemaker/Endpoints) for the window"),
    ] == [(check.outcome, check.note) for check in found.checks]
    assert "cpu_utilization_max" not in found.server.figures


@pytest.mark.parametrize(("counted", "outcome"), [(992, "pass"), (980, "invalid")])
def test_clocks_that_differ_a_little_are_no_reason(counted, outcome):
    """All of the load is counted, and a hundredth of the window's on the other side of its edges."""
    found = said({"server_5xx": 0}, counted=counted, server_5xx={"Sum": [0, 0]})

    assert [outcome] == [check.outcome for check in found.checks]
    assert (outcome == "invalid") == ("set this machine's clock right" in found.checks[0].note)


def test_what_was_not_counted_in_time_passes_nothing():
    """How much is missing, and after how long."""
    found = said({"server_5xx": 0}, counted=900, in_all=1000, server_5xx={"Sum": [0, 0]})

    (check,) = found.checks
    assert ("invalid", "incomplete") == (check.outcome, check.cause)
    assert check.note == (
        "undecided: CloudWatch had counted 900 of the 1,000 requests of the window that the model answered after 42s"
    )


def test_a_clock_that_is_wrong_is_named():
    """Everything was counted, but in other periods than this machine's clock says."""
    found = said({"server_5xx": 0}, counted=500, server_5xx={"Sum": [0, 0]})

    assert found.checks[0].note.endswith("and the others of the load beside the window: set this machine's clock right")


def test_without_limits_missing_counts_are_a_note():
    """No check can say it."""
    found = said({}, counted=900, in_all=1000)

    assert ((), 1) == (found.checks, len(found.notes))
    assert found.notes[0].startswith("CloudWatch had counted 900 of the 1,000")


def test_foreign_traffic_is_a_reason():
    """The limits are held all the same."""
    found = said({"server_5xx": 0}, counted=1500, server_5xx={"Sum": [0, 0]})

    assert (1, "pass", 496) == (len(found.reasons), found.checks[0].outcome, found.server.foreign)


def test_a_disagreement_is_a_note():
    """The model alone took longer than the client waited."""
    found = said({}, account=Account(1000, 1000, 4, 0, 5.0))

    assert not found.server.agrees
    assert found.notes == (
        (
            "CloudWatch and the client disagree: on average the server took 10.7 ms (model 9.8 ms, overhead 0.9 ms) "
            "of the 5 ms the client waited; one of them is of other requests"
        ),
    )


def test_a_latency_of_fewer_requests_than_the_model_answered_is_undecided():
    """Statistics come in pieces: 1 % may be missing, and is told."""
    few, some = (said({"model_latency_mean": "20ms"}, samples=count).checks[0] for count in (900, 990))

    assert ("invalid", "pass") == (few.outcome, some.outcome)
    assert "CloudWatch has ModelLatency of 900 of the 1,000 requests the model answered" in few.note
    assert some.note == "990 of the 1,000 requests sent are behind it"


@pytest.mark.parametrize(
    ("name", "values", "late"),
    [
        ("cpu_utilization_max", {}, True),
        ("cpu_utilization_max", {"cpu_utilization_max": {"Maximum": [1.0]}}, True),
        ("cpu_utilization_max", {"cpu_utilization_max": {"Maximum": [1.0, 1.0]}}, False),
        ("server_5xx", {"server_5xx": {"Sum": [0]}}, False),
        ("model_latency_mean", {}, False),
    ],
)
def test_what_may_still_come(name, values, late):
    """Nothing, or not of every period; of requests nobody knows how many periods have one."""
    reading = figures(**values).readings[name]

    assert late == lags(SERVER_METRICS[name], reading, SENT)


def test_a_latency_of_half_the_requests_may_still_come():
    """As many are missing."""
    reading = figures(samples=500).readings["model_latency_mean"]

    assert lags(SERVER_METRICS["model_latency_mean"], reading, SENT)


def test_untold_is_a_failure_of_each_limit():
    """Or a note where there is none."""
    found = untold(limits(server_5xx=0, cpu_utilization_max="70%"), "CloudWatch could not be asked: no")

    assert [("fail", "CloudWatch could not be asked: no")] * 2 == [(each.outcome, each.note) for each in found.checks]
    assert all(isnan(each.observed) for each in found.checks)
    assert ("CloudWatch could not be asked: no",) == untold([], "CloudWatch could not be asked: no").notes
