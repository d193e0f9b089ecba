"""Users' type checkers know what our public names are."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_smload

ROOT = Path(__file__).parents[2]
USER_TESTS = Path(__file__).with_name("user_tests.py")


def test_a_users_file_passes_the_strict_check(pytestconfig: pytest.Config) -> None:
    """mypy --strict finds each type as the file asserts it, and each of its mistakes."""
    assert pytestconfig.cache is not None
    cache = pytestconfig.cache.mkdir("mypy")  # of earlier runs: from nothing it takes ten seconds
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    done = subprocess.run(
        [*command, f"--cache-dir={cache}", str(USER_TESTS)],
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Success: no issues found in 1 source file\n" == done.stdout + done.stderr


def test_the_users_file_has_every_public_name() -> None:
    """What is not in it would not be checked."""
    imports = [node for node in ast.walk(ast.parse(USER_TESTS.read_text())) if isinstance(node, ast.ImportFrom)]
    imported = {alias.name for node in imports if node.module == "pytest_smload" for alias in node.names}
    assert set(pytest_smload.__all__) == imported
