"""Sources of a load's fields: option > SMLOAD_* > function > class > module > named profile > endpoint > default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from resolved_loads import resolve_loads

if TYPE_CHECKING:
    from typing import Any

PROFILES = """
[endpoints.other]
name = "another"
region = "us-east-1"
endpoint_url = "http://127.0.0.1:9"
payload = ["x"]
accept = "text/csv"
[profiles.smoke]
users = 10
duration = "30s"
warmup = "3s"
seed = 30
[profiles.peak]
tps = 1000
arrivals = "uniform"
"""
TESTS = """
import pytest

pytestmark = pytest.mark.perf(profile="smoke", warmup="2s", timeout="20s", models={"module": 1})

def test_module(): pass

@pytest.mark.perf(seed=1)
def test_function(): pass

@pytest.mark.perf(warmup="1s", seed=5, timeout="10s")
class TestClass:
    def test_class(self): pass

    @pytest.mark.perf(tps=50, models={"function": 2})
    def test_function(self): pass

    @pytest.mark.perf(seed=6, wait="1s")
    class TestNested:
        def test_nested(self): pass

        @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.perf(seed=8))])
        @pytest.mark.perf(seed=7)
        def test_parameter(self, n): pass

class TestDerived(TestClass):
    pass

@pytest.mark.perf(seed=9)
class TestStricter(TestClass):
    pass

@pytest.mark.perf(profile="peak", endpoint="other")
def test_other_profile_and_endpoint(): pass
"""


@pytest.fixture
def files(staging: str) -> dict[str, str]:
    """The tests above and the settings they name."""
    return {"smload.toml": staging + PROFILES, "test_levels.py": TESTS}


def fields(profile: dict[str, Any], *names: str) -> list[Any]:
    """Some fields of a load; None where it is not set."""
    return [profile.get(name) for name in names]


def test_stronger_marks_win_key_by_key(pytester: pytest.Pytester, files: dict[str, str]) -> None:
    """Parameter set > function > inner class > class > base class > module > named profile > endpoint > default."""
    loads = resolve_loads(pytester, files)
    names = ("users", "tps", "duration", "warmup", "seed", "timeout")
    assert [10, None, "30s", "2s", 30, "20s"] == fields(loads["test_module"], *names)
    assert [10, None, "30s", "2s", 1, "20s"] == fields(loads["test_function"], *names)
    assert [10, None, "30s", "1s", 5, "10s"] == fields(loads["TestClass::test_class"], *names)
    assert [None, 50, "30s", "1s", 5, "10s"] == fields(loads["TestClass::test_function"], *names)
    assert [10, None, "30s", "1s", 6, "10s"] == fields(loads["TestClass::TestNested::test_nested"], *names)
    assert [7, 8] == [loads[f"TestClass::TestNested::test_parameter[{n}]"]["seed"] for n in (1, 2)]
    assert [5, 9] == [loads[f"{name}::test_class"]["seed"] for name in ("TestDerived", "TestStricter")]
    assert "shuffled" == loads["test_module"]["order"]
    assert "text/csv" == loads["test_module"]["content_type"]


def test_models_are_replaced_whole(pytester: pytest.Pytester, files: dict[str, str]) -> None:
    """A stronger source's models replace the weaker one's table."""
    loads = resolve_loads(pytester, files)
    assert {"module": 1} == loads["test_module"]["models"]
    assert {"function": 2} == loads["TestClass::test_function"]["models"]


def test_profile_and_endpoint_are_chosen_by_the_strongest_mark(
    pytester: pytest.Pytester, files: dict[str, str]
) -> None:
    """``profile=`` and ``endpoint=`` are fields like the others; the chosen endpoint gives its own traffic."""
    load = resolve_loads(pytester, files)["test_other_profile_and_endpoint"]
    assert [None, 1000, "uniform", "other", "text/csv"] == fields(
        load, "users", "tps", "arrivals", "endpoint", "accept"
    )


def test_options_and_environment_override_marks(pytester: pytest.Pytester, files: dict[str, str]) -> None:
    """Option > SMLOAD_* > marks; setting users clears tps, and the other way round; an empty variable is unset."""
    env = {
        "SMLOAD_USERS": "3",
        "SMLOAD_WARMUP": "7s",
        "SMLOAD_SEED": "77",
        "SMLOAD_TPS": "",
        "SMLOAD_ENDPOINT": "other",
    }
    loads = resolve_loads(pytester, files, "--smload-warmup", "8s", "--smload-duration", "9s", env=env)
    names = ("users", "tps", "duration", "warmup", "seed", "endpoint")
    assert [3, None, "9s", "8s", 77, "other"] == fields(loads["TestClass::test_function"], *names)
    loads = resolve_loads(pytester, files, "--smload-tps", "4.5", "--smload-endpoint", "staging", env=env)
    assert [None, 4.5, "30s", "7s", 77, "staging"] == fields(loads["test_module"], *names)


def test_profile_by_option(pytester: pytest.Pytester, files: dict[str, str]) -> None:
    """--smload-profile chooses the named profile, which stays weaker than marks."""
    loads = resolve_loads(pytester, files, "--smload-profile", "peak")
    assert [None, 1000, "2s"] == fields(loads["test_module"], "users", "tps", "warmup")


@pytest.mark.parametrize(
    ("args", "env", "sentence"),
    [
        (["--smload-users", "many"], {}, "--smload-users: 'many' is not a whole number"),
        (["--smload-duration", "60"], {}, "--smload-duration: '60'"),
        ([], {"SMLOAD_TPS": "fast"}, "SMLOAD_TPS: 'fast' is not a number"),
        ([], {"SMLOAD_USER": "3"}, "SMLOAD_USER: unknown environment variable; did you mean SMLOAD_USERS?"),
        (["--smload-users", "3", "--smload-tps", "5"], {}, "--smload-users and --smload-tps: are both given"),
        (["--smload-transport", "ftp"], {}, "--smload-transport: 'ftp' is not one of http, boto3"),
        (["--smload-profile", "smokee"], {}, "--smload-profile: there is no profile 'smokee'; did you mean 'smoke'?"),
        (["--smload-endpoint", "stagin"], {}, "--smload-endpoint: there is no endpoint 'stagin'; did you mean"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_mistakes_are_usage_errors(
    pytester: pytest.Pytester,
    files: dict[str, str],
    args: list[str],
    env: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong option or variable is one line, exit code 4, before any test runs."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    for name, text in files.items():
        (pytester.path / name).write_text(text)
    result = pytester.runpytest_inprocess("-m", "perf", *args)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert f"ERROR: smload: {sentence}" in result.stderr.str()
    assert "Traceback" not in result.stderr.str()
    assert "passed" not in result.stdout.str()


@pytest.mark.parametrize("signature", ["", "load_profile, sm_endpoint"], ids=["load_result", "load_profile"])
def test_no_amount_of_load_is_told(pytester: pytest.Pytester, staging: str, signature: str) -> None:
    """A load without users, tps or stages says where to give one, before any test runs."""
    pytester.makefile(".toml", smload=staging)
    pytester.makepyfile(test_it=f"import pytest\n@pytest.mark.perf(duration='1s')\ndef test_it({signature}): pass")
    result = pytester.runpytest_inprocess("-m", "perf")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    sentence = "smload: test_it.py::test_it: how much load? give one of users, tps and stages in the perf mark"
    assert sentence in result.stderr.str()
