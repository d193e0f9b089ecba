"""What the value of a load field may be: for each kind of value a check, which gives one sentence per mistake."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from pytest_smload.core.load.stages import Stage
from pytest_smload.core.units import parse_duration_s, parse_share
from pytest_smload.core.wording import unknown_field

ValueCheck = Callable[[object], list[str]]
MAX_USERS = 5_000


def anything(_: object) -> list[str]:
    """Pass whatever is given: what is wrong with it can be said only when the load is laid out."""
    return []


def whole(lowest: int, highest: int | None = None) -> ValueCheck:
    """Return the check for a whole number, *lowest* and *highest* included."""
    allowed = f"a whole number from {lowest}" + (f" to {highest:,}" if highest is not None else "")

    def check(value: object) -> list[str]:
        good = isinstance(value, int) and not isinstance(value, bool) and value >= lowest
        if good and (highest is None or value <= highest):  # type: ignore[operator]  # good says it is an int
            return []
        return [f"{value!r} is not {allowed}"]

    return check


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
    """Pass a finite number above 0."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and 0 < value < float("inf"):  # type: ignore[operator]  # number says so
        return []
    return [f"{value!r} is not a number above 0"]


def flag(value: object) -> list[str]:
    """Pass true and false."""
    return [] if isinstance(value, bool) else [f"{value!r} is neither true nor false"]


def choice(*allowed: str) -> ValueCheck:
    """Return the check for one of *allowed*."""

    def check(value: object) -> list[str]:
        return [] if value in allowed else [f"{value!r} is not one of {', '.join(map(repr, allowed))}"]

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
    """Pass text, and a table of text per model."""
    if isinstance(value, str):
        return []
    if isinstance(value, Mapping):
        return [f"{name!r}: {item!r} is not text" for name, item in value.items() if not isinstance(item, str)]
    return [f"{value!r} is neither text nor a table of text per model"]


def abort_rule(value: object) -> list[str]:
    """Pass ``{"error_rate": "50%", "for": "10s"}``."""
    if not isinstance(value, Mapping) or set(value) != {"error_rate", "for"}:
        return [f'{value!r} is not a rule such as {{"error_rate": "50%", "for": "10s"}}']
    problems = [f"for: {problem}" for problem in duration_text()(value["for"])]
    share = value["error_rate"]
    try:
        share = parse_share(share) if isinstance(share, str) else share
    except ValueError:
        share = None
    if not isinstance(share, float) or not 0 < share <= 1:
        problems.append(f'error_rate: {value["error_rate"]!r} is not a share above 0; write one like "50%" or 0.5')
    return problems


def stage_list(value: object) -> list[str]:
    """Pass Stage objects and mappings with their fields, all of one model, each with a name of its own."""
    if not isinstance(value, (list, tuple)) or not value:
        return [f"{value!r} is not a list of stages; write [Stage(duration='30s', tps=50), ...]"]
    problems: list[str] = []
    shapes: set[str] = set()
    names: set[str] = set()
    for number, stage in enumerate(value, start=1):
        fields = dataclasses.asdict(stage) if isinstance(stage, Stage) else stage
        if not isinstance(fields, Mapping):
            problems.append(f"stage {number}: {stage!r} is not a Stage")
            continue
        problems.extend(f"stage {number}: {problem}" for problem in _stage(fields))
        name = fields.get("name") or str(number)
        if name in names:
            problems.append(f"stage {number}: an earlier stage is called {name!r} too; give each a name of its own")
        names.add(str(name))
        shapes.update(name for name in _STAGE_SHAPES if fields.get(name) is not None)
    if len(shapes) > 1:
        problems.append("all stages are either users (closed model) or tps (open model)")
    return problems


_STAGE_SHAPES: Mapping[str, ValueCheck] = {"users": user_count, "tps": positive}


def _stage(fields: Mapping[str, object]) -> list[str]:
    names = tuple(spec.name for spec in dataclasses.fields(Stage))
    problems = [unknown_field(name, names) for name in fields if name not in names]
    problems += [f"duration: {problem}" for problem in duration_text()(fields.get("duration"))]
    if fields.get("name") is not None and not isinstance(fields["name"], str):
        problems.append(f"name: {fields['name']!r} is not text")
    given = [name for name in _STAGE_SHAPES if fields.get(name) is not None]
    if len(given) != 1:
        problems.append("needs exactly one of users and tps")
    return problems + [f"{name}: {problem}" for name in given for problem in _STAGE_SHAPES[name](fields[name])]
