"""OpenMetrics: what the reference parser reads, and labels that stay labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from finished import result

from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
from pytest_smload.exports.gauges import gauges
from pytest_smload.exports.openmetrics import openmetrics

Samples = dict[str, dict[tuple[str, str, str, str], float]]
HOSTILE = [
    '"',
    "\\",
    "\n",
    "\\n",
    '"} 1\n# EOF',
    "a,b=c{d}",
    "<script>alert(1)</script>",
    "::error::x",
    "\x1b[31mred",
    "\u202etxt",
    "\r\x85\u2028line",
    "\ud800",
    "\0",
    "|",
]


def run_of(*tests: tuple[str, int, tuple[LoadResult, ...]]) -> RunResult:
    results = (TestResult(nodeid, attempt, "pass", loads) for nodeid, attempt, loads in tests)
    return RunResult(started_at="2026-01-02T03:04:05+00:00", tests=tuple(results))


def parsed(text: str) -> Samples:
    """Samples by family and (test, load, endpoint, model), as prometheus_client's strict parser reads them."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="prometheus-client is not installed")
    found: Samples = {}
    for family in parser.text_string_to_metric_families(text):
        assert "gauge" == family.type
        for sample in family.samples:
            labels: dict[str, Any] = {"load": "", "model": "", **sample.labels}
            assert {"test", "load", "endpoint", "model"} == set(labels)
            key = tuple(labels[name] for name in ("test", "load", "endpoint", "model"))
            assert key not in found.setdefault(family.name, {})
            found[family.name][key] = sample.value
    return found


def test_figures_by_test_load_endpoint_and_model() -> None:
    """Latency in seconds, rate, error ratio and requests of the load and of each model; checks of the load."""
    found = parsed(openmetrics(run_of(("test_a.py::test_x", 1, (result(label=None),)))))
    whole, model = ("test_a.py::test_x", "", "abalone", ""), ("test_a.py::test_x", "", "abalone", "b.tar.gz")
    load = result()
    assert {
        "smload_latency_p50_seconds": load.p50_ms / 1000,
        "smload_latency_p95_seconds": load.p95_ms / 1000,
        "smload_latency_p99_seconds": load.p99_ms / 1000,
        "smload_tps": load.tps,
        "smload_error_ratio": load.error_rate,
        "smload_requests": load.requests,
        "smload_checks_passed": 1,
        "smload_checks_failed": 2,
        "smload_checks_undecided": 0,
        "smload_passed": 0,
    } == {name: samples[whole] for name, samples in found.items()}
    assert load.models["b.tar.gz"].p95_ms / 1000 == found["smload_latency_p95_seconds"][model]
    assert model not in found["smload_checks_passed"]


def test_what_does_not_exist_is_left_out() -> None:
    """A model without a success has no latency; a run without a load no figure at all."""
    found = parsed(openmetrics(run_of(("t", 1, (result(),)))))
    assert {"a.tar.gz", "b.tar.gz", ""} == {key[3] for key in found["smload_latency_p95_seconds"]}
    assert {"a.tar.gz", "b.tar.gz", "c.tar.gz", ""} == {key[3] for key in found["smload_requests"]}
    assert {} == parsed(openmetrics(run_of()))


def test_loads_of_a_test_are_told_apart() -> None:
    """By label, and by number where that is not enough; of a repeated test the last attempt counts."""
    loads = (result(label=None), result(label="calm"), result(label="calm"), result(label=None))
    found = parsed(openmetrics(run_of(("t", 1, (result(label="old"),)), ("t", 2, loads), ("u", 1, loads[:1]))))
    assert [("t", ""), ("t", "calm"), ("t", "calm #2"), ("t", "#2"), ("u", "")] == [
        key[:2] for key in found["smload_passed"]
    ]


def test_checks_of_a_load_that_is_not_trusted_are_undecided() -> None:
    """An INVALID load keeps and breaks nothing."""
    load = result()
    distrusted = replace(load, client=replace(load.client, valid=False))
    found = parsed(openmetrics(run_of(("t", 1, (distrusted,)))))
    counts = {name: list(samples.values()) for name, samples in found.items() if "checks" in name}
    assert {"smload_checks_passed": [0], "smload_checks_failed": [0], "smload_checks_undecided": [3]} == counts


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_labels_hold_any_text(text: str) -> None:
    """It comes back as it was, controls and what no encoding has written out; no line is torn."""
    load = result(label=text)
    models = {f"{name}{text}": stats for name, stats in load.models.items()}
    run = run_of((text, 1, (replace(load, models=models),)))
    written = openmetrics(run)
    written.encode("utf-8")
    assert not {"\r", "\0", "\x1b", "\x85", "\u2028"} & set(written)
    assert "# EOF\n" == written.splitlines(keepends=True)[-1]
    tests = {key[0] for key in parsed(written)["smload_requests"]}
    shown = text.replace("\r", "\\x0d").replace("\x85", "\\x85").replace("\u2028", "\\x2028")
    shown = shown.replace("\x1b", "\\x1b").replace("\0", "\\x00").replace("\ud800", "\\ud800")
    assert {shown} == tests
    assert len(written.splitlines()) == len(openmetrics(run_of(("t", 1, (load,)))).splitlines())


def test_units_end_names() -> None:
    """As OpenMetrics asks of a family that has one."""
    text = openmetrics(run_of(("t", 1, (result(),))))
    units = dict(line.split()[2:] for line in text.splitlines() if line.startswith("# UNIT"))
    assert {"smload_error_ratio", *(f"smload_latency_{each}_seconds" for each in ("p50", "p95", "p99"))} == set(units)
    assert all(name.endswith(f"_{unit}") for name, unit in units.items())
    assert "" not in {gauge.help for gauge in gauges(run_of(("t", 1, (result(),))))}
