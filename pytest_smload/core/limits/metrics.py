"""What a limit may be about."""

from __future__ import annotations

PER_MILLE = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}
"""Percentile metrics, in thousandths: no rank or sample count is off by a rounding error."""


COLD_METRIC = "cold_p95"
"""The 95th percentile of the models' first touches."""


LATENCY_METRICS = (*PER_MILLE, "mean", "max", COLD_METRIC)


METRICS = (*LATENCY_METRICS, "tps", "error_rate", "errors", "requests")
"""What a limit may be about, in the order checks are shown."""


ERRORS_PREFIX = "errors."
"""A limit on one error kind has the metric ``errors.KIND``."""


AT_LEAST_METRICS = ("tps", "requests")
