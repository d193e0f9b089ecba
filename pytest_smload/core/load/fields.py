"""What each field of a load may hold, wherever it is written: one check for marks, files, options and profiles."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.weights import check_models
from pytest_smload.core.units import parse_duration_s, parse_share
from pytest_smload.core.wording import unknown_field

SHAPES = ("users", "tps", "stages")
"""Exactly one of these describes how much load there is."""
POISSON, UNIFORM = "poisson", "uniform"
"""How the arrivals of an open load are spaced."""
MAX_USERS = 5_000
LOAD_FIELDS = (
    "users", "spawn_rate", "wait", "tps", "arrivals", "stages", "duration", "warmup", "models", "payload",
    "content_type", "accept", "batch", "variant", "container", "component", "custom_attributes", "inference_id",
    "order", "max_in_flight", "prime", "prime_timeout", "max_requests", "timeout", "max_duration", "seed",
    "on_unproven", "abort_on",
)  # fmt: skip
"""Names of all fields of a load, in the order they are documented."""
TRAFFIC_FIELDS = (
    "models", "payload", "content_type", "accept", "batch", "variant", "container", "component", "custom_attributes",
    "inference_id",
)  # fmt: skip
"""Fields an endpoint has values of its own for."""


def as_stages(value: object) -> tuple[Stage, ...]:
    """Return stages from Stage objects or mappings (a file's inline tables)."""
    assert isinstance(value, (list, tuple))  # noqa: S101 - check_load_fields has been asked first
    return tuple(stage if isinstance(stage, Stage) else Stage(**stage) for stage in value)


def check_load_fields(fields: Mapping[str, object]) -> list[str]:
    """Return one sentence per mistake in load fields as a user wrote them; an empty list when all is well.

    The same check serves markers, files, options and `LoadProfile` itself.
    """
    problems = [unknown_field(name, LOAD_FIELDS) for name in fields if name not in LOAD_FIELDS]
    shapes = [name for name in SHAPES if fields.get(name) is not None]
    if len(shapes) > 1:
        problems.append(f"{' and '.join(shapes)} are both given; a load has exactly one of users, tps and stages")
    for name, value in fields.items():
        check = _CHECKS.get(name)
        if check is not None and value is not None:
            problems.extend(f"{name}: {problem}" for problem in check(value))
    if fields.get("stages") is not None and fields.get("duration") is not None:
        problems.append("duration: stages have their own durations; leave it out")
    if "users" not in shapes and fields.get("spawn_rate") is not None and "tps" in shapes:
        problems.append("spawn_rate: goes with users; an open load (tps) starts all its users up front")
    return problems


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(lowest: int, highest: int | None = None) -> Callable[[object], list[str]]:
    allowed = f"a whole number from {lowest}" + (f" to {highest:,}" if highest is not None else "")

    def check(value: object) -> list[str]:
        good = isinstance(value, int) and not isinstance(value, bool) and value >= lowest
        if good and (highest is None or value <= highest):  # type: ignore[operator]  # good says it is an int
            return []
        return [f"{value!r} is not {allowed}"]

    return check


def _flag(value: object) -> list[str]:
    return [] if isinstance(value, bool) else [f"{value!r} is neither true nor false"]


def _abort_on(value: object) -> list[str]:
    if not isinstance(value, Mapping) or set(value) != {"error_rate", "for"}:
        return [f'{value!r} is not a rule such as {{"error_rate": "50%", "for": "10s"}}']
    problems = [f"for: {problem}" for problem in _duration(zero=False)(value["for"])]
    share = value["error_rate"]
    try:
        share = parse_share(share) if isinstance(share, str) else share
    except ValueError:
        share = None
    if not isinstance(share, float) or not 0 < share <= 1:
        problems.append(f'error_rate: {value["error_rate"]!r} is not a share above 0; write one like "50%" or 0.5')
    return problems


def _positive(value: object) -> list[str]:
    if _is_number(value) and 0 < value < float("inf"):  # type: ignore[operator]  # _is_number says so
        return []
    return [f"{value!r} is not a number above 0"]


def _choice(*allowed: str) -> Callable[[object], list[str]]:
    def check(value: object) -> list[str]:
        return [] if value in allowed else [f"{value!r} is not one of {', '.join(map(repr, allowed))}"]

    return check


def _duration(*, zero: bool) -> Callable[[object], list[str]]:
    def check(value: object) -> list[str]:
        try:
            seconds = parse_duration_s(value)
        except ValueError as error:
            return [str(error)]
        return [] if seconds > 0 or zero else ["must be longer than 0s"]

    return check


def _text_or_table(value: object) -> list[str]:
    if isinstance(value, str):
        return []
    if isinstance(value, Mapping):
        return [f"{name!r}: {item!r} is not text" for name, item in value.items() if not isinstance(item, str)]
    return [f"{value!r} is neither text nor a table of text per model"]


def _batch(value: object) -> list[str]:
    check = _whole(1)
    if isinstance(value, Mapping):
        return [f"{name!r}: {problem}" for name, item in value.items() for problem in check(item)]
    return check(value)


def _stages(value: object) -> list[str]:
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
        shapes.update(name for name in ("users", "tps") if fields.get(name) is not None)
    if len(shapes) > 1:
        problems.append("all stages are either users (closed model) or tps (open model)")
    return problems


def _stage(fields: Mapping[str, object]) -> list[str]:
    names = tuple(spec.name for spec in dataclasses.fields(Stage))
    problems = [unknown_field(name, names) for name in fields if name not in names]
    problems += [f"duration: {problem}" for problem in _duration(zero=False)(fields.get("duration"))]
    if fields.get("name") is not None and not isinstance(fields["name"], str):
        problems.append(f"name: {fields['name']!r} is not text")
    given = [name for name in ("users", "tps") if fields.get(name) is not None]
    if len(given) != 1:
        problems.append("needs exactly one of users and tps")
    for name in given:
        problems += [f"{name}: {problem}" for problem in _CHECKS[name](fields[name])]
    return problems


_CHECKS: dict[str, Callable[[object], list[str]]] = {
    "users": _whole(1, MAX_USERS),
    "spawn_rate": _positive,
    "wait": _duration(zero=True),
    "tps": _positive,
    "arrivals": _choice(POISSON, UNIFORM),
    "stages": _stages,
    "duration": _duration(zero=False),
    "warmup": _duration(zero=True),
    "models": check_models,
    "content_type": _text_or_table,
    "accept": _text_or_table,
    "batch": _batch,
    "variant": _text_or_table,
    "container": _text_or_table,
    "component": _text_or_table,
    "custom_attributes": _text_or_table,
    "inference_id": _text_or_table,
    "order": _choice("shuffled", "smooth"),
    "max_in_flight": _whole(1, MAX_USERS),
    "max_requests": _whole(1),
    "prime": _flag,
    "prime_timeout": _duration(zero=False),
    "timeout": _duration(zero=False),
    "max_duration": _duration(zero=False),
    "seed": _whole(0),
    "on_unproven": _choice("estimate", "fail"),
    "abort_on": _abort_on,
}
