"""Sends a run's gauges to an OpenTelemetry collector, once, by OTLP over HTTP; the only importer of OpenTelemetry."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.aws.shown_url import shown_url
from pytest_smload.errors import ConfigurationError, ReportError
from pytest_smload.exports.gauges import gauges
from pytest_smload.exports.plain import encodable, on_its_line
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smload.core.results.result import RunResult

LONGEST_S: Final = 30.0
"""What it may take in all; OTEL_EXPORTER_OTLP_TIMEOUT, 10 s without, is for one try and its repetitions."""
_NAME: Final = "pytest-smload"
_LOGGER: Final = "opentelemetry"
_PREFIX: Final = "OTEL_EXPORTER_OTLP"
_PROTOCOL: Final = "http/protobuf"
_DEFAULT: Final = "http://localhost:4318"


def check_otel(source: str) -> None:
    """Make sure that metrics can be sent as asked for, before any load.

    Args:
        source: Who asked: ``--smload-otel``.

    Raises:
        ConfigurationError: what sends them is not installed, or another protocol is asked for.
    """
    for variable in (f"{_PREFIX}_METRICS_PROTOCOL", f"{_PREFIX}_PROTOCOL"):
        if protocol := os.environ.get(variable, "").strip():
            if protocol != _PROTOCOL:
                raise ConfigurationError(
                    f"{source}: metrics go by {_PROTOCOL}, and {variable} says otherwise; unset it"
                )
            break
    try:
        import opentelemetry.exporter.otlp.proto.http.metric_exporter  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            f"{source}: the exporter of OpenTelemetry is not installed: pip install 'pytest-smload[otel]'"
        ) from None


def collector() -> str:
    """Return where metrics go, as it can be shown."""
    base = os.environ.get(f"{_PREFIX}_ENDPOINT") or _DEFAULT
    return shown_url(os.environ.get(f"{_PREFIX}_METRICS_ENDPOINT") or base)


def send_metrics(run: RunResult, *, now_ns: int, longest_s: float = LONGEST_S) -> bool:
    """Send the gauges of *run* as of *now_ns* since 1970, and return whether they were; not where the SDK is disabled.

    Raises:
        ReportError: the collector did not take them, in one line.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    said: list[str] = []
    thread = threading.Thread(target=_export, args=(run, now_ns, said), name="smload-otel", daemon=True)
    thread.start()
    thread.join(longest_s)
    if thread.is_alive():
        said = [f"it has not answered for {longest_s:g} s"]
    if said:
        raise ReportError(f"metrics were not sent to {collector()}: {said[-1]}")
    return True


def _export(run: RunResult, now_ns: int, said: list[str]) -> None:
    """Send them, and add to *said* why that failed, if it did."""
    try:
        with _heard() as reasons:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.sdk.metrics.export import MetricExportResult

            exporter = OTLPMetricExporter()
            try:
                sent = exporter.export(_data(run, now_ns)) is MetricExportResult.SUCCESS
            finally:
                exporter.shutdown()
            if not sent:
                said.append(reasons[-1] if reasons else "it refused them")
    except Exception as error:  # whatever a variable or the network made of it, the run stands
        # Its text may quote a header of the environment.
        said.append(type(error).__name__)


def _data(run: RunResult, now_ns: int) -> Any:
    from opentelemetry.sdk.metrics.export import (
        Gauge,
        Metric,
        MetricsData,
        NumberDataPoint,
        ResourceMetrics,
        ScopeMetrics,
    )
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    metrics = [
        Metric(
            f"smload.{gauge.name}",
            gauge.help,
            gauge.ucum,
            Gauge(
                [
                    NumberDataPoint(
                        {label: encodable(text) for label, text in labels.items() if text}, 0, now_ns, value
                    )
                    for labels, value in gauge.points
                ]
            ),
        )
        for gauge in gauges(run)
    ]
    scope = InstrumentationScope(_NAME, __version__)
    # What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say is stronger.
    resource = Resource({"service.name": _NAME, "service.version": __version__}).merge(OTELResourceDetector().detect())
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(scope, metrics, "")], "")])


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Keep the exporter's log, which may quote headers and addresses with tokens, to ourselves; why it failed is read
    from it."""
    reasons: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.startswith("opentelemetry.exporter.") and (reason := _reason(record)):
                reasons.append(reason)

    logger, listener = logging.getLogger(_LOGGER), Listener()
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield reasons
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagated


def _reason(record: logging.LogRecord) -> str:
    """What of a log record says why: a status, what the server said to it, or an exception's name."""
    words = []
    for argument in record.args if isinstance(record.args, tuple) else ():
        if isinstance(argument, BaseException):
            words.append(type(argument).__name__)
        elif isinstance(argument, int):
            words.append(f"HTTP {argument}")
    return on_its_line(" ".join(words))
