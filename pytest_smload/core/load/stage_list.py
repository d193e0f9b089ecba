"""Lays stages as users write them, shapes among them, out in one list in which each has a name of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smload.core.load.shapes import written_shape
from pytest_smload.core.load.stages import Stage
from pytest_smload.errors import ConfigurationError

Stages = str | Sequence[Stage | str | Sequence[Stage]]
"""What ``stages`` takes: stages and shapes, or one shape; in files tables with the fields of a `Stage` as well."""


def laid_out(stages: object) -> list[Any]:
    """Return the entries of *stages* in order, each shape replaced by its own; what is neither is passed on.

    A shape's names that are taken get a number: ``"ramp"``, ``"ramp-2"``.

    Raises:
        ConfigurationError: a shape is written wrong; its sentences.
    """
    entries = stages if isinstance(stages, (list, tuple)) else [stages]
    taken = {str(name) for entry in entries if (name := _given_name(entry)) is not None}
    found: list[Any] = []
    problems: list[str] = []
    for entry in entries:
        try:
            made = written_shape(entry) if isinstance(entry, str) else entry
        except ConfigurationError as error:
            problems += error.problems
            continue
        if isinstance(made, (list, tuple)) and made and all(isinstance(stage, Stage) for stage in made):
            found.extend(_named_apart(stage, taken) for stage in made)
        else:
            found.append(made)
    if problems:
        raise ConfigurationError(problems)
    return found


def names_of_stages(stages: object) -> list[str]:
    """Return what each of *stages*, as users write them, is called: its name, or its number from 1; none where a shape
    among them is written wrong."""
    try:
        entries = laid_out(stages or ())
    except ConfigurationError:
        return []
    return [str(_given_name(entry) or number) for number, entry in enumerate(entries, start=1)]


def _given_name(entry: object) -> object:
    return entry.get("name") if isinstance(entry, Mapping) else getattr(entry, "name", None)


def _named_apart(stage: Stage, taken: set[str]) -> Stage:
    if stage.name is None:
        return stage
    name, number = stage.name, 1
    while name in taken:
        number += 1
        name = f"{stage.name}-{number}"
    taken.add(name)
    return stage if name == stage.name else dataclasses.replace(stage, name=name)
