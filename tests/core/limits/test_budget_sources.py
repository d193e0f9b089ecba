"""Limits from marks, tables and calls, and those that hold for one test."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.limits.cost_limit import COST_METRICS
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.limits.sources import (
    FileBudget,
    budget_from_sources,
    key_matches,
    override_budget,
    parse_budget_table,
    parse_marker_limits,
)
from pytest_smload.errors import ConfigurationError

ALLOWED = ", ".join((*METRICS, "regression"))
SCOPES = "model, variant, container, component, name, stage"
WHOLE = ", ".join((*METRICS, *SERVER_METRICS, *SCALING_METRICS, *COST_METRICS, "regression", "baseline_required"))
TEST = "tests/perf/test_a.py::TestB::test_c[x]"


def said(limits) -> list[tuple[str, str, str]]:
    return [(str(scope), limit.metric, limit.describe()) for scope, limit in limits]


def marked(**kwargs):
    limits, problems = parse_marker_limits(kwargs, source="the mark")
    assert problems == []
    return limits


def table(toml: str, source: str = "smload.toml [budgets.x]") -> FileBudget:
    budget, problems = parse_budget_table(tomllib.loads(toml), source=source)
    assert problems == []
    return budget


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        (
            {"p95": "250ms", "tps": "96%"},
            [("total", "p95", "<= 250 ms"), ("total", "tps", ">= 96% of the offered TPS")],
        ),
        ({"model": "a.tar.gz", "p95": "1s"}, [("a.tar.gz", "p95", "<= 1 s")]),
        ({"model": "m-{1..2}", "max": "1s"}, [("m-1", "max", "<= 1 s"), ("m-2", "max", "<= 1 s")]),
        ({"model": "each", "errors": {"ModelError": 0}}, [("each model", "errors.ModelError", "<= 0")]),
        ({"stage": "peak", "p99": "1s"}, [("stage peak", "p99", "<= 1 s")]),
    ],
)
def test_mark(kwargs, expected):
    """A mark limits the whole load, a model, each model, or a stage."""
    limits = marked(**kwargs)

    assert expected == said(limits)
    assert {limit.source for _, limit in limits} == {"the mark"}


@pytest.mark.parametrize(
    ("kwargs", "problem"),
    [
        ({"p95_ms": 1}, f"unknown key 'p95_ms'; did you mean 'p95'? (allowed: {WHOLE}, {SCOPES})"),
        ({"modle": "a", "p95": "1s"}, f"unknown key 'modle'; did you mean 'model'? (allowed: {WHOLE}, {SCOPES})"),
        ({"p95": 250}, 'p95: 250 needs a unit: write "250ms" or "250s"'),
        ({}, f"perf_budget without a limit; write one such as p95='250ms' (allowed: {WHOLE})"),
        ({"model": "a"}, f"perf_budget without a limit; write one such as p95='250ms' (allowed: {WHOLE})"),
        (
            {"model": "a", "stage": "b", "p95": "1s"},
            "model and stage are both given; a limit is on one of them, so write a perf_budget for each",
        ),
        ({"model": 3, "p95": "1s"}, 'model: 3 is not a model\'s name; write one, or "each" for every model'),
        ({"model": "", "p95": "1s"}, "model: model name '' has 0 characters; a TargetModel has 1 to 1,024"),
        ({"model": "m-{2..1}", "p95": "1s"}, "model: 'm-{2..1}': {2..1} counts down; write {1..2}"),
        ({"stage": 1, "p95": "1s"}, 'stage: 1 is not a stage\'s name; unnamed stages are "1", "2", ...'),
    ],
)
def test_mark_mistake(kwargs, problem):
    """A mistake in a mark is a sentence that begins with the mark's place."""
    expected = [f"the mark: {problem}"]

    assert expected == parse_marker_limits(kwargs, source="the mark")[1]


def test_all_mistakes_of_a_mark_together():
    """Mistakes in scope and limits of one mark are reported together."""
    _, problems = parse_marker_limits({"model": 3, "p95": 250, "tps": "fast"}, source="the mark")

    assert len(problems) == 3


def test_scopes_of_each_kind():
    """Variants, containers and components are limited by name, expanded, each, and in tables of their own, as models
    are; a name longer than the API's is refused."""
    marked = [
        said(parse_marker_limits({kind: name, "p95": "1s"}, source="the mark")[0])
        for kind, name in (("variant", "v-{1..2}"), ("container", "first"), ("component", "each"))
    ]
    assert marked == [
        [("variant v-1", "p95", "<= 1 s"), ("variant v-2", "p95", "<= 1 s")],
        [("container first", "p95", "<= 1 s")],
        [("each component", "p95", "<= 1 s")],
    ]
    tabled = table("""
        variants."v-{1..2}" = { p95 = "1s" }
        containers.first = { tps = ">= 5" }
        components.each = { p50 = "10ms" }
    """)
    assert said(tabled.limits) == [
        ("variant v-1", "p95", "<= 1 s"),
        ("variant v-2", "p95", "<= 1 s"),
        ("container first", "tps", ">= 5 TPS"),
        ("each component", "p50", "<= 10 ms"),
    ]
    assert parse_marker_limits({"component": "x" * 64, "p95": "1s"}, source="m")[1] == [
        f"m: component: component name {'x' * 64!r} has 64 characters; an InferenceComponentName has 1 to 63"
    ]
    assert parse_marker_limits({"variant": "a", "component": "b", "p95": "1s"}, source="m")[1] == [
        "m: variant and component are both given; a limit is on one of them, so write a perf_budget for each"
    ]


