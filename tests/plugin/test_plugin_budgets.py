"""Which limits hold: built-in < file's default < module < class < function < file keys, per scope and metric."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from resolved_loads import write
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

BUDGETS = """
[profiles.smoke]
users = 2
duration = "600ms"
warmup = "0s"
[budgets.default]
p50 = "11h"
mean = "11h"
[budgets."tests/perf"]
p90 = "13h"
[budgets."tests/perf/test_levels.py::TestClass::test_function"]
each = { p50 = "1h" }
models."a.tar.gz" = { p50 = "2h" }
profiles.smoke = { requests = 1 }
max = "10h"
[budgets."tests/perf/test_levels.py::test_parameter"]
max = "3h"
[budgets."tests/perf/test_levels.py::test_parameter[2]"]
max = "4h"
"""
TESTS = """
import pytest

pytestmark = [pytest.mark.perf(profile="smoke"), pytest.mark.perf_budget(p50="21h", p90="21h", max="21h")]

def test_module(): pass

@pytest.mark.perf_budget(p50="22h")
class TestClass:
    @pytest.mark.perf_budget(max="5h", error_rate="50%")
    @pytest.mark.perf_budget(model="b.tar.gz", p90="6h")
    def test_function(self): pass

@pytest.mark.parametrize("n", [1, 2])
def test_parameter(n): pass
"""
STRANGER = "import pytest\n@pytest.mark.perf(users=2, duration='200ms')\ndef test_it(): pass\n"
IN_BODY = """
import pytest
@pytest.mark.perf(tps=40, duration="200ms", warmup="0s")
def test_body(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget={"tps": 50})

@pytest.mark.perf(tps=20, duration="1s", warmup="0s")
@pytest.mark.perf_budget(p95="60s", p99="60s")
def test_short(): pass
"""
NEAR = """
import pytest
@pytest.mark.perf(users=2, duration="600ms", warmup="0s")
def test_near(): pass
"""


@pytest.fixture(scope="module")
def runs(project: MakeProject, staging: str) -> list[PytestRun]:
    """The tests at all levels with the budgets above; `STRANGER`; `IN_BODY`."""
    near = staging.replace('payload = ["0.455,0.365,0.095", "0.35,0.265,0.09"]', 'payload = "payloads/rows.csv"')
    files = {
        "smload.toml": staging + BUDGETS,
        "tests/perf/test_levels.py": TESTS,
        "near/smload.toml": near + '[budgets."test_near.py"]\nrequests = 1\n',
        "near/payloads/rows.csv": "1,2,3\n4,5,6\n",
        "near/test_near.py": NEAR,
    }
    stranger = {
        "smload.toml": staging + '[budgets."test_it.py"]\nmodels."c.tar.gz" = { p95 = "1s" }\n',
        "test_it.py": STRANGER,
    }
    return side_by_side(
        partial(project(files).run, "-m", "perf"),
        partial(project(stranger).run, "-m", "perf", report=False),
        partial(project({"test_it.py": IN_BODY}).run, "-m", "perf", "-W", "error", fresh=True),
    )


@pytest.fixture
def run(runs: list[PytestRun]) -> PytestRun:
    """One run of the tests at all levels with the budgets above."""
    return runs[0]


def test_all_pass(run: PytestRun) -> None:
    """Limits this wide are kept."""
    assert "5 passed" == run.summary, run.out


def test_levels_merge_by_scope_and_metric(run: PytestRun) -> None:
    """The strongest source of each (scope, metric) holds, and the report names it."""
    (load,) = run.loads("test_module")
    sources = {check["metric"]: check["source"] for check in load["checks"]}
    assert {
        "p50": "the module test_levels.py's perf_budget mark",
        "mean": "smload.toml [budgets.default]",
        "p90": 'smload.toml [budgets."tests/perf"]',
        "max": "the module test_levels.py's perf_budget mark",
        "error_rate": "built-in",
    } == sources


def test_each_models_and_profiles(run: PytestRun) -> None:
    """``each`` holds for every model without a limit of its own; ``profiles.NAME`` holds while that profile runs."""
    (load,) = run.loads("TestClass::test_function")
    key = 'smload.toml [budgets."tests/perf/test_levels.py::TestClass::test_function"]'
    mark = "the function's perf_budget mark"
    assert {
        ("total", "p50"): "the class TestClass's perf_budget mark",
        ("total", "p90"): 'smload.toml [budgets."tests/perf"]',
        ("total", "mean"): "smload.toml [budgets.default]",
        ("total", "max"): key,
        ("total", "error_rate"): mark,
        ("total", "requests"): f"{key} profiles.smoke",
        ("a.tar.gz", "p50"): key,
        ("b.tar.gz", "p50"): key,
        ("b.tar.gz", "p90"): mark,
    } == {(check["scope"], check["metric"]): check["source"] for check in load["checks"]}


def test_longer_keys_are_stronger(run: PytestRun) -> None:
    """A key with the parameters' id outranks the one without, and matches nothing else."""
    limits = [
        next(check["limit"] for check in run.loads(f"test_parameter[{n}]")[0]["checks"] if check["metric"] == "max")
        for n in (1, 2)
    ]
    three, four = limits
    assert three != four
    assert "[2]" in next(
        check["source"] for check in run.loads("test_parameter[2]")[0]["checks"] if check["metric"] == "max"
    )


