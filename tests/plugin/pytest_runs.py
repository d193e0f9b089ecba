"""What a pytest run in a process of its own left behind, as its user and its CI see it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from forked_pytest import run_forked

from pytest_smload.emulator.credentials import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    MakeProject = Callable[[Mapping[str, str]], "Project"]

LIMIT_S = 120
"""A run that takes longer hangs."""

# The machine that runs these tests may lag at any moment, and every load would then be INVALID for its sake.
STEADY_CLIENT = '''

"""A client that is never too slow."""
import sys
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    validity = sys.modules.get("pytest_smload.core.trust.validity")
    if validity is not None:
        from pytest_smload.core.measure.slowness import ClientSlowness
        assert hasattr(validity, "_client_was_slow") and hasattr(ClientSlowness, "doubt_of_a_pass")
        validity._client_was_slow = lambda readings: []
        ClientSlowness.doubt_of_a_pass = ""
        from pytest_smload.core.baselines import sides
        assert hasattr(sides, "disturbed_by")
        sides.disturbed_by = lambda *_: 1.0
'''


@dataclass(frozen=True)
class PytestRun:
    """A finished run.

    Attributes:
        exit_code: pytest's.
        out: What it printed, both streams.
        folder: Its rootdir.
    """

    exit_code: int
    out: str
    folder: Path

    @property
    def summary(self) -> str:
        """The counts of pytest's last line: ``"1 failed, 2 passed"``."""
        return re.findall(r"=* (.*?) in [\d.]+s", self.out)[-1]

    @property
    def report(self) -> dict[str, Any]:
        """``report.json``."""
        found: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_text())
        return found

    def tests(self) -> dict[str, dict[str, Any]]:
        """The records of ``report.json`` by name of the test, the last attempt of each."""
        return {test["nodeid"].partition("::")[2]: test for test in self.report["tests"]}

    def loads(self, test: str) -> list[dict[str, Any]]:
        """The loads of one test in ``report.json``."""
        found: list[dict[str, Any]] = self.tests()[test]["loads"]
        return found

    def profile(self, test: str) -> dict[str, Any]:
        """The load profile of a test's only load."""
        (load,) = self.loads(test)
        found: dict[str, Any] = load["profile"]
        return found

    def junit(self) -> dict[str, tuple[str, str]]:
        """(outcome, text) of each test as JUnit XML has it: passed, failure, error, skipped."""
        cases = ET.parse(self.folder / "junit.xml").iter("testcase")
        marks: dict[str, list[ET.Element]] = {}
        for case in cases:
            # A test that fails and then errs in teardown has two.
            marks.setdefault(str(case.get("name")), []).extend(
                child for child in case if child.tag in {"failure", "error", "skipped"}
            )
        return {
            name: ("+".join(mark.tag for mark in found) or "passed", "\n".join(str(mark.text) for mark in found))
            for name, found in marks.items()
        }

    def properties(self, test: str) -> list[tuple[str, str]]:
        """(name, value) of each property JUnit XML has for a test, those of its last test case."""
        cases = ET.parse(self.folder / "junit.xml").iter("testcase")
        *_, last = (case for case in cases if case.get("name") == test)
        return [(str(one.get("name")), str(one.get("value"))) for one in last.iter("property")]

    def section(self, test: str) -> str:
        """The text of one failed or erroneous test in pytest's own report."""
        heads = rf"^_+ (?:ERROR at \w+ of )?{re.escape(test)} _+$"
        begin = re.search(heads, self.out, re.MULTILINE)
        assert begin is not None, self.out
        rest = self.out[begin.end() :]
        end = re.search(r"^(?:_{3,} .* _{3,}|={3,}.*={3,}|-{3,} generated xml.*)$", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest


class Project:
    """A user's project in a folder of its own.

    Args:
        files: Texts by path; indentation is removed.
    """

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        for name, text in {"steady_client.py": STEADY_CLIENT, "pytest.ini": "[pytest]\n", **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))

    def arguments(self, args: Sequence[str], plugins: Sequence[str] = ()) -> list[str]:
        """The arguments of a run; of installed plugins only smload and *plugins* take part."""
        chosen = [word for plugin in ("smload", "steady_client", *plugins) for word in ("-p", plugin)]
        return [*chosen, "--junitxml=junit.xml", *args]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a run: the local endpoint's credentials, a wide terminal, and *extra*."""
        return {
            **os.environ,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "COLUMNS": "160",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.folder), os.environ.get("PYTHONPATH")])),
            **(extra or {}),
        }

    def start(
        self, *args: str, plugins: Sequence[str] = (), env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start pytest as a process of its own, its output in a pipe; *options* are `subprocess.Popen`'s."""
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **options}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *self.arguments(args, plugins)],
            cwd=self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            **given,
        )

    @contextmanager
    def under_way(self, *args: str) -> Iterator[subprocess.Popen[str]]:
        """A run to send signals to, with ``report.json`` and unbuffered output; it is killed where it hangs."""
        args = (*args, "--smload-report", "report")
        with self.start(*args, env={"PYTHONUNBUFFERED": "1"}) as process:
            watchdog = threading.Timer(LIMIT_S, process.kill)
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()

    def run(
        self,
        *args: str,
        plugins: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        report: bool = True,
        fresh: bool = False,
        **options: Any,
    ) -> PytestRun:
        """Run pytest to its end, with ``report.json`` unless told otherwise.

        Args:
            fresh: Start Python for it, with nothing imported.
            options: As `start` takes them, for a fresh run.
        """
        if report:
            args = (*args, "--smload-report", "report")
        if not fresh:
            given = self.arguments(args, plugins)
            code, out = run_forked(given, folder=self.folder, environment=self.environment(env), limit_s=LIMIT_S)
            return PytestRun(code, out, self.folder)
        with self.start(*args, plugins=plugins, env=env, **options) as process:
            return self.ended(process)

    def ended(self, process: subprocess.Popen[str]) -> PytestRun:
        """Wait for what `start` started."""
        try:
            out = process.communicate(timeout=LIMIT_S)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return PytestRun(process.returncode, out, self.folder)
