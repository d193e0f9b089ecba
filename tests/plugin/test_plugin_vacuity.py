"""Nothing is green without a load: what would pass by having measured or judged nothing is an error, and says so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from resolved_loads import write
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

LOAD = 'users=2, duration="200ms", warmup="0s"'
BARE = """
import pytest

@pytest.mark.perf
def test_bare(): pass
"""
PROFILES = '[profiles.smoke]\nusers = 2\nduration = "200ms"\nwarmup = "0s"\n'


ASKED: dict[str, tuple[list[str], dict[str, str]]] = {
    "option": (["--smload-users", "2", "--smload-duration", "200ms", "--smload-warmup", "0s"], {}),
    "profile": (["--smload-profile", "smoke"], {}),
    "variable": ([], {"SMLOAD_PROFILE": "smoke"}),
}
"""Arguments and environment that say how much load there is."""


@pytest.fixture(scope="module")
def loads(project: MakeProject, staging: str) -> dict[str, PytestRun]:
    """Runs of a bare mark with what is `ASKED`; and of the tests that would hide what their loads measured."""
    limited = {"smload.toml": staging + PROFILES + '[budgets."test_it.py"]\nrequests = 1_000_000\n', "test_it.py": BARE}
    hiding = {"smload.toml": staging + KEYS, "test_it.py": HIDDEN, "test_free.py": NO_LIMITS}
    runs = side_by_side(
        *(partial(project(limited).run, "-m", "perf", *args, env=env) for args, env in ASKED.values()),
        partial(project(hiding).run, "-m", "perf"),
    )
    return dict(zip((*ASKED, "hidden"), runs, strict=True))


def run_inside(pytester: pytest.Pytester, files: dict[str, str], *args: str) -> tuple[int, str]:
    """Exit code and output, both streams, of a run in this process; no load of it is sent."""
    write(pytester, {"conftest.py": "", **files})
    result = pytester.runpytest_inprocess(*args)
    return int(result.ret), result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("by", ASKED)
def test_a_bare_mark_runs_the_load_of_an_option(loads: dict[str, PytestRun], by: str) -> None:
    """Whoever says how much load there is means every perf test: its limits in the file are held against it."""
    run = loads[by]
    assert "1 failed" == run.summary, run.out
    (load,) = run.loads("test_bare")
    assert load["total"]["requests"] > 0
    assert "fail" == load["verdict"]


def test_a_bare_mark_under_a_budget_key_is_an_error_without_a_load(pytester: pytest.Pytester, staging: str) -> None:
    """A key that matches it counts as used, so it may not pass by: it says what is missing."""
    settings = staging + '[budgets."test_it.py"]\np95 = "1s"\n'
    exit_code, out = run_inside(pytester, {"smload.toml": settings, "test_it.py": BARE}, "-m", "perf")
    assert pytest.ExitCode.USAGE_ERROR == exit_code
    assert "test_it.py::test_bare: how much load?" in out


def test_a_bare_mark_nobody_speaks_of_stays_somebody_elses(pytester: pytest.Pytester, staging: str) -> None:
    """The default table is for all tests that are ours, and makes none so."""
    settings = staging + '[budgets.default]\np95 = "1s"\n'
    exit_code, out = run_inside(pytester, {"smload.toml": settings, "test_it.py": BARE}, "-m", "perf")
    assert pytest.ExitCode.OK == exit_code, out
    assert "= 1 passed in " in out


HIDDEN = f"""
import unittest
import pytest

pytestmark = [pytest.mark.perf({LOAD}), pytest.mark.perf_budget(p50="1us")]

@pytest.fixture
def skipping(load_result):
    pytest.skip("in a fixture")

def test_skip(load_result):
    pytest.skip("not today")

def test_skip_in_a_fixture(skipping): pass

def test_skip_before_any_load(sm_endpoint):
    pytest.skip("no load yet")

@pytest.mark.xfail
def test_expected(load_result):
    pytest.skip("not today")

class TestCase(unittest.TestCase):
    def test_skip_case(self):
        self.skipTest("not today")

def test_only_measured(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget=None)

def test_only_replaced(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget={{"p50": "60s"}})

def test_measured_and_judged(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget=None)
    sm_endpoint.load(load_profile)
"""
NO_LIMITS = f"""
import pytest

@pytest.mark.perf({LOAD})
def test_free(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget=None)