TABLE = """
p95 = "250ms"
each = { p99 = "800ms" }
models."a-{0..1}" = { p95 = "400ms" }
models.each = { p50 = "10ms" }
stages.peak = { tps = ">= 40" }
errors.ModelError = 0
profiles.smoke = { tps = ">= 20", each = { p99 = "1s" } }
"""


def test_table():
    """A table has limits of the whole load, of each model, of models and stages; names expand."""
    budget = table(TABLE)

    assert said(budget.limits) == [
        ("total", "p95", "<= 250 ms"),
        ("total", "errors.ModelError", "<= 0"),
        ("each", "p99", "<= 800 ms"),
        ("a-0", "p95", "<= 400 ms"),
        ("a-1", "p95", "<= 400 ms"),
        ("each model", "p50", "<= 10 ms"),
        ("stage peak", "tps", ">= 40 TPS"),
    ]
    assert {limit.source for _, limit in budget.limits} == {"smload.toml [budgets.x]"}


def test_table_for_a_profile():
    """A profile's table has the same grammar, comes after the rest, and names itself as the source."""
    smoke = table(TABLE).profiles["smoke"]

    assert said(smoke) == [("total", "tps", ">= 20 TPS"), ("each", "p99", "<= 1 s")]
    assert {limit.source for _, limit in smoke} == {"smload.toml [budgets.x] profiles.smoke"}


def test_all_mistakes_of_a_table_together():
    """Every mistake names file, table and key, and all come together."""
    wrong = {
        "p95": 250,
        "eech": {},
        "each": {"p95": 3, "each": {}},
        "models": {"a": {"tps": "fast"}, "b": 3, "c-{0..1}": {"p95": "1s"}, "c-1": {"p95": "2s"}, "": {"p95": "1s"}},
        "stages": 3,
        "profiles": {"smoke": {"p59": "1s", "models": 3, "profiles": {}}, "peak": 4},
    }

    _, problems = parse_budget_table(wrong, source="F [T]")

    tables = "each, models, variants, containers, components, names, stages"
    assert problems == [
        'F [T]: p95: 250 needs a unit: write "250ms" or "250s"',
        f"F [T]: unknown key 'eech'; did you mean 'each'? (allowed: {WHOLE}, {tables}, profiles)",
        'F [T] each: p95: 3 needs a unit: write "3ms" or "3s"',
        f"F [T] each: unknown key 'each' (allowed: {ALLOWED})",
        'F [T] models."a": tps: \'fast\' is not a rate; write requests/s, 40, or a share of the offered rate, "96%"',
        'F [T] models."b": 3 is not a table of limits such as { p95 = "250ms" }',
        "F [T] models: model: model name '' has 0 characters; a TargetModel has 1 to 1,024",
        'F [T] stages: 3 is not a table such as stages."NAME" = { p95 = "250ms" }',
        'F [T]: p95 of c-1 is limited twice, to 1s and to 2s; keep one (a range is written "40..60")',
        f"F [T] profiles.smoke: unknown key 'p59'; did you mean 'p99'? (allowed: {WHOLE}, {tables})",
        f"F [T] profiles.smoke: unknown key 'profiles' (allowed: {WHOLE}, {tables})",
        'F [T] profiles.smoke models: 3 is not a table such as models."NAME" = { p95 = "250ms" }',
        'F [T] profiles.peak: 4 is not a table of limits such as { p95 = "250ms" }',
    ]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (3, '3 is not a table of limits such as { p95 = "250ms" }'),
        ({"each": 3}, 'each: 3 is not a table of limits such as { p95 = "250ms" }'),
        ({"profiles": 3}, "profiles: 3 is not a table such as profiles.smoke = { tps = 20 }"),
    ],
)
def test_not_a_table(wrong, problem):
    """A value where a table belongs is refused with an example."""
    (found,) = parse_budget_table(wrong, source="F [T]")[1]

    assert problem in found


