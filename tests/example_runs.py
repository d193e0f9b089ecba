"""Runs the examples as README.md says, in copies of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
REPORTS = ("--smload-report", "report", "--junitxml", "report/junit.xml")
AGAIN_WHERE_INVALID = ("--reruns", "2", "--only-rerun", "INVALID")
LIMIT_S = 240
"""A run that takes longer hangs."""
WEIGHTED = "examples/test_weighted_multi_model.py::test_weighted_traffic"
SCALED = "examples/autoscaling"
SIZED = "examples/sizing"


@dataclass(frozen=True)
class ExamplesRun:
    """A finished run of examples.

    Attributes:
        outcomes: Counts by what JUnit XML says of each test: passed, failure, error, skipped.
        tests: The records of ``report.json`` by node id.
    """

    exit_code: int
    out: str
    outcomes: dict[str, int]
    tests: dict[str, dict[str, Any]]


class BegunExamples:
    """A run of a copy of the examples in *folder*, so that what they write stays out of the checkout.

    A load that was INVALID, because something else took the machine from the client, is measured again.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        chosen = ("-p", "no:cacheprovider", "-m", "perf", *(arguments or ("examples",)))
        self.folder = folder
        with (folder / "out").open("w") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *chosen, *REPORTS, *AGAIN_WHERE_INVALID],
                cwd=folder,
                env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def ended(self) -> ExamplesRun:
        """Wait for its end."""
        exit_code = self._process.wait(LIMIT_S)
        out = (self.folder / "out").read_text()
        report = self.folder / "report"
        last: dict[str, str] = {}
        assert (report / "report.json").is_file(), out
        for case in ET.parse(report / "junit.xml").iter("testcase"):
            kinds = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}] or ["passed"]
            last[f"{case.get('classname')}.{case.get('name')}"] = "+".join(kinds)
        tests = {test["nodeid"]: test for test in json.loads((report / "report.json").read_text())["tests"]}
        return ExamplesRun(exit_code, out, dict(Counter(last.values())), tests)

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class ExampleRuns:
    """The examples on the healthy endpoint, one on the endpoint with a slow model, those that scale, one that sizes."""

    healthy: BegunExamples
    regressed: BegunExamples
    scaled: BegunExamples
    sized: BegunExamples

    @classmethod
    def begin(cls, folder: Callable[[str], Path]) -> Self:
        """Begin ``pytest -m perf examples``, and the others beside it: all wait nearly all of their time."""
        weighted = WEIGHTED.partition("::")[0]
        return cls(
            BegunExamples(folder("healthy")),
            BegunExamples(folder("regressed"), weighted, "--smload-endpoint", "regressed"),
            BegunExamples(folder("scaled"), SCALED),
            BegunExamples(folder("sized"), SIZED),
        )

    def stop(self) -> None:
        """End them."""
        for run in (self.healthy, self.regressed, self.scaled, self.sized):
            run.stop()
