"""The GitHub Actions workflow of the examples: its commands are ones that pytest understands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_smload.options import OPTIONS
from pytest_smload.version import __version__

ROOT = Path(__file__).parents[2]
WORKFLOW = (ROOT / "examples" / "github-actions.yml").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(" ".join(command.split()))
    for command in re.findall(r"(pytest -m perf(?:.*\n(?: {10,}--.*\n)*))", WORKFLOW)
]


def test_workflow_gates_on_staging() -> None:
    """One job loads staging and keeps its record, whatever the outcome; the other stays on the runner."""
    local, staging = COMMANDS
    assert "local" == local[local.index("--smload-endpoint") + 1]
    assert "staging" == staging[staging.index("--smload-endpoint") + 1]
    folder = staging[staging.index("--smload-report") + 1]
    assert f"path: {folder}/" in WORKFLOW
    assert f"{folder}/junit.xml" == staging[staging.index("--junitxml") + 1]
    assert "if: always()" in WORKFLOW


def test_workflow_has_a_role_and_no_keys() -> None:
    """Credentials come by OIDC."""
    assert "id-token: write" in WORKFLOW
    assert "role-to-assume: arn:aws:iam::" in WORKFLOW
    assert not re.search(r"access.?key|secrets\.", WORKFLOW, re.IGNORECASE)


def test_workflow_runs_no_code_but_what_was_reviewed() -> None:
    """Actions are pinned by commit, with the version it is beside; the package by the version these examples are of."""
    actions = re.findall(r"uses: (.*)", WORKFLOW)
    installs = re.findall(r"pip install (.*)", WORKFLOW)
    version = __version__.partition("+")[0]

    assert len(actions) == 6
    assert [] == [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)]
    assert [f"'pytest-smload[emulator]=={version}'", f"pytest-smload=={version}"] == installs


@pytest.mark.parametrize("command", COMMANDS, ids=["local", "staging"])
def test_workflow_commands_are_understood(command: list[str], tmp_path: Path) -> None:
    """Every ``--smload`` option exists, and pytest collects with them what the user has in place of the examples."""
    flags = {word for word in command if word.startswith("--smload")}
    assert flags <= {option.flag for option in OPTIONS}
    arguments = [word.replace("tests/perf", str(ROOT / "examples")) for word in command[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert pytest.ExitCode.OK == done.returncode, done.stdout + done.stderr
