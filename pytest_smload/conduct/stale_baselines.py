"""Finds recorded baselines whose test or load no longer exists, and names the commands that rename or drop them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.conduct.baseline_file import FOLDER, BaselineFile
from pytest_smload.core.baselines.runs import file_name
from pytest_smload.core.wording import nearest
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

_COMMAND = "python -m pytest_smload.conduct.baselines"


def recorded_tests(root: Path) -> list[str]:
    """Return the ids of the tests with a baseline file below the settings folder *root*; damaged files are left out."""
    found = []
    for path in sorted((root / FOLDER).glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        test = document.get("test") if isinstance(document, dict) else None
        # Another name is a copy somebody keeps: nothing here reads it.
        if isinstance(test, str) and path.name == file_name(test):
            found.append(test)
    return found


def stale_tests(root: Path, *, collected: Collection[str], gated: Collection[str], whole: Collection[str]) -> list[str]:
    """Return one sentence per baseline file whose test does not exist.

    Args:
        root: The settings file's folder; test ids are relative to it.
        collected: Ids of all tests collected.
        gated: Those among them that may have a baseline.
        whole: Files, absolute, of which every test was collected.
    """
    recorded = recorded_tests(root)
    free = sorted(set(gated) - set(recorded))
    sentences = []
    for test in recorded:
        place = root / test.partition("::")[0]
        if test in collected or (place.exists() and str(place) not in whole):
            continue
        command = _command(root)
        rename = shlex.join(["rename", test, nearest(test, free) or "NEW"])
        sentences.append(
            f"baseline {FOLDER}/{file_name(test)} is of {test}, which does not exist; "
            f"renamed? {command} {rename}; gone? {command} {shlex.join(['drop', test])}"
        )
    return sentences


def stale_loads(file: BaselineFile, ran: Collection[str]) -> list[str]:
    """Return one sentence per recorded load of a test that ran all its loads, *ran* by key, and not that one."""
    try:
        recorded = file.read().loads
    except ConfigurationError:
        return []
    free = sorted(set(ran) - set(recorded))
    command = _command(file.root)
    return [
        f"baseline {file.name} holds the load {key!r}, which {file.test} did not run; renamed? {command} "
        f"{shlex.join(['rename', '--of', file.test, key, nearest(key, free) or 'NEW'])}; gone? {command} "
        f"{shlex.join(['drop', '--of', file.test, key])}"
        for key in recorded
        if key not in ran
    ]


def _command(root: Path) -> str:
    return _COMMAND if root.resolve() == Path.cwd() else f"{_COMMAND} --root {shlex.quote(str(root))}"
