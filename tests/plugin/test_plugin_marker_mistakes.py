"""Mistakes in marks are a collection error of their file, all of them together."""

from __future__ import annotations

import pytest


def collect_error(pytester: pytest.Pytester, source: str, *args: str) -> str:
    """Return the text of the one collection error of a file with *source*."""
    pytester.makepyfile(test_marks=f"import pytest\n{source}\n")
    result = pytester.runpytest_inprocess(*args)
    assert pytest.ExitCode.INTERRUPTED == result.ret, result.stdout.str()
    assert 1 == result.parseoutcomes()["errors"]
    return result.stdout.str()


USERS = "@pytest.mark.perf(users=2)"
BUDGET = "@pytest.mark.perf_budget"
OF_A_STRANGER = f"""
@pytest.mark.perf(users=2, models={{'xgboost-0': 1, 'xgboost-1': 1}})
{BUDGET}(model='xgbost-0', p95='1s')
"""
STRANGER = (
    "model 'xgbost-0' is not in this load's traffic; did you mean 'xgboost-0'? (models: 'xgboost-0', 'xgboost-1')"
)


@pytest.mark.parametrize(
    ("marks", "sentences"),
    [
        (
            "@pytest.mark.perf(users=2, duratoin='60s')",
            ["test_it: the function's perf mark: unknown key 'duratoin'; did you mean 'duration'? (allowed: users,"],
        ),
        ("@pytest.mark.perf(users=2, duration='60 parsecs')", ["duration: ", "'60 parsecs'"]),
        (
            "@pytest.mark.perf(users=2, p95='1s')",
            ["p95 is a limit; write it in a mark of its own, @pytest.mark.perf_b"],
        ),
        ("@pytest.mark.perf(users=2, duration=60)", ["duration: 60", '"60s"']),
        ("@pytest.mark.perf(users=2, models={'a': 0, 'b': 0})", ["models: ", "0"]),
        ("@pytest.mark.perf(users=2, tps=5)", ["users and tps are both given", "exactly one"]),
        (f"{USERS}\n@pytest.mark.perf(tps=5)", ["users and tps are both given"]),
        (f"{USERS}\n@pytest.mark.perf(users=3)", ["users is given twice, 3 and 2"]),
        ("@pytest.mark.perf(50)", ["takes keyword arguments only, not (50,)"]),
        ("@pytest.mark.perf(users=2, endpoint=3)", ["endpoint: 3 is not the name of a table in smload.toml"]),
        (f"{USERS}\n{BUDGET}('p95')", ["takes keyword arguments only, not ('p95',)", "perf_budget without a limit"]),
        (f"{USERS}\n{BUDGET}(p95=250)", ["p95: 250", "unit"]),
        (f"{USERS}\n{BUDGET}(p96='1s')", ["'p96'; did you mean 'p9"]),
        (f"{USERS}\n{BUDGET}(error_rate=1)", ['1 % or 100 %? write "1%" or "100%"']),
        (f"{USERS}\n{BUDGET}()", ["perf_budget without a limit"]),
        (f"{USERS}\n{BUDGET}(p95='1s')\n{BUDGET}(p95='2s')", ["limited twice"]),
        (OF_A_STRANGER, [STRANGER]),
        (f"{BUDGET}(p95='1s')", ["perf_budget without perf: limits need a load; add @pytest.mark.perf("]),
    ],
)
def test_mistake_names_test_key_and_what_is_allowed(
    pytester: pytest.Pytester, marks: str, sentences: list[str]
) -> None:
    """Each mistake is one sentence in a collection error of the file, without opt-in too."""
    text = collect_error(pytester, f"{marks}\ndef test_it(): pass")
    assert "in perf marks:" in text
    for sentence in ["test_it: ", *sentences]:
        assert sentence in text
    assert "Traceback" not in text


ALL = """
@pytest.mark.perf(userz=2, duration="x")
def test_first(): pass

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.perf_budget(p95="1s")
def test_second(n): pass

def test_third(load_result): pass

def test_plain(): pass
"""


@pytest.mark.parametrize(
    "args", [[], ["-m", "perf"], ["--collect-only"], ["-m", "not perf"], ["-k", "plain"]], ids=" ".join
)
@pytest.mark.parametrize("ci", ["", "true"], ids=["by hand", "in CI"])
def test_all_mistakes_of_a_file_are_one_collection_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, args: list[str], ci: str
) -> None:
    """Whether or not perf tests are selected; a parametrized test's mistake is told once."""
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(test_fine="def test_fine(): pass")
    # In CI pytest repeats the whole of an error in its short summary.
    text, *_summary = collect_error(pytester, ALL, *args).split("short test summary info")
    assert "test_marks.py: 4 mistakes in perf marks:" in text
    assert 1 == text.count("perf_budget without perf")
    for name in ("test_first: ", "test_second: ", "test_third: "):
        assert f"  {name}" in text


def test_other_files_run_on_where_pytest_is_told_to(pytester: pytest.Pytester) -> None:
    """--continue-on-collection-errors runs the rest, and none of the mistaken file."""
    pytester.makepyfile(test_fine="def test_fine(): pass", test_marks=f"import pytest\n{ALL}")
    result = pytester.runpytest_inprocess("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)


def test_mistakes_of_class_module_and_parameter_marks_name_their_place(pytester: pytest.Pytester) -> None:
    """The sentence says whose mark it is."""
    source = """
pytestmark = pytest.mark.perf(users=2, wamrup="1s")

@pytest.mark.perf(tps="many")
class TestIt:
    @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.perf(seed=-1)), 2])
    def test_it(self, n): pass
"""
    text = collect_error(pytester, source)
    assert "test_it: the module test_marks.py's perf mark: unknown key 'wamrup'; did you mean 'warmup'?" in text
    assert "test_it: the class TestIt's perf mark: tps: 'many' is not a number above 0" in text
    assert "test_it[1]: the parameter set's perf mark: seed: -1" in text


@pytest.mark.parametrize("fixture", ["sm_endpoint", "load_result", "load_profile"])
def test_our_fixture_without_the_mark(pytester: pytest.Pytester, fixture: str) -> None:
    """Paid traffic never starts in a plain pytest: the fixture needs the mark, also behind another fixture."""
    source = f"""
@pytest.fixture
def behind({fixture}): return {fixture}

def test_direct({fixture}): pass

def test_behind(behind): pass
"""
    text = collect_error(pytester, source)
    assert f"test_direct: uses {fixture}" in text
    assert f"test_behind: uses {fixture}" in text
    assert "add @pytest.mark.perf" in text


def test_async_tests_are_refused_by_name(pytester: pytest.Pytester) -> None:
    """An async perf test cannot run a load; it is told at collection."""
    source = "@pytest.mark.perf(users=2)\nasync def test_waits(load_result): pass"
    assert "test_waits: is async" in collect_error(pytester, source)
