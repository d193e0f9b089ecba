"""Levels of limits, stacked into one budget and applied to a load."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.limits.budget import BUILT_IN, Level, Origin, ScopedLimit, looser_notes, merge
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.measure.scope_name import EACH, TOTAL, ScopeName


def limit(metric: str, value: object, scope: ScopeName = TOTAL, source: str = "the mark") -> ScopedLimit:
    return scope, parse_limit(metric, value, source=source)


def level(origin: Origin, *limits: ScopedLimit) -> Level:
    return Level(origin, limits)


def model(name: str) -> ScopeName:
    return ScopeName("model", name)


def stage(name: str) -> ScopeName:
    return ScopeName("stage", name)


def resolve(*limits: ScopedLimit, origin: Origin = "mark", **load):
    budget, problems = merge([level(origin, *limits)])
    assert problems == []
    return budget.resolve(**({"routes": (), "open_model": True} | load))


def said(limits) -> list[tuple[str, str, str]]:
    return [(str(scope), limit.metric, limit.describe()) for scope, limit in limits]


def test_scope_names():
    """A scope is named as measurements name it."""
    scopes = {
        "total": TOTAL,
        "a.tar.gz": model("a.tar.gz"),
        "each": EACH,
        "each model": ScopeName("each", "model"),
        "each variant": ScopeName("each", "variant"),
        "stage peak": stage("peak"),
        "variant blue": ScopeName("variant", "blue"),
        "container first": ScopeName("container", "first"),
        "component llm": ScopeName("component", "llm"),
        "model variant blue": model("variant blue"),
        "model each variant": model("each variant"),
        "component total": ScopeName("component", "total"),
    }

    assert list(scopes) == list(map(str, scopes.values()))
    assert scopes == {text: ScopeName.parse(text) for text in scopes}


def test_built_in():
    """Without any budget, at most 1 % of the requests may fail; and users must not all wait in vain."""
    expected = [("total", "stalled", "<= 1 s"), ("total", "error_rate", "<= 1%")]

    assert expected == said(merge([BUILT_IN])[0].resolve(routes=(), open_model=False).limits)
    assert expected[1:] == said(merge([BUILT_IN])[0].resolve(routes=(), open_model=True).limits)
    assert BUILT_IN.limits[0][1].source == "built-in"


def test_stronger_level_replaces_per_scope_and_metric():
    """A later level replaces the same metric of the same scope, nothing else; each error kind is a metric."""
    budget, problems = merge(
        [
            BUILT_IN,
            level("default", limit("p95", "1s"), limit("errors.ModelError", 0), limit("p95", "2s", model("a"))),
            level("mark", limit("p95", "500ms"), limit("errors.Timeout", 3)),
            level("key", limit("error_rate", "2%")),
        ]
    )

    expected = [
        ("total", "p95", "<= 500 ms"),
        ("total", "error_rate", "<= 2%"),
        ("total", "errors.ModelError", "<= 0"),
        ("total", "errors.Timeout", "<= 3"),
        ("a", "p95", "<= 2 s"),
    ]
    assert problems == []
    assert expected == said(budget.resolve(routes=["a"], open_model=True).limits)


@given(st.lists(st.dictionaries(st.sampled_from(["p50", "p95", "mean", "max"]), st.integers(1, 999)), max_size=5))
@settings(max_examples=50)
def test_merging_is_overriding_in_order(levels):
    """Merging levels is updating a table of (scope, metric) with each in turn."""
    expected: dict[str, int] = {}
    for entries in levels:
        expected |= entries

    budget, problems = merge(
        level("mark", *(limit(metric, f"{ms}ms") for metric, ms in each.items())) for each in levels
    )

    assert problems == []
    assert expected == {metric: found.at_most for (_, metric), found in budget.limits.items()}


def test_twice_at_one_level():
    """One level may limit a metric of a scope once; the same metric of another scope is another limit."""
    twice = level(
        "mark",
        limit("p95", "250ms"),
        limit("p95", ">= 10ms", source="the other mark"),
        limit("p95", "1s", model("a")),
        limit("p95", "2s", model("a")),
        limit("p95", "2s", EACH),
    )

    budget, problems = merge([twice])

    assert problems == [
        'the other mark: p95 is limited twice, to 250ms and to >= 10ms; keep one (a range is written "40..60")',
        'the mark: p95 of a is limited twice, to 1s and to 2s; keep one (a range is written "40..60")',
    ]
    assert budget.limits[TOTAL, "p95"].at_most == 250


def test_each_gives_every_model_that_limit():
    """A named model's limit replaces each's for that metric, whichever level it is on."""
    budget, _ = merge(
        [
            level("default", limit("p95", "400ms", model("b"))),
            level("mark", limit("p95", "250ms", EACH), limit("p99", "1s", EACH)),
        ]
    )

    expected = [
        ("a", "p95", "<= 250 ms"),
        ("a", "p99", "<= 1 s"),
        ("b", "p95", "<= 400 ms"),
        ("b", "p99", "<= 1 s"),
    ]
    assert expected == said(budget.resolve(routes=["a", "b"], open_model=True).limits)


def test_order():
    """Checks come as total, stages, models in the load's order, metrics in a fixed one, error kinds by name."""
    metrics = ["requests", "errors.Z", "errors.A", "error_rate", "tps", "max", "p50"]
    scopes = [model("a"), model("b"), stage("one"), stage("two"), TOTAL]
    limits = [
        limit(metric, "1s" if metric in ("max", "p50") else "1%" if metric == "error_rate" else 1, scope)
        for metric in metrics
        for scope in scopes
    ]

    found = resolve(*limits, routes=["b", "a"], stages=["two", "one"]).limits

    fixed = ["p50", "max", "tps", "error_rate", "errors.A", "errors.Z", "requests"]
    expected = [(name, metric) for name in ("total", "stage two", "stage one", "b", "a") for metric in fixed]
    assert expected == [(str(scope), limit.metric) for scope, limit in found]


