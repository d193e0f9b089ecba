"""The ways to write a perf test: markers alone, load_result, several labelled loads, classes, parameters, unittest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import unittest
import pytest
from pytest_smload import INHERIT, ConfigurationError, InvocationError, LoadProfile, LoadResult

pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")


def test_markers_alone():
    pass


@pytest.mark.perf_budget(p50="1us")
def test_markers_alone_are_gated():
    pass


def test_load_result(load_result, sm_endpoint, load_profile):
    assert isinstance(load_result, LoadResult)
    assert load_result.requests == load_result.ok + load_result.errors.get("ModelError", 0)
    assert set(load_result.models) == {"a.tar.gz", "b.tar.gz"}
    assert load_result.models["a.tar.gz"].p99_ms < 60_000
    assert load_result.verdict == "pass"
    assert [check.metric for check in load_result.checks] == ["error_rate"]


@pytest.mark.usefixtures("load_result")
def test_usefixtures():
    pass


@pytest.fixture
def behind(load_result):
    return load_result


def test_run_once(behind, load_result, request):
    assert behind is load_result is request.getfixturevalue("load_result")


@pytest.fixture
def own_load(sm_endpoint, load_profile):
    return sm_endpoint.load(load_profile, label="own")


def test_loading_fixture_of_the_users(own_load):
    assert own_load.ok


@pytest.mark.perf_budget(p50="1us")
def test_labelled_loads(sm_endpoint, load_profile):
    overload = sm_endpoint.load(load_profile.replace(users=4), label="overload", budget=None)
    assert overload.checks == ()
    limits = {"p50": "1h", "models": {"a.tar.gz": {"requests": 1}}}
    own = sm_endpoint.load(load_profile, label="own limits", budget=limits)
    assert [check.scope for check in own.checks] == ["total", "total", "a.tar.gz"]
    inherited = sm_endpoint.load(load_profile, label="gated", budget=INHERIT)
    assert inherited.verdict == "fail"
    built = LoadProfile(tps=200, duration="200ms", warmup="0s", models={"c.tar.gz": 1})
    assert set(sm_endpoint.load(built, budget=None).models) == {"c.tar.gz"}


def test_replace(load_profile, sm_endpoint):
    assert load_profile.replace(tps=5).users is None
    with pytest.raises(ConfigurationError, match="unknown key 'user'; did you mean 'users'?"):
        load_profile.replace(user=3)
    with pytest.raises(AttributeError):
        load_profile.users = 5
    with pytest.raises(ConfigurationError, match="takes a LoadProfile, such as load_profile; not {'users': 2}"):
        sm_endpoint.load({"users": 2})
    with pytest.raises(ConfigurationError, match="gives none of users, tps and stages"):
        sm_endpoint.load(LoadProfile())
    sm_endpoint.load(load_profile.replace(max_requests=1), budget=None)


def test_invoke(sm_endpoint, load_profile):
    answer = sm_endpoint.invoke("1,2,3", target_model="a.tar.gz")
    assert answer.body == b"[0.5]"
    with pytest.raises(InvocationError) as caught:
        sm_endpoint.invoke(b"1,2,3", target_model="broken.tar.gz")
    assert (caught.value.kind, caught.value.status, caught.value.original_status) == ("ModelError", 424, 500)
    sm_endpoint.load(load_profile, budget=None)


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.perf(models={"z": 1}), id="own")])
def test_parameters(n, load_result):
    pass


@pytest.mark.perf(models={"class": 1})
class TestClass:
    def test_one(self):
        pass

    def test_two(self, load_result):
        pass


@pytest.mark.perf(models={"case": 1})
class TestCase(unittest.TestCase):
    def setUp(self):
        self.ready = True

    def test_unittest(self):
        assert self.ready

    @pytest.mark.perf_budget(p50="1us")
    def test_unittest_breach(self):
        pass


@pytest.fixture(scope="module")
def shared(load_result):
    return load_result


def test_wider_scope(shared):
    pass
"""


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all the tests above."""
    return project({"test_styles.py": TESTS}).run("-m", "perf", "--smload-seed", "3")


def test_every_style_works(run: PytestRun) -> None:
    """Each style runs its load and is gated; what its body claims holds."""
    outcomes = {name: outcome for name, (outcome, _) in run.junit().items()}
    assert {
        "test_markers_alone": "passed",
        "test_markers_alone_are_gated": "failure",
        "test_load_result": "passed",
        "test_usefixtures": "passed",
        "test_run_once": "passed",
        "test_loading_fixture_of_the_users": "passed",
        "test_labelled_loads": "failure",
        "test_replace": "passed",
        "test_invoke": "passed",
        "test_parameters[1]": "passed",
        "test_parameters[own]": "passed",
        "test_one": "passed",
        "test_two": "passed",
        "test_unittest": "passed",
        "test_unittest_breach": "failure",
        "test_wider_scope": "error",
    } == outcomes, run.out


def test_markers_alone_run_one_load(run: PytestRun) -> None:
    """Markers alone are a complete test; load_result runs its load once however it is named."""
    counts = {name: len(test["loads"]) for name, test in run.tests().items()}
    assert 1 == counts["test_markers_alone"] == counts["test_usefixtures"] == counts["test_run_once"]
    assert 1 == counts["test_load_result"] == counts["TestCase::test_unittest"]


def test_fixture_of_the_users_that_loads(run: PytestRun) -> None:
    """A test that names neither sm_endpoint nor load_result itself gets load_result, beside what its fixtures run."""
    assert ["own", None] == [load["label"] for load in run.loads("test_loading_fixture_of_the_users")]


def test_labelled_loads_are_told_apart(run: PytestRun) -> None:
    """Several loads of one test keep their labels, budgets and profiles; the failure names the load."""
    loads = run.loads("test_labelled_loads")
    assert ["overload", "own limits", "gated", None] == [load["label"] for load in loads]
    assert [4, 2, 2, None] == [load["profile"].get("users") for load in loads]
    assert [0, 3, 2, 0] == [len(load["checks"]) for load in loads]
    assert [3, 3, 3, 0] == [load["profile"]["seed"] for load in loads], "options act on load_profile alone"
    assert "load 'gated': p50 was" in run.section("test_labelled_loads")
    assert 1 == run.out.count("smload: load on staging (abalone-mme-staging, us-east-1)")


def test_class_and_module_marks_mean_a_load_for_each_test(run: PytestRun) -> None:
    """Each test of a marked class runs its own load; a parameter set's mark is its own."""
    assert [["class"], ["class"]] == [
        list(run.loads(f"TestClass::{name}")[0]["models"]) for name in ("test_one", "test_two")
    ]
    assert ["z"] == list(run.loads("test_parameters[own]")[0]["models"])


def test_wider_scoped_fixture_is_refused_by_name(run: PytestRun) -> None:
    """A load shared by a module- or session-scoped fixture is refused, naming the fixture."""
    text = run.section("test_wider_scope")
    assert "load_result" in text
    assert "shared" in text
    assert [] == run.loads("test_wider_scope")
