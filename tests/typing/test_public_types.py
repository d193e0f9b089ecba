"""Users' type checkers know what our public names are."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import pytest_smload
from pytest_smload.core.limits.cost_limit import COST_METRICS
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.regression_limit import BASELINE_REQUIRED, REGRESSION
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.load.fields import MARK_KEYS
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stage_list import Stages
from pytest_smload.core.request.route_kinds import ROUTE_KINDS
from pytest_smload.core.scaling.wish import SCALING_KEYS
from pytest_smload.gate.typed_marks import AutoscaledFields, PerfLimits, PerfLoad, PinnedFields

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


def test_pyright_agrees(tmp_path: Path) -> None:
    """Pyright, in its strict mode, finds nothing else in the file than mypy does."""
    pytest.importorskip("basedpyright", reason="the extra test has it")
    settings = {
        "include": [str(USER_TESTS)],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "reportMissingTypeStubs": False,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--project", str(tmp_path), "--pythonpath", sys.executable],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "0 errors, 0 warnings, 0 notes" == (done.stdout + done.stderr).strip().splitlines()[-1]


def test_typed_marks_are_the_marks() -> None:
    """What an editor completes is pytest's own mark."""
    assert pytest.mark.perf(tps=50).mark == pytest_smload.perf(tps=50).mark
    assert pytest.mark.perf_budget(p95="1s").mark == pytest_smload.perf_budget(p95="1s").mark


def test_typed_arguments_are_the_fields() -> None:
    """``perf`` takes each field of a load with its type, the two names, and what holds instances; ``perf_budget`` each
    limit."""
    fields = get_type_hints(LoadProfile)
    expected = {spec.name: fields[spec.name] for spec in dataclasses.fields(LoadProfile)} | dict.fromkeys(
        MARK_KEYS, str
    )
    # A field of a LoadProfile is what its shapes have become; a mark takes them as they are written.
    expected["stages"] = Stages | None
    held = {"pinned": int | PinnedFields | None, "autoscaled": AutoscaledFields | None}
    assert expected | held == get_type_hints(PerfLoad)
    assert set(SCALING_KEYS) == set(held)
    limits = {
        *METRICS,
        *SERVER_METRICS,
        *SCALING_METRICS,
        *COST_METRICS,
        REGRESSION,
        BASELINE_REQUIRED,
        *ROUTE_KINDS,
        "stage",
    }
    assert limits == set(get_type_hints(PerfLimits))
