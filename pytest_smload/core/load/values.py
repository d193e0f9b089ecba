"""What the value of a load field may be: for each kind of value a check, which gives one sentence per mistake."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from pytest_smload.core.load.shapes import EXAMPLES
from pytest_smload.core.load.stage_list import laid_out
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import parse_duration_s
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError

ValueCheck = Callable[[object], list[str]]
MAX_USERS = 5_000
_LARGEST_WHOLE = 2**63 - 1
_LARGEST_RATE = 1e9
"""A thousand times what any client sends; products of it with a time stay exact enough."""
_LONGEST_NUMBER = 16
"""Characters of a number somebody may have meant."""


def anything(_: object) -> list[str]:
    """Pass whatever is given: what is wrong with it can be said only when the load is laid out."""
    return []


def whole(lowest: int, highest: int | None = None) -> ValueCheck:
    """Return the check for a whole number, *lowest* and *highest* included."""
    allowed = f"a whole number from {lowest}" + (f" to {highest:,}" if highest is not None else "")

    def check(value: object) -> list[str]:
        if isinstance(value, int) and not isinstance(value, bool):
            if lowest <= value <= (_LARGEST_WHOLE if highest is None else highest):
                return []
            if value > _LARGEST_WHOLE:
                return [f"{quoted(value)} is too large a number; write {allowed}"]
        return [f"{quoted(value)} is not {allowed}{_unquoted(value)}"]

    return check


def _unquoted(value: object) -> str:
    """What to write instead of a number in quotes."""
    number = value.strip() if isinstance(value, str) else ""
    return (
        f"; write {number}, without quotes"
        if len(number) < _LONGEST_NUMBER and number.replace(".", "", 1).isdecimal()
        else ""
    )


user_count = whole(1, MAX_USERS)


def whole_per_model(lowest: int) -> ValueCheck:
    """Return the check for a whole number, or a table of them per model."""
    check = whole(lowest)

    def check_each(value: object) -> list[str]:
        if isinstance(value, Mapping):
            return [f"{name!r}: {problem}" for name, item in value.items() for problem in check(item)]
        return check(value)

    return check_each


def positive(value: object) -> list[str]:
    """Pass a number above 0 that something can be sent, or started, at per second."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if 0 < value <= _LARGEST_RATE:
            return []
        if _LARGEST_RATE < value < float("inf"):
            return [f"{quoted(value)} is more than any client can do"]
    return [f"{quoted(value)} is not a number above 0{_unquoted(value)}"]


def flag(value: object) -> list[str]:
    """Pass true and false."""
    return [] if isinstance(value, bool) else [f"{quoted(value)} is neither true nor false"]


def choice(*allowed: str) -> ValueCheck:
    """Return the check for one of *allowed*."""

    def check(value: object) -> list[str]:
        return [] if value in allowed else [f"{quoted(value)} is not one of {', '.join(map(repr, allowed))}"]

    return check


def duration_text(*, zero: bool = False) -> ValueCheck:
    """Return the check for a time with its unit; ``"0s"`` passes where *zero* says so."""

    def check(value: object) -> list[str]:
        try:
            seconds = parse_duration_s(value)
        except ValueError as error:
            return [str(error)]
        return [] if seconds > 0 or zero else ["must be longer than 0s"]

    return check


def text_per_model(value: object) -> list[str]:
    """Pass text, and a table of text per model, or whatever else the weights name."""
    if isinstance(value, str):
        return []
    if isinstance(value, Mapping):
        return [f"{name!r}: {quoted(item)} is not text" for name, item in value.items() if not isinstance(item, str)]
    return [f"{quoted(value)} is neither text nor a table of text per model"]


def stage_list(value: object) -> list[str]:
    """Pass stages and shapes: Stage objects, mappings with their fields and shapes as text, all of one model, each
    stage with a name of its own."""
    if not isinstance(value, (str, list, tuple)) or not value:
        return [f"{quoted(value)} is not a list of stages; write {_STAGES}"]
    try:
        entries = laid_out(value)
    except ConfigurationError as error:
        return error.problems
    problems: list[str] = []
    shapes: set[str] = set()
    names: set[str] = set()
    for number, stage in enumerate(entries, start=1):
        fields = dataclasses.asdict(stage) if isinstance(stage, Stage) else stage
        if not isinstance(fields, Mapping):
            problems.append(f"stage {number}: {quoted(stage)} is not a Stage; stages are written {_STAGES}")
            continue
        problems.extend(f"stage {number}: {problem}" for problem in _stage(fields))
        name = fields.get("name") or str(number)
        if isinstance(name, str):
            if name in names:
                twice = f"an earlier stage is called {quoted(name)} too; give each a name of its own"
                problems.append(f"stage {number}: {twice}")
            names.add(name)
        shapes.update(name for name in _STAGE_SHAPES if fields.get(name) is not None)
    if len(shapes) > 1:
        problems.append("all stages are either users (closed loop) or tps (open loop)")
    return problems


_STAGES = "[Stage('30s', tps=10), Stage('1m', tps=50)]; in smload.toml [{ duration = \"30s\", tps = 10 }, ...]"
_STAGE_SHAPES: Mapping[str, ValueCheck] = {"users": user_count, "tps": positive}


def _stage(fields: Mapping[str, object]) -> list[str]:
    names = tuple(spec.name for spec in dataclasses.fields(Stage))
    problems = [
        f"{name} is a shape, written as text: {EXAMPLES[name]!r}" if name in EXAMPLES else unknown_field(name, names)
        for name in fields
        if name not in names
    ]
    problems += [f"duration: {problem}" for problem in duration_text()(fields.get("duration"))]
    if fields.get("name") is not None and not isinstance(fields["name"], str):
        problems.append(f"name: {quoted(fields['name'])} is not text")
    given = [name for name in _STAGE_SHAPES if fields.get(name) is not None]
    if len(given) != 1:
        problems.append("needs exactly one of users and tps")
    problems += [f"{name}: {problem}" for name in given for problem in _STAGE_SHAPES[name](fields[name])]
    if fields.get("to") is not None and len(given) == 1:
        problems += [f"to: {problem}" for problem in _STAGE_SHAPES[given[0]](fields["to"])]
    return problems
