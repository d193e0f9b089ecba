"""A user's checkout, and pytest runs in it, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTINGS = """
endpoint = "local"
[endpoints.local]
scenario = "scenario.toml"
"""
LIMIT_S = 100
"""A run that takes longer hangs."""


class PerfProject:
    """Files in a folder.

    Args:
        files: Texts by path; indentation is removed.
    """

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        # Responses slow enough that a machine under load stays well within what a client may add.
        given = {"pytest.ini": "[pytest]\n", "smload.toml": SETTINGS, "scenario.toml": 'latency = "200ms"\n', **files}
        for name, text in given.items():
            (folder / name).write_text(dedent(text))

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start pytest; of installed plugins only smload takes part."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "smload", "-m", "perf", *args],
            cwd=self.folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *args: str) -> tuple[int, str]:
        """Run pytest to its end and return exit code and output."""
        with self.start(*args) as process:
            return finish(process)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a run and return its exit code and output."""
    try:
        out, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out