def test_model_outside_the_traffic():
    """Models the load does not have are one problem per place, with the nearest name and what there is."""
    models = [f"xgboost-{number}.tar.gz" for number in range(5)]
    strangers = [limit("p95", "1s", model(name)) for name in ("xgboost-0.tgz", "q", "r", "s", "t")]
    allowed = "(models: 'xgboost-0.tar.gz', 'xgboost-1.tar.gz', 'xgboost-2.tar.gz' and 2 more)"

    found = resolve(*strangers, limit("p99", "1s", model("q")), limit("p95", "2s", model(models[0])), routes=models)

    expected = "the mark: models 'xgboost-0.tgz', 'q', 'r' and 2 more are not in this load's traffic"
    assert found.problems == (f"{expected}; did you mean 'xgboost-0.tar.gz'? {allowed}",)
    assert said(found.limits) == [("xgboost-0.tar.gz", "p95", "<= 2 s")]


def test_model_limit_without_models():
    """Model limits on an endpoint whose traffic names no models say what to do instead."""
    found = resolve(limit("p95", "1s", model("a")), limit("p99", "1s", EACH))

    remedy = "but this load's traffic names no models; limit the total, or give the load models={...}"
    assert found.problems == (
        f"the mark: p99 of each model is limited, {remedy}",
        f"the mark: model 'a' is limited, {remedy}",
    )


def test_unknown_stage():
    """A stage the load does not have is a problem, with the nearest name."""
    found = resolve(limit("p95", "1s", stage("peek")), stages=["ramp", "peak"])

    assert found.problems == (
        "the mark: stage 'peek' is not among this load's stages; did you mean 'peak'? (stages: 'ramp', 'peak')",
    )


def test_stage_limit_without_stages():
    """A stage's limit on a load without stages says what to do instead."""
    found = resolve(limit("p95", "1s", stage("peak")))

    remedy = "but this load has no stages; limit the total, or give the load stages=[...]"
    assert found.problems == (f"the mark: stage 'peak' is limited, {remedy}",)


def test_share_in_a_closed_load():
    """A tps share is a mistake where no rate is offered; a tps number and a share of errors are not."""
    shares = [limit("tps", "96%"), limit("tps", 5, model("a")), limit("errors.ModelError", "1%")]

    found = resolve(*shares, routes=["a"], open_model=False)

    remedy = "write requests/s, such as tps=40, or give the load tps"
    assert found.problems == (
        f"the mark: tps '96%' is a share of the offered rate, and a closed load (users) offers none; {remedy}",
    )
    assert resolve(*shares, routes=["a"], open_model=True).problems == ()


def test_default_table_is_for_all_tests():
    """What the default table says about models, stages and shares a load lacks is left out, shares with a note."""
    source = "smload.toml [budgets.default]"
    limits = [
        limit("p95", "1s", model("a"), source=source),
        limit("p95", "1s", EACH, source=source),
        limit("p95", "1s", stage("peak"), source=source),
        limit("tps", "96%", source=source),
        limit("tps", "96%", EACH, source=source),
    ]

    found = resolve(*limits, origin="default", open_model=False)

    assert found.limits == ()
    assert found.problems == ()
    assert found.notes == (
        f"{source} tps >= 96% of the offered TPS is not checked: a closed load (users) offers no rate",
    )


