"""OTLP: what a collector decodes, and that neither a dead nor a silent one holds anything up."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from finished import result
from otlp_receiver import otlp_receiver

from pytest_smload.core.results.result import RunResult, TestResult
from pytest_smload.errors import ConfigurationError, ReportError
from pytest_smload.exports.otel import check_otel, collector, send_metrics
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otlp_receiver import Receiver

pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http.metric_exporter", reason="the exporter of OpenTelemetry is not installed"
)
RUN = RunResult(
    started_at="2026-01-02T03:04:05+00:00",
    tests=(TestResult("test_a.py::test_x", 1, "fail", (result(label="calm"),)),),
)
NOW_NS = 1_790_000_000_000_000_000
SECRET = "PLANTED-TOKEN"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the machine that runs the tests say nothing here."""
    import os

    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A collector that OTEL_EXPORTER_OTLP_ENDPOINT names."""
    with otlp_receiver() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        yield found


def attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in pairs}


def test_a_collector_decodes_the_figures(receiver: Receiver) -> None:
    """One request with gauges of the load and each model, their units, and the moment they are of."""
    assert send_metrics(RUN, now_ns=NOW_NS)
    (request,) = receiver.requests
    (resource,) = request.resource_metrics
    (scope,) = resource.scope_metrics
    assert ["/v1/metrics"] == receiver.paths
    assert ("pytest-smload", __version__) == (scope.scope.name, scope.scope.version)
    assert "pytest-smload" == attributes(resource.resource.attributes)["service.name"]
    metrics = {metric.name: metric for metric in scope.metrics}
    assert {
        "smload.latency.p50": "s",
        "smload.latency.p95": "s",
        "smload.latency.p99": "s",
        "smload.tps": "{request}/s",
        "smload.error": "1",
        "smload.requests": "{request}",
        "smload.checks.passed": "{check}",
        "smload.checks.failed": "{check}",
        "smload.checks.undecided": "{check}",
        "smload.passed": "",
    } == {name: metric.unit for name, metric in metrics.items()}
    load = RUN.tests[0].loads[0]
    labels = {"test": "test_a.py::test_x", "load": "calm", "endpoint": "abalone"}
    points = [
        (attributes(point.attributes), point.as_double) for point in metrics["smload.latency.p95"].gauge.data_points
    ]
    assert [
        (labels, load.p95_ms / 1000),
        *((labels | {"model": name}, load.models[name].p95_ms / 1000) for name in ("a.tar.gz", "b.tar.gz")),
    ] == points
    assert {NOW_NS} == {p.time_unix_nano for metric in metrics.values() for p in metric.gauge.data_points}
    assert [2.0] == [point.as_double for point in metrics["smload.checks.failed"].gauge.data_points]


def test_standard_variables_hold(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers, compression, service name and resource attributes are OpenTelemetry's own."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={SECRET}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=staging")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{receiver.url}/elsewhere")
    assert send_metrics(RUN, now_ns=NOW_NS)
    ((headers,), (path,)) = receiver.headers, receiver.paths
    assert (SECRET, "/elsewhere") == (headers["authorization"], path)
    found = attributes(receiver.requests[0].resource_metrics[0].resource.attributes)
    assert ("nightly", "staging") == (found["service.name"], found["deployment.environment"])


def test_two_hundred_models_of_ten_tests_all_arrive(receiver: Receiver) -> None:
    """No limit on the number of label sets drops or sums any."""
    load = result()
    models = {f"m-{number}": load.models["a.tar.gz"] for number in range(300)}
    tests = tuple(TestResult(f"t{number}", 1, "pass", (result(),)) for number in range(10))
    from dataclasses import replace

    wide = tuple(replace(test, loads=(replace(load, models=models),)) for test in tests)
    assert send_metrics(replace(RUN, tests=wide), now_ns=NOW_NS)
    by_name = {metric.name: metric for metric in receiver.requests[0].resource_metrics[0].scope_metrics[0].metrics}
    assert 10 * 301 == len({str(point.attributes) for point in by_name["smload.requests"].gauge.data_points})


@pytest.mark.parametrize(("status", "why"), [(401, "HTTP 401"), (400, "HTTP 400")])
def test_a_refusal_is_one_line(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int, why: str
) -> None:
    """With the status; headers are shown nowhere, nor does OpenTelemetry's own log say more."""
    receiver.status = status
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={SECRET}")
    with caplog.at_level(logging.DEBUG), pytest.raises(ReportError) as raised:
        send_metrics(RUN, now_ns=NOW_NS)
    assert f"metrics were not sent to {receiver.url}: {why}" == str(raised.value)
    assert SECRET not in caplog.text
    assert [] == [record for record in caplog.records if record.name.startswith("opentelemetry")]


def test_nobody_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is shown as scheme and host: what else it says may be a secret."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:{SECRET}@127.0.0.1:9/{SECRET}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with pytest.raises(ReportError) as raised:
        send_metrics(RUN, now_ns=NOW_NS)
    assert str(raised.value).startswith("metrics were not sent to http://127.0.0.1:9: ")
    assert SECRET not in str(raised.value)


def test_a_silent_collector_is_waited_for_within_bounds(receiver: Receiver) -> None:
    """However long the exporter would try, the run goes on."""
    receiver.answers.clear()
    begun = time.monotonic()
    with pytest.raises(ReportError, match=r"it has not answered for 0.2 s$"):
        send_metrics(RUN, now_ns=NOW_NS, longest_s=0.2)
    receiver.answers.set()
    assert time.monotonic() - begun < 10


def test_malformed_variables_are_one_line(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the exporter makes of them, nothing of a header is repeated."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", f"/nowhere/{SECRET}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", f"zip-{SECRET}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.replace("http:", "https:"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with pytest.raises(ReportError) as raised:
        send_metrics(RUN, now_ns=NOW_NS)
    assert SECRET not in str(raised.value)


def test_a_disabled_sdk_sends_nothing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SDK_DISABLED is obeyed."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not send_metrics(RUN, now_ns=NOW_NS)
    assert [] == receiver.requests


def test_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only HTTP with protobuf is spoken; the variable that says otherwise is named."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ConfigurationError) as raised:
        check_otel("--smload-otel")
    assert (
        "--smload-otel: metrics go by http/protobuf, and OTEL_EXPORTER_OTLP_PROTOCOL says otherwise; unset it"
        == str(raised.value)
    )
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf")
    check_otel("--smload-otel")


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that mends it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.metric_exporter", None)
    with pytest.raises(ConfigurationError) as raised:
        check_otel("smload.toml: otel")
    assert (
        "smload.toml: otel: the exporter of OpenTelemetry is not installed: pip install 'pytest-smload[otel]'"
    ) == str(raised.value)


def test_where_metrics_go_by_default() -> None:
    """As OpenTelemetry says: the collector of this machine."""
    assert "http://localhost:4318" == collector()