@pytest.mark.perf({LOAD})
def test_keyed(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget=None)
"""
KEYS = '[budgets."test_free.py"]\np50 = "1us"\n[budgets."test_free.py::test_keyed"]\np50 = "1us"\n'


@pytest.fixture
def hidden(loads: dict[str, PytestRun]) -> PytestRun:
    """Tests that would hide what their loads measured."""
    return loads["hidden"]


@pytest.mark.parametrize("test", ["test_skip", "test_skip_in_a_fixture", "test_skip_case"])
def test_a_breach_survives_a_skip(hidden: PytestRun, test: str) -> None:
    """What was measured stands: the test fails with its limit, and is not skipped."""
    outcome, text = hidden.junit()[test]
    assert outcome in {"failure", "error"}, hidden.out
    assert "p50 was " in text


@pytest.mark.parametrize("test", ["test_skip_before_any_load", "test_expected"])
def test_other_skips_stay(hidden: PytestRun, test: str) -> None:
    """A test that has sent nothing may be skipped, and one that was expected to fail did."""
    assert "skipped" == hidden.junit()[test][0]


@pytest.mark.parametrize(
    ("test", "source"),
    [
        ("test_only_measured", "the module test_it.py's perf_budget mark"),
        ("test_only_replaced", "the module test_it.py's perf_budget mark"),
        ("test_keyed", 'smload.toml [budgets."test_free.py::test_keyed"]'),
    ],
)
def test_limits_applied_to_no_load_are_an_error(hidden: PytestRun, test: str, source: str) -> None:
    """Limits written for a test that none of its loads was held against judge nothing: an error naming them."""
    outcome, text = hidden.junit()[test]
    assert "error" == outcome
    assert f"no load of this test was held against its limits ({source})" in text


def test_limits_applied_to_one_of_two_loads_are_used(hidden: PytestRun) -> None:
    """One load may only measure where another is judged; limits of a whole file need not hold in each test."""
    assert "failure" == hidden.junit()["test_measured_and_judged"][0]
    assert "passed" == hidden.junit()["test_free"][0]


SKIPPED = f"""
import pytest

@pytest.mark.perf({LOAD})
def test_load(): pass

@pytest.mark.perf({LOAD})
def test_another(): pass

def test_plain(): pass
"""
COUNTED = "smload: 2 perf tests were skipped: each sends load: run it with -m perf or --smload"


@pytest.mark.parametrize(
    "args",
    [["--smload-users=3"], ["--smload-users", "3"], ["--smload-report", "r"], ["-k", "x", "--smload-update-baselines"]],
    ids=" ".join,
)
def test_an_option_without_the_opt_in_is_a_usage_error(
    pytester: pytest.Pytester, staging: str, args: list[str]
) -> None:
    """Whoever gives an option of ours wants a load; all green with every perf test skipped is not what was asked."""
    exit_code, out = run_inside(pytester, {"smload.toml": staging, "test_it.py": SKIPPED}, *args)
    assert pytest.ExitCode.USAGE_ERROR == exit_code
    assert "is given, but this run asks for no load; add -m perf (or --smload)" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("ini", "env"),
    [
        ("[pytest]\naddopts = --smload-users=3\n", {}),
        ("[pytest]\n", {"PYTEST_ADDOPTS": "--smload-users=3"}),
        ("[pytest]\n", {"SMLOAD_USERS": "3"}),
    ],
    ids=["addopts", "PYTEST_ADDOPTS", "SMLOAD_USERS"],
)
@pytest.mark.parametrize("args", [[], ["-q"]], ids=["plain", "-q"])
def test_skipped_perf_tests_are_counted_in_one_line(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    staging: str,
    ini: str,
    env: dict[str, str],
    args: list[str],
) -> None:
    """An option that stands for all runs is no request of this one; how many perf tests did not run is said."""
    for name, value in env.items():
        monkeypatch.setenv(name, value, prepend=" ")
    files = {"smload.toml": staging, "test_it.py": SKIPPED, "pytest.ini": ini}
    exit_code, out = run_inside(pytester, files, *args)
    assert pytest.ExitCode.OK == exit_code, out
    assert 1 == out.count(COUNTED)


def test_they_are_counted_under_xdist_too(project: MakeProject) -> None:
    """Reports reach the process that prints; nothing is said where no perf test was skipped."""
    made = project({"test_it.py": SKIPPED, "test_plain.py": "def test_plain(): pass\n"})
    assert COUNTED in made.run("-n2", plugins=["xdist"], report=False).out
    assert "smload:" not in made.run("test_plain.py", report=False).out


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("pref", "perf"),
        ("prf", "perf"),
        ("Perf", "perf"),
        ("perf_bugdet", "perf_budget"),
        ("perf_bugets", "perf_budget"),
    ],
)
def test_a_misspelt_mark_is_a_collection_error(pytester: pytest.Pytester, name: str, wanted: str) -> None:
    """pytest takes any name for a mark: the load, or its limits, would silently not be there."""
    pytester.makepyfile(
        f"import pytest\n@pytest.mark.perf(users=2)\n@pytest.mark.{name}(p95='1s')\ndef test_it(): pass"
    )
    result = pytester.runpytest_inprocess("-W", "ignore")
    assert pytest.ExitCode.INTERRUPTED == result.ret
    assert f"test_it: mark '{name}': did you mean '{wanted}'?" in result.stdout.str()


@pytest.mark.parametrize("name", ["perfect", "performance", "perf2", "proof", "perl", "budget", "prefix"])
def test_marks_of_other_names_are_nobodys_business(pytester: pytest.Pytester, name: str) -> None:
    """A name that is not a slip for one of ours is left alone."""
    pytester.makepyfile(f"import pytest\n@pytest.mark.{name}\ndef test_it(): pass")
    pytester.runpytest_inprocess("-W", "ignore").assert_outcomes(passed=1)


def test_so_is_a_near_miss_that_is_registered(pytester: pytest.Pytester) -> None:
    """Who registers a mark means it."""
    pytester.makeini("[pytest]\nmarkers = pref: preferred\n")
    pytester.makepyfile("import pytest\n@pytest.mark.pref\ndef test_it(): pass")
    pytester.runpytest_inprocess("--strict-markers").assert_outcomes(passed=1)


MOCKED = """
import pytest
from moto import mock_aws

