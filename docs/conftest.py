"""Runs the code of the pages by Sybil: settings and scenarios are read, commands are understood, Python is executed."""

from __future__ import annotations

import configparser
import importlib.util
import json
import re
import shlex
from typing import TYPE_CHECKING
from unittest.mock import create_autospec

import pytest
from pages import PERF_TEST, ROOT
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser

import pytest_smload
from pytest_smload.cli.command_line import parser as command_line
from pytest_smload.emulator.scenario import load_scenario
from pytest_smload.options import OPTIONS, SWITCHES
from pytest_smload.settings.file import SettingsFiles

if TYPE_CHECKING:
    from pathlib import Path

    from sybil import Example

FLAGS = {option.flag for option in (*OPTIONS, *SWITCHES)} | {"--smload"}
SCENARIO = re.compile(r"^\[(latency|cold|response|variants|hosting|autoscaling)\]|^\[\[faults\]\]", re.MULTILINE)
_COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?((?:pytest|smload|python -m) .*)$", re.MULTILINE)


def read_toml(example: Example) -> None:
    """A scenario or a settings file, and it is one too with its optional lines in force."""
    tmp_path: Path = example.namespace["tmp_path"]
    for text in (example.parsed, re.sub(r"^# (?=\w[\w.]* = )", "", example.parsed, flags=re.MULTILINE)):
        if SCENARIO.search(text):
            (tmp_path / "scenario.toml").write_text(text)
            load_scenario(tmp_path / "scenario.toml")
            continue
        (tmp_path / "smload.toml").write_text(text)
        assert SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py") is not None


def run_python(example: Example) -> None:
    """Perf tests are collected all at once by tests/docs; anything else runs, with an endpoint that sends nothing."""
    source = compile("\n" * (example.line - 1) + example.parsed, str(example.path), "exec")
    if PERF_TEST.search(example.parsed):
        return
    monkeypatch: pytest.MonkeyPatch = example.namespace["monkeypatch"]
    monkeypatch.setattr(pytest_smload, "Endpoint", create_autospec(pytest_smload.Endpoint), raising=False)
    exec(source, {"__name__": "docs", "pytest": pytest})  # noqa: S102 - it is what the page shows


def understand(example: Example) -> None:
    """Options, commands, modules and files exist."""
    for line in re.findall(_COMMAND, example.parsed.replace("\\\n", " ")):
        command = shlex.split(line.partition("  #")[0], comments=True)
        assert {word for word in command if word.startswith("--smload")} <= FLAGS, line
        if command[0] == "smload":
            command_line().parse_args(command[1:])
        if command[0] == "python":
            assert importlib.util.find_spec(command[2]), line
    for path in re.findall(r"(?:benchmarks|examples)/[\w./-]+\w", example.parsed):
        assert (ROOT / path).exists(), path


def read_ini(example: Example) -> None:
    """What pytest.ini takes."""
    configparser.ConfigParser().read_string(example.parsed)


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("toml", read_toml),
        CodeBlockParser("python", run_python),
        CodeBlockParser("json", lambda example: json.loads(example.parsed) and None),
        CodeBlockParser("ini", read_ini),
        *(CodeBlockParser(shell, understand) for shell in ("shell", "bash", "console")),
    ],
    patterns=["*.md"],
    fixtures=["tmp_path", "monkeypatch"],
).pytest()
