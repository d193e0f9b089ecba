"""A user's checkout, and pytest runs in it."""

from __future__ import annotations

import os
from textwrap import dedent
from typing import TYPE_CHECKING

from forked_pytest import run_forked

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

    def run(self, *args: str) -> tuple[int, str]:
        """Run pytest to its end and return exit code and output; of installed plugins only smload takes part."""
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "160"}
        given = ["-p", "smload", "-m", "perf", *args]
        return run_forked(given, folder=self.folder, environment=environment, limit_s=LIMIT_S)
