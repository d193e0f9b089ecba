"""Mistakes are said in one line, with what is allowed, and without a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest
pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")
def test_first(load_result): pass
def test_second(load_result): pass
def test_third(load_result): pass
"""
AWS = """
endpoint = "staging"
[endpoints.staging]
name = "abalone"
region = "us-east-1"
payload = ["1,2"]
"""


@pytest.fixture(scope="module")
def without_profile(project: MakeProject) -> PytestRun:
    """Three tests with an AWS profile that does not exist."""
    made = project({"test_it.py": TESTS, "smload.toml": AWS})
    return made.run("-m", "perf", env={"AWS_PROFILE": "nope", "AWS_ACCESS_KEY_ID": ""}, report=False)


def test_a_missing_aws_profile_is_one_line(without_profile: PytestRun) -> None:
    """Neither botocore's traceback nor ours."""
    text = without_profile.section("test_first").strip()
    assert text.startswith("AWS credentials: The config profile (nope) could not be found; AWS_PROFILE must name")
    assert 1 == len(text.splitlines())
    assert "Traceback" not in without_profile.out


def test_the_same_error_is_told_once(without_profile: PytestRun) -> None:
    """The tests after the first say which test was told, and only the error's first words."""
    remedy = "AWS_PROFILE must name a profile"
    assert 1 == without_profile.out.partition("= smload =")[0].count(remedy)
    for test in ("test_second", "test_third"):
        text = without_profile.section(test).partition("\n=")[0].strip()
        assert text.startswith("the same error as that of test_it.py::test_first: AWS credentials: ")
    assert "ERROR: no load was run by test_it.py::test_first, test_it.py::test_second" in without_profile.out


def test_dns_is_one_line(project: MakeProject) -> None:
    """Without the traceback that gevent prints of what happens in its threads."""
    made = project({"test_it.py": TESTS, "smload.toml": AWS})
    url = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "https://nosuch.invalid"}
    run = made.run("-m", "perf", "-k", "first", env=url, report=False)
    assert "nosuch.invalid does not resolve: " in run.section("test_first")
    assert "Traceback" not in run.out


def test_an_invocation_needs_a_payload(project: MakeProject) -> None:
    """What is no body does not quietly become the endpoint's own payload."""
    test = """
    import pytest
    @pytest.mark.perf(users=2, duration="200ms", warmup="0s")
    def test_none(sm_endpoint): sm_endpoint.invoke(None)
    """
    run = project({"test_it.py": test}).run("-m", "perf", report=False)
    assert "sm_endpoint.invoke: the payload is bytes or text; not None" == run.section("test_none").strip()


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (
            "def pytest_smload_enviroment(environment): pass",
            "there is no hook 'pytest_smload_enviroment'; did you mean 'pytest_smload_environment'?",
        ),
        (
            "def pytest_smload_environment(enviroment): pass",
            "the hook pytest_smload_environment has no argument 'enviroment'; did you mean 'environment'?",
        ),
    ],
)
def test_a_misspelt_hook_is_a_usage_error(project: MakeProject, hook: str, said: str) -> None:
    """The conftest, the mistake, and the nearest name, instead of an internal error."""
    run = project({"conftest.py": hook, "test_it.py": TESTS}).run("-m", "perf", report=False)
    assert pytest.ExitCode.USAGE_ERROR == run.exit_code
    assert said in run.out
    assert "conftest.py: " in run.out
    assert "Traceback" not in run.out
    assert "INTERNALERROR" not in run.out


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("def pytest_smload_enviroment(self): pass", "there is no hook 'pytest_smload_enviroment'"),
        ("def pytest_smload_environment(self, enviroment): pass", "has no argument 'enviroment'"),
    ],
)
def test_a_misspelt_hook_of_a_plugin_registered_late(project: MakeProject, hook: str, said: str) -> None:
    """The file it is in, and one line, as for a conftest."""
    conftest = f"""
    class Late:
        {hook}

    def pytest_configure(config): config.pluginmanager.register(Late())
    """
    run = project({"conftest.py": conftest, "test_it.py": TESTS}).run("-m", "perf", report=False)
    assert run.exit_code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)
    (line,) = [line for line in run.out.splitlines() if "ERROR" in line]
    assert line.startswith(f"ERROR: smload: {run.folder / 'conftest.py'}: ")
    assert said in line
    assert "Traceback" not in run.out


def test_a_foreign_hook_is_pytests_business(project: MakeProject) -> None:
    """What another plugin's hook is called is not ours to explain."""
    run = project({"conftest.py": "def pytest_nothing(): pass", "test_it.py": TESTS}).run(report=False)
    assert "unknown hook 'pytest_nothing'" in run.out


def test_a_wider_fixture_is_told_the_allowed_form(project: MakeProject) -> None:
    """pytest's ScopeMismatch is explained, with a fixture as it may be written."""
    test = """
    import pytest

    @pytest.fixture(scope="module")
    def once(load_result): return load_result

    @pytest.mark.perf(users=2, duration="200ms", warmup="0s")
    def test_it(once): pass
    """
    run = project({"test_it.py": test}).run("-m", "perf", report=False)
    text = run.section("test_it")
    assert "load_result is function-scoped, and a module-scoped fixture asks for it" in text
    assert "    @pytest.fixture\n    def prepared(load_result): ...\n" in text


def test_no_figure_of_that_name(project: MakeProject) -> None:
    """``load_result.p95`` and a misspelt model say what was meant, in the test's own line."""
    test = """
    import pytest
    pytestmark = pytest.mark.perf(users=2, duration="200ms", warmup="0s")
    def test_figure(load_result): load_result.p95
    def test_model(load_result): load_result.models["a.tar.gs"]
    """
    run = project({"test_it.py": test}).run("-m", "perf", report=False)
    assert "LoadResult has no attribute 'p95'; did you mean 'p95_ms'?" in run.section("test_figure")
    assert "there is no 'a.tar.gs'; did you mean 'a.tar.gz'?" in run.section("test_model")
    assert "pytest_smload/" not in run.section("test_figure") + run.section("test_model")