def test_paths_and_keys_are_relative_to_the_file(run: PytestRun) -> None:
    """Payload paths and budget keys of a settings file in a folder below rootdir start at that folder."""
    (load,) = run.loads("test_near")
    sources = {check["metric"]: check["source"] for check in load["checks"]}
    assert {"error_rate": "built-in", "requests": 'near/smload.toml [budgets."test_near.py"]'} == sources
    assert load["total"]["ok"] > 0


def test_looser_limits_of_the_file_are_printed(run: PytestRun) -> None:
    """A file limit looser than the mark's is a note in the record and the summary."""
    (load,) = run.loads("TestClass::test_function")
    (note,) = [note for note in load["notes"] if "looser" in note]
    assert "is looser than the mark's" in note
    assert "is looser than the mark's" in " ".join(run.out.split())


def usage_error(pytester: pytest.Pytester, files: dict[str, str], *args: str) -> str:
    """Return what pytest says instead of running a test."""
    write(pytester, files)
    result = pytester.runpytest_inprocess("-m", "perf", *args)
    assert pytest.ExitCode.USAGE_ERROR == result.ret, result.stdout.str()
    return result.stderr.str()


TWO = """
import pytest
@pytest.mark.perf(users=2)
def test_a(): pass
@pytest.mark.perf(users=2)
def test_b(): pass
"""


def test_key_that_matches_nothing_is_a_usage_error(pytester: pytest.Pytester, staging: str) -> None:
    """A key for a test or file that does not exist is told before any test runs."""
    budgets = '[budgets."test_two.py::test_c"]\np95 = "1s"\n[budgets."test_tow.py"]\np95 = "1s"\n'
    text = usage_error(pytester, {"smload.toml": staging + budgets, "test_two.py": TWO})
    assert 'smload.toml: [budgets."test_two.py::test_c"]: matches no test of test_two.py' in text
    assert 'smload.toml: [budgets."test_tow.py"]: there is no ' in text


@pytest.mark.parametrize("args", [["test_two.py::test_a"], ["-k", "test_a"]], ids=" ".join)
def test_key_of_a_test_that_was_not_selected_is_fine(pytester: pytest.Pytester, staging: str, args: list[str]) -> None:
    """Only a file that was collected whole can say that a key matches nothing."""
    budgets = '[budgets."test_two.py::test_b"]\np95 = "1s"\n'
    write(pytester, {"smload.toml": staging + budgets, "test_two.py": TWO})
    result = pytester.runpytest_inprocess("-m", "perf", *args)
    assert pytest.ExitCode.USAGE_ERROR != result.ret


def test_budget_for_a_model_outside_the_files_traffic(runs: list[PytestRun]) -> None:
    """Where the traffic comes from the file, a stranger among the budgeted models is told before the load."""
    _, run, _ = runs
    assert "model 'c.tar.gz' is not in this load's traffic" in run.out
    assert "smload: load on" not in run.out
    assert "1 error" == run.summary