def test_looser_file_limit():
    """A file's limit that replaces a stricter one of a mark is noted; a stricter one, or a weaker level's, is not."""
    file = 'smload.toml [budgets."tests/perf"]'
    levels = [
        BUILT_IN,
        level("default", limit("p50", "1s", source="smload.toml [budgets.default]")),
        level("mark", limit("p95", "1s"), limit("p50", "10ms"), limit("p99", "1s"), limit("tps", 40)),
        level("mark", limit("p95", "250ms")),
        level("key", limit("p95", "900ms", source=file), limit("p99", "900ms", source=file)),
        level("key", limit("p95", "400ms", source=file), limit("tps", "96%", source=file)),
    ]

    assert looser_notes(levels) == [
        f"{file} p95 <= 400 ms is looser than the mark's <= 250 ms",
        f"{file} tps >= 96% of the offered TPS replaces, in another unit, the mark's >= 40 TPS",
    ]


def test_looser_model_limit_than_each():
    """A file's limit on models that stands in for the mark's on each is noted, once for all of them."""
    key, default = 'smload.toml [budgets."tests/perf"]', "smload.toml [budgets.default]"
    wide = parse_limit("p95", "400ms", source=key)
    levels = [
        level("default", limit("p95", "600ms", model("z"), source=default)),
        level("mark", limit("p95", "250ms", EACH)),
        level("key", *((model(name), wide) for name in "abc")),
    ]

    assert looser_notes(levels) == [
        f"{default} z: p95 <= 600 ms is looser than the mark's <= 250 ms",
        f"{key} a and 2 more: p95 <= 400 ms is looser than the mark's <= 250 ms",
    ]


def test_metrics_have_an_order():
    """Every metric has one place."""
    assert len(set(METRICS)) == len(METRICS)


def test_each_replaces_each():
    """A stronger level's limit on each replaces a weaker one's for that metric, whatever either is over; one level says
    it once."""
    weaker = level("default", limit("p95", "1s", EACH), limit("p50", "9ms", EACH))
    stronger = level("mark", limit("p95", "2s", ScopeName("each", "variant")))

    assert said(merge([weaker, stronger])[0].resolve(routes=["blue"], kind="variant", open_model=True).limits) == [
        ("variant blue", "p50", "<= 9 ms"),
        ("variant blue", "p95", "<= 2 s"),
    ]
    assert merge([level("key", *weaker.limits, *stronger.limits)])[1] == [
        'the mark: p95 of each variant is limited twice, to 1s and to 2s; keep one (a range is written "40..60")'
    ]


@pytest.mark.parametrize(
    ("scope", "routes", "kind", "problem"),
    [
        (
            ScopeName("each", "variant"),
            ["a"],
            "model",
            "p95 of each variant is limited, but this load's weights are over models; limit one of these, or the total",
        ),
        (
            ScopeName("each", "component"),
            [],
            None,
            (
                "p95 of each component is limited, but this load's traffic names no components; limit the total, or "
                "give the load components={...}"
            ),
        ),
        (
            ScopeName("component", "llm"),
            ["blue"],
            "variant",
            "component 'llm' is limited, but this load's weights are over variants; limit one of these, or the total",
        ),
        (
            ScopeName("variant", "gren"),
            ["blue", "green"],
            "variant",
            "variant 'gren' is not in this load's traffic; did you mean 'green'? (variants: 'blue', 'green')",
        ),
        (
            ScopeName("model", "blue"),
            ["blue"],
            "variant",
            "model 'blue' is limited, but this load's weights are over variants; limit one of these, or the total",
        ),
    ],
)
def test_a_limit_of_another_kind_is_a_mistake(scope, routes, kind, problem):
    """A limit holds for what it names, and is never taken for one on something else of that name."""
    found = resolve(limit("p95", "1s", scope), routes=routes, kind=kind)

    assert (found.problems, found.limits) == ((f"the mark: {problem}",), ())
    assert resolve(limit("p95", "1s", scope), origin="default", routes=routes, kind=kind).problems == ()


def test_cold_starts_are_of_models():
    """Variants, containers and components are not loaded by requests: their cold starts are no figure."""
    found = resolve(limit("cold_p95", "1s"), routes=["blue"], kind="variant")

    (problem,) = found.problems
    assert problem.startswith(
        "the mark: cold_p95 is of TargetModels, which are loaded, and this load's weights are over"
    )
    assert resolve(limit("cold_p95", "1s"), origin="default", routes=["blue"], kind="variant").limits == ()