@pytest.mark.parametrize(
    "key",
    [
        "default",
        "tests",
        "tests/",
        "tests/perf",
        "tests/perf/test_a.py",
        "tests/perf/test_a.py::TestB",
        "tests/perf/test_a.py::TestB::test_c",
        TEST,
    ],
)
def test_key_matches(key):
    """A key holds for the test it names and for those inside the folder, file, class or function it names."""
    assert key_matches(key, TEST)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "tests/per",
        "perf",
        "tests/perf/test_a",
        "tests/perf/test_a.py:",
        "tests/perf/test_a.py::Test",
        "tests/perf/test_a.py::TestB::test_c[",
        "tests/perf/test_a.py::TestB::test_c[x]y",
        "test",
    ],
)
def test_key_does_not_match(key):
    """A key never ends inside a name."""
    assert not key_matches(key, TEST)


def test_key_ends_outside_parameters():
    """A boundary character inside a parameter's id, or a bracket in a folder's name, is none."""
    assert not key_matches("t.py::test_x[a", "t.py::test_x[a/b]")
    assert key_matches("[t]/t.py", "[t]/t.py::test_x[a]")
    assert key_matches("[t]", "[t]/t.py")
    assert not key_matches("", "[t]/t.py::test_x[a]")


@given(st.lists(st.sampled_from(["a", "ab", "b"]), min_size=1, max_size=4), st.integers(1, 4))
@settings(max_examples=50)
def test_key_of_a_folder(folders, depth):
    """A key of folders matches exactly the tests under that folder."""
    nodeid = "/".join([*folders, "t.py"]) + "::test_x"

    assert key_matches("/".join(folders[:depth]), nodeid)
    assert not key_matches("/".join(folders[:depth]) + "x", nodeid)


def test_strength():
    """Built-in < default table < module < class < function < file keys by length; a profile's table before its own."""
    tables = {
        "tests/perf/test_a.py::TestB": table('p50 = "7ms"'),
        "tests/perf": table('p50 = "6ms"\nmean = "6ms"\nprofiles.smoke.mean = "6.5ms"\nprofiles.peak.mean = "9ms"'),
        "tests/other": table('max = "1ms"'),
        "default": table('error_rate = "2%"\np90 = "2ms"\np95 = "2ms"\nprofiles.smoke.p90 = "2.5ms"'),
    }
    marks = [
        marked(p95="3ms", p99="3ms", p99_9="3ms", p50="3ms"),
        marked(p99="4ms", p99_9="4ms"),
        [*marked(p99_9="5ms"), *marked(requests=5)],
    ]

    budget, problems, notes = budget_from_sources(TEST, marks=marks, tables=tables, profile="smoke")

    expected = {
        "p50": "<= 7 ms",
        "p90": "<= 2.5 ms",
        "p95": "<= 3 ms",
        "p99": "<= 4 ms",
        "p99_9": "<= 5 ms",
        "mean": "<= 6.5 ms",
        "error_rate": "<= 2%",
        "requests": ">= 5",
    }
    found = budget.resolve(routes=(), open_model=True).limits
    assert expected == {limit.metric: limit.describe() for _, limit in found}
    assert problems == []
    assert notes == ["smload.toml [budgets.x] p50 <= 7 ms is looser than the mark's <= 3 ms"]


def test_without_profile():
    """A profile's limits hold only when that profile runs."""
    tables = {"default": table(TABLE)}

    budget, _, _ = budget_from_sources(TEST, marks=[], tables=tables)

    assert ("total", "tps") not in [(str(scope), metric) for scope, metric in budget.limits]


def test_two_marks_in_one_place():
    """Two marks on one function that limit the same are a problem; on class and function they are not."""
    mark = marked(p95="1s")

    assert budget_from_sources(TEST, marks=[mark, marked(p95="2s")], tables={})[1] == []
    assert budget_from_sources(TEST, marks=[[*mark, *marked(p95="2s")]], tables={})[1] == [
        'the mark: p95 is limited twice, to 1s and to 2s; keep one (a range is written "40..60")'
    ]


def test_override():
    """A load's own budget keeps only the built-in limit beside it."""
    budget = override_budget({"p95": "250ms", "each": {"p99": "1s"}}, source="load 'spike'")

    assert budget is not None
    assert said(budget.resolve(routes=["a"], open_model=True).limits) == [
        ("total", "p95", "<= 250 ms"),
        ("total", "error_rate", "<= 1%"),
        ("a", "p99", "<= 1 s"),
    ]


def test_override_of_the_built_in_limit():
    """A load's own budget may set the error rate itself."""
    budget = override_budget({"error_rate": "50%"}, source="load 'spike'")

    assert budget is not None
    assert said(budget.resolve(routes=(), open_model=True).limits) == [("total", "error_rate", "<= 50%")]


def test_override_with_nothing():
    """None is a load without checks."""
    assert override_budget(None, source="load 'spike'") is None


def test_override_mistakes():
    """All mistakes of a load's own budget are raised together."""
    with pytest.raises(ConfigurationError) as caught:
        override_budget({"p95": 250, "errors": 0}, source="load 'spike'")

    assert caught.value.problems == [
        'load \'spike\': p95: 250 needs a unit: write "250ms" or "250s"',
        "load 'spike': errors: 0 is not a table of kinds like {\"ModelError\": 0}; for all of them write error_rate",
    ]
