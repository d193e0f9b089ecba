"""The table of metrics."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_smload.core.limits.metrics import METRICS, metric_family, metric_named


def test_a_metric_has_words_and_a_unit():
    """What reports call it, and what its numbers are."""
    expected = {
        "p50": ("p50", "ms"),
        "p90": ("p90", "ms"),
        "p95": ("p95", "ms"),
        "p99": ("p99", "ms"),
        "p99_9": ("p99.9", "ms"),
        "mean": ("mean latency", "ms"),
        "max": ("max latency", "ms"),
        "cold_p95": ("cold_p95", "ms"),
        "stalled": ("silence", "ms"),
        "tps": ("TPS", "requests/s"),
        "error_rate": ("error rate", "ratio"),
        "errors": ("errors", "requests"),
        "requests": ("requests", "requests"),
    }

    assert expected == {name: (metric.words, metric.unit) for name, metric in METRICS.items()}


def test_more_is_better_of_rates_and_counts_of_requests():
    """A bare value of these is the least allowed, of all others the most."""
    assert ["tps", "requests"] == [name for name, metric in METRICS.items() if metric.at_least]


def test_what_a_mock_says_nothing_of():
    """Its responses take no time: latency and the rate mean nothing, counts do."""
    assert ["error_rate", "errors", "requests"] == [name for name, metric in METRICS.items() if not metric.timed]


@pytest.mark.parametrize("kind", ["ModelError", "My.Own"])
def test_an_error_kind_is_a_metric_of_the_family_errors(kind):
    """Under its own name, all else as the family's row says."""
    metric = metric_named(f"errors.{kind}")

    assert (f"errors.{kind}", f"{kind} errors", "requests") == (metric.name, metric.words, metric.unit)
    assert "errors" == metric_family(metric.name)


@pytest.mark.parametrize("name", ["p59", "p95.ModelError", ""])
def test_what_has_no_row_is_no_metric(name):
    """Nor has a metric kinds that is not counted by kind."""
    with pytest.raises(KeyError):
        metric_named(name)


def test_reading_limits_imports_no_array_package():
    """Budgets are read at collection, where nothing of a judged load may be paid for."""
    code = "import sys; import pytest_smload.core.limits.sources; print({'numpy', 'scipy'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert "set()" == done.stdout.strip()
