"""A bare ``perf`` mark may be somebody else's."""

from __future__ import annotations

import pytest

TESTS = """
import pytest

@pytest.mark.perf
def test_theirs():
    pass

@pytest.mark.perf
class TestTheirs:
    def test_one(self):
        pass

    async def test_async(self):
        pass
"""


@pytest.mark.parametrize("args", [[], ["-m", "perf"], ["--smload"]], ids=["plain", "-m perf", "--smload"])
def test_bare_mark_without_budget_and_fixture_is_left_alone(pytester: pytest.Pytester, args: list[str]) -> None:
    """Such tests run as ever, with and without opt-in, and need no endpoint."""
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess(
        "--deselect", "test_bare_mark.py::TestTheirs::test_async", *args, "-k", "not async"
    )
    result.assert_outcomes(passed=2, deselected=1)
    assert "smload:" not in result.stdout.str()


@pytest.mark.parametrize(
    "test",
    [
        "@pytest.mark.perf\n@pytest.mark.perf_budget(p95='1s')\ndef test_it(): pass",
        "@pytest.mark.perf\ndef test_it(load_result): pass",
        "@pytest.mark.perf\ndef test_it(sm_endpoint): pass",
        "@pytest.mark.perf\ndef test_it(load_profile): pass",
        "@pytest.mark.perf\n@pytest.mark.usefixtures('load_result')\ndef test_it(): pass",
        "@pytest.mark.perf(users=1)\ndef test_it(): pass",
    ],
    ids=["budget", "load_result", "sm_endpoint", "load_profile", "usefixtures", "arguments"],
)
def test_bare_mark_with_one_of_them_is_ours(pytester: pytest.Pytester, test: str) -> None:
    """A budget, one of our fixtures or an argument makes the test ours."""
    pytester.makepyfile(f"import pytest\n{test}\n")
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)
