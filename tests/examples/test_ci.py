"""The CI examples and the action: YAML that parses, pinned actions, and commands that pytest and smload understand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smload.cli.command_line import parser
from pytest_smload.options import OPTIONS, SWITCHES
from pytest_smload.version import __version__

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "action.yml", ROOT / "examples" / "github-actions.yml", *sorted((ROOT / "examples" / "ci").iterdir())]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FILES}
FLAGS = {option.flag for option in (*OPTIONS, *SWITCHES)}


def commands(name: str) -> Iterator[list[str]]:
    """The command lines of pytest and smload in a file, folded lines joined."""
    text = re.sub(r"\n +(--)", r" \1", TEXTS[name])
    for line in re.findall(
        r"(?:^|[ /])((?:pytest -m perf|smload (?:compare|report|baselines|history|merge)) [^'\n]*)", text
    ):
        yield [word for word in shlex.split(line.partition(" > ")[0]) if word != "$ARGUMENTS"]


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".yml")])
def test_it_parses(name: str) -> None:
    """Each is YAML with steps or scripts in it."""
    found: dict[Any, Any] = yaml.safe_load(TEXTS[name])

    assert {"jobs", "runs", "perf:local"} & set(found)


@pytest.mark.parametrize("name", TEXTS)
def test_its_commands_are_understood(name: str) -> None:
    """Every option of pytest's is one of ours or pytest's own; smload takes its arguments."""
    found = [*commands(name)]
    assert found
    for words in found:
        if words[0] == "pytest":
            flags = {word for word in words if word.startswith("--")}
            assert flags <= FLAGS | {"--junitxml"}
        else:
            parser().parse_args(words[1:])


@pytest.mark.parametrize("name", TEXTS)
def test_it_runs_no_code_but_what_was_reviewed(name: str) -> None:
    """Actions are pinned by commit with the version beside it, the package by the version these examples are of."""
    actions = re.findall(r"^\s*(?:- )?uses: (.*)", TEXTS[name], re.MULTILINE)
    version = __version__.partition("+")[0]
    installs = re.findall(r"pytest-smload(?:\[[\w,]+\])?==([\d.]+|\$VERSION)", TEXTS[name])

    assert [] == [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)]
    assert installs
    assert set(installs) <= {version, "$VERSION"}


@pytest.mark.parametrize("name", TEXTS)
def test_it_holds_no_keys_and_keeps_the_record(name: str) -> None:
    """Credentials come by role; the report is kept whatever the outcome."""
    assert not re.search(r"access.?key|secrets\.", TEXTS[name], re.IGNORECASE)
    if "--smload-update-baselines" not in TEXTS[name]:
        assert re.search(r"always", TEXTS[name])


def test_no_input_of_the_action_is_put_into_a_shell() -> None:
    """An expression inside a script could be any command: they go through the environment."""
    steps = yaml.safe_load(TEXTS["action.yml"])["runs"]["steps"]

    assert [] == [step["run"] for step in steps if "${{" in step.get("run", "")]


def _comment_script(name: str) -> str:
    found = yaml.safe_load(TEXTS[name])
    steps = found["runs"]["steps"] if "runs" in found else found["jobs"]["compare"]["steps"]
    script: str = steps[-1]["run"]
    return script


@pytest.mark.parametrize("name", ["action.yml", "pull-request.yml"])
@pytest.mark.parametrize(
    ("comparable", "permitted", "before"),
    [(True, True, ""), (True, True, "42"), (False, True, ""), (True, False, ""), (True, False, "42")],
)
def test_comment_fails_no_gate(tmp_path: Path, name: str, comparable: bool, permitted: bool, before: str) -> None:
    """No load in common gives the report alone; a token that may not comment, as a fork's, gives a warning. Where we
    commented before, that comment is edited."""
    (tmp_path / "before").mkdir()
    answers = f'"run list"*) echo 7;; "api --paginate"*) echo "{before}";; "run download"*) ;;'
    for command, script in (
        ("smload", f'echo "$@" >> said; case "$1" in compare) exit {0 if comparable else 2}; esac'),
        ("gh", f'echo "$@" >> said; case "$*" in {answers} *) exit {0 if permitted else 1}; esac'),
    ):
        (tmp_path / command).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / command).chmod(0o755)
    given = {"NUMBER": "1", "BEFORE": "before", "REPORT": "smload-report", "GITHUB_REPOSITORY": "o/r"}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", _comment_script(name)],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_WORKFLOW": "perf", **given},
        capture_output=True,
        text=True,
        check=False,
    )
    said = (tmp_path / "said").read_text()

    assert (0, not permitted) == (done.returncode, done.stdout.startswith("::warning::"))
    assert comparable != ("report smload-report --comment" in said)
    assert bool(before) == ("--method PATCH repos/o/r/issues/comments/42 --field body=@" in said)
    assert (not before) == ("pr comment 1" in said)


def test_only_mains_own_runs_are_compared_with() -> None:
    """A pull request from a fork's branch called main is no run of main."""
    (line,) = [line for line in TEXTS["pull-request.yml"].splitlines() if "gh run list" in line]

    assert "--branch main --event push" in line
