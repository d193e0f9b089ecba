"""Which endpoint is loaded, and what is said where that cannot be known."""

from __future__ import annotations

import pytest
from resolved_loads import resolve_loads, write

TEST = "import pytest\n@pytest.mark.perf(users=2, duration='1s')\ndef test_it(): raise AssertionError('ran')\n"


def usage_error(pytester: pytest.Pytester, files: dict[str, str], *args: str) -> str:
    """Return what pytest says instead of running a test."""
    write(pytester, files)
    result = pytester.runpytest_inprocess("-m", "perf", *args)
    assert pytest.ExitCode.USAGE_ERROR == result.ret, result.stdout.str()
    assert "AssertionError" not in result.stdout.str()
    assert "Traceback" not in result.stderr.str()
    return result.stderr.str()


def test_no_endpoint_shows_both_ways_out(pytester: pytest.Pytester) -> None:
    """Nothing configured is a usage error before any test runs; it never quietly tests the embedded endpoint."""
    text = usage_error(pytester, {"test_it.py": TEST})
    assert "ERROR: smload: no endpoint is configured" in text
    assert "[endpoints.staging]" in text
    assert "--smload-endpoint local" in text


def test_tables_without_a_default_are_named(pytester: pytest.Pytester, staging: str) -> None:
    """Endpoint tables without ``endpoint =`` do not choose for the user."""
    text = usage_error(pytester, {"test_it.py": TEST, "smload.toml": staging.replace('endpoint = "staging"', "")})
    assert "no endpoint is configured (smload.toml describes staging but names no default)" in text


@pytest.mark.parametrize("name", ["arn:aws:sagemaker:us-east-1:1:endpoint/x", "my-endpoint"])
def test_option_takes_table_names_only(pytester: pytest.Pytester, staging: str, name: str) -> None:
    """--smload-endpoint is the name of a table, never an endpoint's own name."""
    text = usage_error(pytester, {"test_it.py": TEST, "smload.toml": staging}, "--smload-endpoint", name)
    assert f"there is no endpoint '{name}'" in text
    assert "(known: staging, local)" in text


def test_mark_with_unknown_endpoint_or_profile(pytester: pytest.Pytester, staging: str) -> None:
    """Unknown names in marks are told together before any test runs."""
    tests = """
import pytest
@pytest.mark.perf(users=2, endpoint="stagin")
def test_a(): pass
@pytest.mark.perf(profile="smokee")
def test_b(): pass
"""
    text = usage_error(pytester, {"test_it.py": tests, "smload.toml": staging + "[profiles.smoke]\nusers = 2\n"})
    mark = "the function's perf mark"
    assert f"test_it.py::test_a: {mark}: endpoint: there is no endpoint 'stagin'; did you mean 'staging'?" in text
    assert f"test_it.py::test_b: {mark}: profile: there is no profile 'smokee'; did you mean 'smoke'?" in text


def test_pyproject_table_does_what_smload_toml_does(pytester: pytest.Pytester, staging: str) -> None:
    """[tool.smload] of pyproject.toml has the same schema."""
    table = staging.replace("[endpoints.", "[tool.smload.endpoints.").replace(
        "endpoint = ", "[tool.smload]\nendpoint = ", 1
    )
    assert "staging" == resolve_loads(pytester, {"test_it.py": TEST, "pyproject.toml": table})["test_it"]["endpoint"]


def test_both_files_in_one_folder_are_refused(pytester: pytest.Pytester, staging: str) -> None:
    """Two settings files in one folder would be a guess."""
    files = {"test_it.py": TEST, "smload.toml": staging, "pyproject.toml": '[tool.smload]\nendpoint = "local"\n'}
    assert "smload.toml and [tool.smload] of pyproject.toml are in one folder" in usage_error(pytester, files)


def test_nearest_file_wins(pytester: pytest.Pytester, staging: str) -> None:
    """The file is the nearest one from the test file's folder up to rootdir."""
    near = staging.replace('"staging"', '"nearer"').replace("endpoints.staging", "endpoints.nearer")
    files = {
        "smload.toml": staging,
        "test_top.py": TEST.replace("test_it", "test_top"),
        "near/smload.toml": near,
        "near/test_near.py": TEST.replace("test_it", "test_near"),
        "near/below/test_below.py": TEST.replace("test_it", "test_below"),
    }
    loads = resolve_loads(pytester, files)
    assert {"test_top": "staging", "test_near": "nearer", "test_below": "nearer"} == {
        name: load["endpoint"] for name, load in loads.items()
    }


def test_mistakes_of_the_file_come_together(pytester: pytest.Pytester) -> None:
    """All mistakes of the settings file are told at once, with file, table and key."""
    mistakes = """
endpont = "x"
[endpoints.staging]
regoin = "us-east-1"
account = "12"
secret_access_key = "PLANTED-SECRET"
[profiles.smoke]
duration = "1 fortnight"
[budgets.default]
p95 = 250
"""
    text = usage_error(pytester, {"test_it.py": TEST, "smload.toml": mistakes})
    for part in (
        "smload.toml: unknown key 'endpont'; did you mean 'endpoint",
        "smload.toml [endpoints.staging]: unknown key 'regoin'; did you mean 'region'?",
        "smload.toml [endpoints.staging]: account: '12' is not an account",
        "smload.toml [endpoints.staging]: secret_access_key: there are no key options",
        "smload.toml [profiles.smoke]: duration: '1 fortnight'",
        "smload.toml [budgets.default]: p95: 250",
    ):
        assert part in text
    assert "PLANTED-SECRET" not in text


def test_file_is_not_read_without_opt_in(pytester: pytest.Pytester) -> None:
    """A broken settings file does not disturb a plain run."""
    write(pytester, {"test_it.py": TEST, "smload.toml": "this is not TOML"})
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)


def test_payload_of_a_sagemaker_endpoint_is_required(pytester: pytest.Pytester, staging: str) -> None:
    """Without any payload there is nothing to send; it is told before any test runs."""
    text = usage_error(pytester, {"test_it.py": TEST, "smload.toml": staging.replace("payload = ", "# ")})
    assert "no payload is given for 'abalone-mme-staging'" in text
