"""One running endpoint for all tests of the plugin, and projects whose settings file names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_runs import Project

# In-process runs forget what they import first; gevent and pydantic must not be imported twice.
import pytest_smload.gate.start
import pytest_smload.settings.schema  # noqa: F401
from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_runs import MakeProject

SCENARIO = """
latency = "4ms"
[[faults]]
kind = "ModelError"
rate = 1.0
model = "broken.tar.gz"
message = "out of memory"
"""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """A healthy multi-model endpoint that takes any model; ``broken.tar.gz`` always fails."""
    scenario = tmp_path_factory.mktemp("scenario") / "scenario.toml"
    scenario.write_text(SCENARIO)
    with EmulatorProcess.start(scenario) as process:
        yield process


@pytest.fixture(scope="session")
def staging(emulator: EmulatorProcess) -> str:
    """The head of a settings file whose default endpoint is `emulator`, reached as a SageMaker endpoint is."""
    return f"""
endpoint = "staging"
[endpoints.staging]
name = "abalone-mme-staging"
region = "us-east-1"
endpoint_url = "{emulator.url}"
payload = ["0.455,0.365,0.095", "0.35,0.265,0.09"]
content_type = "text/csv"
models = {{ "a.tar.gz" = 3, "b.tar.gz" = 1 }}
"""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, staging: str) -> MakeProject:
    """Make a project of files; its ``smload.toml`` is `staging` unless it has one."""

    def make(files: Mapping[str, str]) -> Project:
        return Project(tmp_path_factory.mktemp("project"), {"smload.toml": staging, **files})

    return make


@pytest.fixture(autouse=True)
def _smload_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs inside this process load no other installed plugin: importing theirs again and again takes seconds."""
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        monkeypatch.setenv("PYTEST_ADDOPTS", "-p smload")
