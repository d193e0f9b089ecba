"""The table of metrics on the server's side, and how limits on them are written."""

from __future__ import annotations

import pytest

from pytest_smload.core.limits.budget import Level, looser_notes, merge
from pytest_smload.core.limits.grammar import parse_limits, parse_server_limit
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.reach import kept_by_all
from pytest_smload.core.limits.regression_grammar import parse_regression
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.limits.sources import budget_from_sources, parse_budget_table, parse_marker_limits
from pytest_smload.core.measure.scope_name import TOTAL

REQUESTS, HOSTS = "AWS/SageMaker", "/aws/sagemaker/Endpoints"

ROWS = {
    "model_latency_p50": (REQUESTS, "ModelLatency", ("p50",), 1e-3, "ms", ""),
    "model_latency_p90": (REQUESTS, "ModelLatency", ("p90",), 1e-3, "ms", ""),
    "model_latency_p95": (REQUESTS, "ModelLatency", ("p95",), 1e-3, "ms", ""),
    "model_latency_p99": (REQUESTS, "ModelLatency", ("p99",), 1e-3, "ms", ""),
    "model_latency_mean": (REQUESTS, "ModelLatency", ("Sum", "SampleCount"), 1e-3, "ms", ""),
    "overhead_latency_mean": (REQUESTS, "OverheadLatency", ("Sum", "SampleCount"), 1e-3, "ms", ""),
    "cpu_utilization_max": (HOSTS, "CPUUtilization", ("Maximum",), 1e-2, "ratio", "vcpu"),
    "cpu_utilization_mean": (HOSTS, "CPUUtilization", ("Sum", "SampleCount"), 1e-2, "ratio", "vcpu"),
    "memory_utilization_max": (HOSTS, "MemoryUtilization", ("Maximum",), 1e-2, "ratio", ""),
    "gpu_utilization_max": (HOSTS, "GPUUtilization", ("Maximum",), 1e-2, "ratio", "gpu"),
    "gpu_memory_utilization_max": (HOSTS, "GPUMemoryUtilization", ("Maximum",), 1e-2, "ratio", "gpu"),
    "disk_utilization_max": (HOSTS, "DiskUtilization", ("Maximum",), 1e-2, "ratio", ""),
    "model_cache_hit": (REQUESTS, "ModelCacheHit", ("Sum", "SampleCount"), 1.0, "ratio", ""),
    "model_loading_wait_max": (REQUESTS, "ModelLoadingWaitTime", ("Maximum",), 1e-3, "ms", ""),
    "loaded_models": (HOSTS, "LoadedModelCount", ("Sum",), 1.0, "models", ""),
    "invocations_per_instance": (REQUESTS, "InvocationsPerInstance", ("Sum",), 1.0, "requests/min", ""),
    "server_5xx": (REQUESTS, "Invocation5XXErrors", ("Sum",), 1.0, "requests", ""),
    "server_4xx": (REQUESTS, "Invocation4XXErrors", ("Sum",), 1.0, "requests", ""),
}


def test_every_row_is_cloudwatchs():
    """Namespace, name, statistics, unit and divisor of each, as AWS documents them."""
    found = {
        name: (row.namespace, row.series, row.statistics, row.scale, row.unit, row.per)
        for name, row in SERVER_METRICS.items()
    }

    assert ROWS == found
    assert not set(METRICS) & set(SERVER_METRICS)
    assert {"model_cache_hit", "loaded_models"} == {name for name, row in SERVER_METRICS.items() if row.at_least}


@pytest.mark.parametrize(
    ("metric", "value", "says"),
    [
        ("model_latency_p95", "40ms", "<= 40 ms"),
        ("model_latency_mean", "10ms..20ms", "10 ms..20 ms"),
        ("cpu_utilization_max", "70%", "<= 70%"),
        ("cpu_utilization_max", 0.7, "<= 70%"),
        ("cpu_utilization_mean", ">= 30%", ">= 30%"),
        ("model_cache_hit", "95%", ">= 95%"),
        ("model_loading_wait_max", "0s", "<= 0 ms"),
        ("loaded_models", 80, ">= 80"),
        ("invocations_per_instance", 4000, "<= 4000 a minute"),
        ("server_5xx", 0, "<= 0"),
        ("server_5xx", "0.1%", "<= 0.1% of invocations"),
    ],
)
def test_it_is_written_as_any_other(metric, value, says):
    """Bare values take the metric's direction; operators and ranges say it."""
    assert says == parse_server_limit(metric, value, source="x").describe()


