"""Runs pytest in this process on tests whose loads are written down instead of sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_smload.emulator.credentials import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    import pytest

CONFTEST = """
import json, pathlib, pytest

@pytest.fixture
def load_result(request, sm_endpoint, load_profile):
    shown = {name: value for name, value in vars(load_profile).items() if value is not None}
    shown["endpoint"] = sm_endpoint.name
    line = json.dumps([request.node.nodeid, shown], default=repr)
    with (request.config.rootpath / "loads.jsonl").open("a") as file:
        file.write(line + "\\n")
    pytest.skip("written down")
"""


def write(pytester: pytest.Pytester, files: dict[str, str]) -> None:
    """Write the files, and the conftest that keeps loads from being sent."""
    for name, text in {"conftest.py": CONFTEST, "pytest.ini": "[pytest]\n", **files}.items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def resolve_loads(
    pytester: pytest.Pytester, files: dict[str, str], *args: str, env: dict[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return the load each test would have run, by name of the test."""
    write(pytester, files)
    with pytester._monkeypatch.context() as patch:
        variables = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, **(env or {})}
        for name, value in variables.items():
            patch.setenv(name, value)
        result = pytester.runpytest_inprocess("-m", "perf", *args)
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"skipped", "deselected"}, result.stdout.str() + result.stderr.str()
    lines = (pytester.path / "loads.jsonl").read_text().splitlines()
    return {nodeid.partition("::")[2]: profile for nodeid, profile in map(json.loads, lines)}