@pytest.mark.perf(users=2)
@mock_aws
def test_fixture(load_result): pass

@pytest.mark.perf(users=2)
@mock_aws
def test_marks_alone(): pass

@mock_aws
class TestMocked:
    @pytest.mark.perf(users=2)
    def test_in_class(self, load_result): pass
"""


def test_a_mock_that_begins_after_the_load_is_refused(pytester: pytest.Pytester) -> None:
    """The decorator's mock begins when fixtures are done: the load would be real. The sentence has what works."""
    pytester.makepyfile(test_it=MOCKED)
    result = pytester.runpytest_inprocess()
    assert pytest.ExitCode.INTERRUPTED == result.ret
    text = result.stdout.str()
    assert "3 mistakes in perf marks" in text
    for test in ("test_fixture", "test_marks_alone", "TestMocked::test_in_class"):
        assert f"{test}: @mock_aws begins its mock when the fixtures are done" in text
    assert "sm_endpoint.load(load_profile)" in text


MARKED_BY_FOLDER = f"""
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if "whole" in item.name:
            item.add_marker(pytest.mark.perf({LOAD}))
        if "typo" in item.name:
            item.add_marker(pytest.mark.perf(durration="1s"))
        elif "later" not in item.name:
            item.add_marker(pytest.mark.perf_budget(p50="1us"))
"""
LATE = f"""
import pytest

def test_whole(): pass

@pytest.mark.perf({LOAD})
def test_limits(): pass

@pytest.fixture
def limited(request):
    request.node.add_marker(pytest.mark.perf_budget(p50="1us"))

@pytest.mark.perf({LOAD})
def test_later(limited): pass
"""


def test_marks_that_a_conftest_adds_count(project: MakeProject) -> None:
    """A load and limits given in ``pytest_collection_modifyitems`` are sent and held; later ones are an error."""
    run = project({"conftest.py": MARKED_BY_FOLDER, "test_it.py": LATE}).run("-m", "perf")
    assert "2 failed, 1 error" == run.summary, run.out
    assert {"test_whole": "fail", "test_limits": "fail"}.items() <= {
        name: test["verdict"] for name, test in run.tests().items()
    }.items()
    assert "mark perf_budget was added while the test ran, too late for its load" in run.section("test_later")


def test_mistakes_in_marks_that_a_conftest_adds_are_told(pytester: pytest.Pytester) -> None:
    """As those of marks written on the test; without the opt-in the test is skipped."""
    pytester.makeconftest(MARKED_BY_FOLDER)
    pytester.makepyfile(test_it="def test_typo(): pass")
    pytester.runpytest_inprocess().stdout.fnmatch_lines(["*durration*did you mean 'duration'?*"])
    pytester.makepyfile(test_it="def test_whole(): pass")
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)


THREADS = """
import threading
import pytest

@pytest.mark.perf(users=2, duration="200ms", warmup="0s")
def test_in_a_thread(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)
    thread = threading.Thread(target=sm_endpoint.load, args=(load_profile,))
    thread.start()
    thread.join()
"""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_load_in_a_thread_is_refused(project: MakeProject) -> None:
    """It would not be judged; what the thread does of the refusal is no matter."""
    run = project({"test_it.py": THREADS}).run("-m", "perf")
    assert "1 failed" in run.summary, run.out
    assert "sm_endpoint.load was called in a thread" in run.out