@pytest.mark.parametrize(
    ("metric", "value", "part"),
    [
        ("model_latency_p95", 40, "needs a unit"),
        ("model_latency_p95", "0ms", "no response takes no time"),
        ("cpu_utilization_max", 70, 'write "70%"'),
        ("cpu_utilization_max", 1, "1 % or 100 %?"),
        ("cpu_utilization_max", "140%", "is more than there is"),
        ("loaded_models", "80%", "is not a count"),
        ("invocations_per_instance", "80%", "write requests a minute, 4000"),
        ("server_5xx", 0.5, "or a share of the invocations"),
    ],
)
def test_a_mistake_says_what_to_write(metric, value, part):
    """One sentence, as for other limits."""
    limits, problems = parse_limits({metric: value}, source="x")

    assert (limits, 1) == ([], len(problems))
    assert part in problems[0]


def test_a_misspelt_one_is_answered_with_the_nearest():
    """As any key."""
    _, problems = parse_limits({"cpu_utilisation_max": "70%"}, source="x")

    assert problems[0].startswith("unknown key 'cpu_utilisation_max'; did you mean 'cpu_utilization_max'?")


def test_in_a_budget_it_merges_and_resolves_as_any_other():
    """Marks, tables and profiles; the strongest holds, and a file's looser one is pointed out."""
    marks, problems = parse_marker_limits({"cpu_utilization_max": "60%", "p95": "1s"}, source="the mark")
    table, mistakes = parse_budget_table({"cpu_utilization_max": "80%", "server_5xx": 0}, source="T")
    assert (problems, mistakes) == ([], [])

    budget, twice, notes = budget_from_sources("a.py::t", marks=[marks], tables={"a.py": table})
    resolved = budget.resolve(routes=["a"], kind="model", open_model=True)

    assert [] == twice
    assert ["T cpu_utilization_max <= 80% is looser than the mark's <= 60%"] == notes
    assert [(TOTAL, "cpu_utilization_max", 0.8), (TOTAL, "server_5xx", 0)] == [
        (scope, limit.metric, limit.at_most) for scope, limit in resolved.server
    ]
    assert {"p95", "error_rate"} == {limit.metric for _, limit in resolved.limits}


def test_twice_in_one_level_is_a_problem():
    """As any other."""
    limits = [(TOTAL, parse_server_limit("server_5xx", value, source="x")) for value in (0, 1)]

    _, problems = merge([Level("mark", limits)])

    assert ['x: server_5xx is limited twice, to 0 and to 1; keep one (a range is written "40..60")'] == problems


def test_a_share_for_a_number_is_said_to_be_another_unit():
    """Which of the two is looser nobody knows."""
    mark = (TOTAL, parse_server_limit("server_5xx", 0, source="the mark"))
    file = (TOTAL, parse_server_limit("server_5xx", "1%", source="T"))

    assert ["T server_5xx <= 1% of invocations replaces, in another unit, the mark's <= 0"] == looser_notes(
        [Level("mark", [mark]), Level("key", [file])]
    )


@pytest.mark.parametrize("scope", [{"model": "a"}, {"model": "each"}, {"stage": "1"}])
def test_a_model_or_stage_has_none(scope):
    """CloudWatch has no figures of single ones: refused, and nothing held silently against the whole."""
    limits, problems = parse_marker_limits({**scope, "server_5xx": 0}, source="M")

    assert [] == limits
    assert ["M: server_5xx: CloudWatch is asked about the whole load only; limit it there"] == problems


def test_a_model_of_a_table_has_none_either():
    """In ``each``, ``models`` and ``stages`` alike."""
    _, problems = parse_budget_table(
        {"each": {"server_5xx": 0}, "models": {"a": {"server_4xx": 0}}, "stages": {"1": {"server_4xx": 1}}},
        source="T",
    )

    assert [
        "T each: server_5xx: CloudWatch is asked about the whole load only; limit it there",
        'T models."a": server_4xx: CloudWatch is asked about the whole load only; limit it there',
        'T stages."1": server_4xx: CloudWatch is asked about the whole load only; limit it there',
    ] == problems


def test_a_regression_budget_on_it_is_refused():
    """In one line: a baseline keeps what the client measured."""
    limits, problems = parse_regression({"cpu_utilization_max": "10%"}, source="x")

    assert [] == limits
    assert [
        (
            "regression: cpu_utilization_max is CloudWatch's, and a baseline keeps what this client measured; limit it "
            "beside regression"
        )
    ] == problems


@pytest.mark.parametrize(
    ("metric", "value", "kept"),
    [
        ("model_cache_hit", "0%", True),
        ("cpu_utilization_mean", ">= 0%", True),
        ("cpu_utilization_mean", "0%..100%", True),
        ("cpu_utilization_mean", ">= 30%", False),
        ("cpu_utilization_max", "100%", True),
        ("cpu_utilization_mean", "30%..100%", False),
        ("server_5xx", "100%", True),
        ("server_5xx", "99%", False),
        ("server_5xx", 0, False),
        ("loaded_models", 0, True),
    ],
)
def test_what_nothing_breaks_is_found(metric, value, kept):
    """A limit that says nothing is refused before the load."""
    limit = parse_server_limit(metric, value, source="x")
    assert isinstance(limit, ServerLimit)

    assert kept == bool(kept_by_all([(TOTAL, limit)]))
