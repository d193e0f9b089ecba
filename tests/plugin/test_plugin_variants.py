"""Loads spread over variants, containers and inference components, end to end on the embedded endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

VARIANTS = """
multi_model = false
latency = "2ms"
[variants]
blue = { weight = 9, latency = "2ms" }
green = { weight = 1, latency = "30ms" }
"""
CONTAINERS = """
multi_model = false
containers = { first = "2ms", second = "30ms" }
"""
COMPONENTS = """
multi_model = false
latency = "2ms"
[components]
llm = { latency = "2ms" }
tiny = { latency = "30ms" }
"""
SETTINGS = """
endpoint = "variants"
[endpoints.variants]
scenario = "variants.toml"
[endpoints.containers]
scenario = "containers.toml"
containers = { first = 3, second = 1 }
[endpoints.components]
scenario = "components.toml"
components = { llm = 3, tiny = 1 }
[budgets."test_it.py::test_components"]
each = { p50 = "1s" }
components.tiny = { p50 = "15ms" }
"""
TESTS = """
import pytest
pytestmark = pytest.mark.perf(tps=200, duration="1s", warmup="200ms")

@pytest.mark.perf(variants={"blue": 3, "green": 1})
@pytest.mark.perf_budget(variant="blue", p50="15ms")
@pytest.mark.perf_budget(variant="each", p50="1s")
def test_targeted(load_result):
    assert load_result.route_kind == "variant"
    assert load_result.routes is load_result.variants
    assert load_result.models == load_result.containers == load_result.components == {}
    assert load_result.variants["blue"].p50_ms < load_result.variants["green"].p50_ms
    assert load_result.mix["green"].achieved_share == pytest.approx(0.25, abs=0.02)
    answered = load_result.invoked_variants
    assert {name: each.ok for name, each in answered.items()} == {
        name: stats.ok for name, stats in load_result.variants.items()
    }

def test_split(load_result):
    assert load_result.routes == load_result.mix == {}
    blue, green = load_result.invoked_variants["blue"], load_result.invoked_variants["green"]
    assert blue.ok + green.ok == load_result.ok and blue.share + green.share == pytest.approx(1)
    assert blue.share > 0.75 and blue.p50_ms < green.p50_ms

@pytest.mark.perf(variant="green")
def test_pinned(load_result):
    assert list(load_result.invoked_variants) == ["green"]

@pytest.mark.perf(endpoint="containers")
@pytest.mark.perf_budget(container="first", p50="15ms")
def test_containers(load_result):
    assert load_result.containers["first"].p50_ms < load_result.containers["second"].p50_ms

@pytest.mark.perf(endpoint="components")
def test_components(load_result):
    assert load_result.components["llm"].requests == 150

@pytest.mark.perf(variants={"blue": 1, "gren": 1})
@pytest.mark.perf_budget(error_rate="100%")
def test_misspelt(load_result): pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all of them, with tables."""
    scenarios = {"variants.toml": VARIANTS, "containers.toml": CONTAINERS, "components.toml": COMPONENTS}
    return project({"smload.toml": SETTINGS, "test_it.py": TESTS, **scenarios}).run("-m", "perf", "-v")


def test_each_is_a_scope_with_limits(run: PytestRun) -> None:
    """Checks name what they are of, in the words of its kind; ``each`` goes to those without a limit of their own."""
    assert [run.junit()[name][0] for name in ("test_targeted", "test_split", "test_pinned", "test_containers")] == [
        "passed"
    ] * 4, run.out
    (targeted,), (containers,), (components,) = map(run.loads, ("test_targeted", "test_containers", "test_components"))
    assert [check["scope"] for check in targeted["checks"][1:]] == ["variant blue", "variant green"]
    assert [check["scope"] for check in containers["checks"][1:]] == ["container first"]
    assert [(check["scope"], check["limit"], check["outcome"]) for check in components["checks"][1:]] == [
        ("component llm", "<= 1 s", "pass"),
        ("component tiny", "<= 15 ms", "fail"),
    ]


def test_a_components_failure_is_called_one(run: PytestRun) -> None:
    """Failure and tables say component where it is one, and nothing there says model."""
    failure = run.section("test_components")
    assert "component tiny" in failure
    assert "model" not in failure
    tables = run.out[run.out.index(" smload ===") :]
    for word in ("variant ", "container ", "component "):
        assert f"\n  {word}" in tables or f"  {word}" in tables


def test_who_answered_is_told(run: PytestRun) -> None:
    """SageMaker's own split stands beside the tables; with one variant, pinned, there is nothing to tell."""
    tables = run.out[run.out.index(" smload ===") :]
    assert tables.count("answered by variants: blue ") == 3
    (split,), (pinned,) = run.loads("test_split"), run.loads("test_pinned")
    assert set(split["invoked_variants"]) == {"blue", "green"}
    assert pinned["invoked_variants"]["green"]["share"] == 1


def test_what_the_endpoint_does_not_have_fails_as_its_error(run: PytestRun) -> None:
    """A variant there is none of is the endpoint's to refuse, and told by its own word."""
    (load,) = run.loads("test_misspelt")
    assert load["errors"] == {"ValidationError": load["variants"]["gren"]["errors"]}
    assert load["variants"]["gren"]["ok"] == 0
    assert "invoked_variants" in load
    assert list(load["invoked_variants"]) == ["blue"]


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (
            'variants={"blue": 1, "green": 1}, models=["a", "b"]',
            "models: a load spreads its requests over one thing, and variants have several names too",
        ),
        ('variants={"blue": 1}, variant="blue"', "variants: variant and variants are both given"),
    ],
)
def test_more_than_one_spread_is_refused_in_one_line(project: MakeProject, mark: str, told: str) -> None:
    """At collection, naming the test."""
    tests = f"import pytest\n@pytest.mark.perf(tps=5, {mark})\ndef test_it(load_result): pass\n"
    run = project({"test_it.py": tests}).run("-m", "perf", report=False)

    (line,) = [line for line in run.out.splitlines() if told in line]
    assert line.strip().startswith("test_it: the function's perf mark: ")


def test_a_limit_on_what_the_load_has_not_is_refused(project: MakeProject) -> None:
    """A component's limit is never held against a model of that name."""
    tests = """
import pytest
@pytest.mark.perf(tps=5, models=["a", "b"])
@pytest.mark.perf_budget(component="a", p95="1s")
def test_it(load_result): pass
"""
    run = project({"test_it.py": tests}).run("-m", "perf", report=False)

    assert "component 'a' is limited, but this load's weights are over models" in run.out
