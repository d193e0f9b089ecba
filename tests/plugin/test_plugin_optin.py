"""When perf tests run: only where a pytest run asked for load."""

from __future__ import annotations

import pytest

TESTS = """
import pytest

@pytest.mark.slow
@pytest.mark.perf(users=2)
def test_load(load_result):
    raise AssertionError("ran")

@pytest.mark.slow
def test_plain():
    pass
"""
INI = "[pytest]\nmarkers = slow\n"
REASON = "sends load: run it with -m perf or --smload"


@pytest.fixture(autouse=True)
def tests(pytester: pytest.Pytester) -> None:
    """A perf test and a plain one; no endpoint is configured, so opting in is a usage error and sends nothing."""
    pytester.makeini(INI)
    pytester.makepyfile(test_it=TESTS)


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["-k", "test_load or plain"],
        ["test_it.py::test_load", "test_it.py::test_plain"],
        ["-m", "slow"],
        ["-m", "slow and not (perf and foo)"],
    ],
    ids=lambda args: " ".join(args) or "plain",
)
def test_without_opt_in_perf_tests_are_skipped(pytester: pytest.Pytester, args: list[str]) -> None:
    """A plain run, -k, a node id and other marks do not opt in; the skip reason says how to."""
    result = pytester.runpytest_inprocess("-rs", *args)
    result.assert_outcomes(skipped=1, passed=1)
    assert REASON in result.stdout.str()


def test_last_failed_does_not_opt_in(pytester: pytest.Pytester) -> None:
    """--lf after an opted-in failure does not send load by itself."""
    cache = pytester.mkdir(".pytest_cache") / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text('{"test_it.py::test_load": true}')
    pytester.runpytest_inprocess("--lf").assert_outcomes(skipped=1)


def test_not_perf_deselects(pytester: pytest.Pytester) -> None:
    """-m "not perf" leaves the plain tests."""
    pytester.runpytest_inprocess("-m", "not perf").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(
    "args",
    [
        ["-m", "perf"],
        ["-m", "not (not perf)"],
        ["-m", "perf and slow"],
        ["-m", "perf or slow"],
        ["-m", "slow and not (not perf)"],
        ["-m", "perf(users=2)"],
        ["--smload"],
        ["--smload", "-k", "test_load"],
        ["-m", "perf", "test_it.py::test_load"],
    ],
    ids=" ".join,
)
def test_opted_in(pytester: pytest.Pytester, args: list[str]) -> None:
    """The identifier perf in -m outside an odd number of nots, or --smload, asks for load."""
    result = pytester.runpytest_inprocess(*args)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert "no endpoint is configured" in result.stderr.str()


@pytest.mark.parametrize("args", [["-m", "perf", "-k", "plain"], ["--smload", "-m", "not perf"]], ids=" ".join)
def test_opted_in_without_a_perf_test_selected(pytester: pytest.Pytester, args: list[str]) -> None:
    """Where no perf test is selected nothing of an endpoint is asked for."""
    result = pytester.runpytest_inprocess(*args)
    assert result.ret in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def test_unreadable_mark_expression_is_pytests_to_report(pytester: pytest.Pytester) -> None:
    """A -m expression that cannot be parsed gets pytest's own message."""
    result = pytester.runpytest_inprocess("-m", "perf and (")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert "Wrong expression passed to '-m'" in result.stderr.str()


@pytest.mark.parametrize(
    ("expression", "said"),
    [("not " * 3000 + "perf", "smload: -m is nested too deeply to be read"), ("\udcff", "Wrong expression")],
    ids=["3,000 nots", "a surrogate"],
)
def test_an_absurd_mark_expression_is_one_line(pytester: pytest.Pytester, expression: str, said: str) -> None:
    """Neither depth nor bytes that are no text end in a traceback."""
    result = pytester.runpytest_inprocess("-m", expression)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert said in result.stderr.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_five_hundred_nots_are_read(pytester: pytest.Pytester) -> None:
    """An even number of them asks for load, an odd one does not."""
    assert pytest.ExitCode.USAGE_ERROR == pytester.runpytest_inprocess("-m", "not " * 500 + "perf").ret
    pytester.runpytest_inprocess("-m", "not " * 501 + "perf").assert_outcomes(passed=1, deselected=1)