def test_same_limit_twice_at_one_level(pytester: pytest.Pytester, staging: str) -> None:
    """The same scope and metric twice in one table is an error."""
    budgets = '[budgets."test_two.py"]\np95 = "1s"\nmodels."x{0..1}" = { p95 = "1s" }\nmodels."x0" = { p95 = "2s" }\n'
    text = usage_error(pytester, {"smload.toml": staging + budgets, "test_two.py": TWO})
    assert "is limited twice" in text


@pytest.mark.parametrize(
    ("budgets", "load", "said"),
    [
        ("models.'a.tar.gzz' = { p95 = '1s' }", "users=2", "no load has a model 'a.tar.gzz'; did you mean 'a.tar.gz'?"),
        ("models.other = { p95 = '1s' }", "users=2", "no load has a model 'other' (models: 'a.tar.gz', 'b.tar.gz')"),
        ("stages.noom = { p95 = '1s' }", "stages=STAGES", "no load has a stage 'noom'; did you mean 'noon'?"),
        ("profiles.x.stages.late = { p95 = '1s' }", "users=2", "no load has a stage 'late' (stages: none)"),
    ],
)
def test_strangers_in_the_default_table_are_refused(
    pytester: pytest.Pytester, staging: str, budgets: str, load: str, said: str
) -> None:
    """It is written for all tests; what none of them can have is a mistake, told before any load."""
    settings = f"{staging}[profiles.x]\nusers = 2\n[budgets.default]\n{budgets}\n"
    test = f"import pytest\nSTAGES = [dict(duration='1s', tps=5, name='noon')]\n@pytest.mark.perf({load})\n"
    text = usage_error(pytester, {"smload.toml": settings, "test_it.py": f"{test}def test_it(): pass\n"})
    assert said in text


@pytest.mark.parametrize("args", [[], ["test_other.py"]], ids=["all", "one file"])
def test_what_only_some_loads_have_may_stand_there(pytester: pytest.Pytester, staging: str, args: list[str]) -> None:
    """A stage of another test's load, collected or not, is nobody's mistake."""
    staged = "import pytest\n@pytest.mark.perf(stages=[dict(duration='1s', tps=5, name='noon')])\ndef test_it(): pass\n"
    other = "import pytest\n@pytest.mark.perf(users=2, duration='200ms', warmup='0s')\ndef test_it(): pass\n"
    settings = f"{staging}[budgets.default]\nstages.noon = {{ requests = 1 }}\nmodels.'b.tar.gz' = {{ requests = 1 }}\n"
    write(pytester, {"smload.toml": settings, "test_it.py": staged, "test_other.py": other})
    assert pytest.ExitCode.USAGE_ERROR != pytester.runpytest_inprocess("-m", "perf", "-k", "other", *args).ret


def test_limits_out_of_reach_are_refused_before_any_load(pytester: pytest.Pytester, staging: str) -> None:
    """More than the load offers cannot be kept by any endpoint."""
    test = "import pytest\n@pytest.mark.perf(tps=40)\n@pytest.mark.perf_budget(tps=50)\ndef test_it(): pass\n"
    text = usage_error(pytester, {"smload.toml": staging, "test_it.py": test})
    assert (
        "test_it.py::test_it: the function's perf_budget mark: tps >= 50 TPS cannot be reached: the load offers" in text
    )


def test_too_few_requests_are_told_beforehand_and_no_breach(runs: list[PytestRun]) -> None:
    """A line at collection says how long the load has to be; run all the same, the check is INVALID. So are loads of a
    body refused before they are sent."""
    *_, run = runs
    line = "smload: warning: test_it.py::test_short: p99 needs 368 requests and gets 20 at most (and 1 more)"
    assert line in run.out.partition("collected 2 items")[2]
    assert ["error", "error"] == [run.junit()[name][0] for name in ("test_body", "test_short")], run.out
    assert "tps >= 50 TPS cannot be reached: the load offers 40 requests/s" in run.junit()["test_body"][1]
    (load,) = run.loads("test_short")
    assert "invalid" == load["verdict"]
    notes = {check["metric"]: (check["outcome"], check["note"]) for check in load["checks"]}
    assert "invalid" == notes["p95"][0]
    assert notes["p95"][1].startswith("too few requests: p95 needs 72, has 20")
    assert "too few requests: p95 needs 72, has 20" in run.junit()["test_short"][1]
