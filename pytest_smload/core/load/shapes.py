"""Names for the courses of a load people ask for, each standing for the stages it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from pytest_smload.core.load.stages import Stage
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import parse_duration_s
from pytest_smload.core.wording import did_you_mean
from pytest_smload.errors import ConfigurationError

MOST_STEPS = 1_000
UNITS = ("tps", "users")
EXAMPLES = {
    "ramp": "ramp(10..200 tps over 2m)",
    "spike": "spike(50..500 tps over 30s rest 1m)",
    "steps": "steps(10..50 tps by 10 each 30s)",
    "soak": "soak(200 tps over 1h)",
}
"""How each is written as text, all of its words used."""
_OPTIONAL = "rest"
_WRITTEN = re.compile(r"\s*([^\s()]*)\s*\(([^()]*)\)\s*")
_NUMBER = r"\d+(?:\.\d+)?"
_AMOUNT = re.compile(rf"({_NUMBER})(?:\.\.({_NUMBER}))?")
Pair = tuple[float, float]


def ramp(*, over: str, tps: Pair | None = None, users: tuple[int, int] | None = None) -> tuple[Stage, ...]:
    """Return one stage, ``"ramp"``, that changes linearly from the first to the second of *tps* or *users*.

    Raises:
        ConfigurationError: not exactly one of *tps* and *users*, or no two numbers; of every function here.
    """
    first, last, unit = _ends("ramp", tps, users)
    return (_stage(over, unit, first, "ramp", to=last),)


def spike(
    *, over: str, rest: str | None = None, tps: Pair | None = None, users: tuple[int, int] | None = None
) -> tuple[Stage, ...]:
    """Return the stages ``"before"``, ``"spike"`` and ``"after"``: the first of *tps* or *users*, at once the second
    for *over*, and the first again; *rest* is how long before and after last, each as long as the spike if left out."""
    first, last, unit = _ends("spike", tps, users)
    rest = over if rest is None else rest
    return (
        _stage(rest, unit, first, "before"),
        _stage(over, unit, last, "spike"),
        _stage(rest, unit, first, "after"),
    )


def steps(*, by: float, each: str, tps: Pair | None = None, users: tuple[int, int] | None = None) -> tuple[Stage, ...]:
    """Return the stages ``"step-1"``, ``"step-2"``, ... from the first of *tps* or *users* to the second, *by* apart,
    up or down, *each* so long."""
    first, last, unit = _ends("steps", tps, users)
    if not _is_number(by) or not 0 < by < inf:
        raise ConfigurationError(f"steps: by: {quoted(by)} is not a number above 0")
    if unit == "users" and by != int(by):
        raise ConfigurationError(f"steps: by: {by:g} is not a whole number of users")
    count = abs(last - first) / by
    if count > MOST_STEPS:
        raise ConfigurationError(f"steps: {count:,.0f} steps are more than {MOST_STEPS:,}; take larger ones")
    if abs(count - round(count)) > 1e-9:
        raise ConfigurationError(f"steps: steps of {by:g} from {first:g} do not reach {last:g}; change one of them")
    sign = 1 if last > first else -1
    levels = [_exact(first + sign * by * place, unit) for place in range(round(count) + 1)]
    return tuple(_stage(each, unit, level, f"step-{number}") for number, level in enumerate(levels, start=1))


def soak(*, over: str, tps: float | None = None, users: int | None = None) -> tuple[Stage, ...]:
    """Return one stage, ``"soak"``, that holds *tps* or *users* for *over*."""
    amount, unit = _one_of("soak", tps, users)
    if not _is_number(amount):
        raise ConfigurationError(f"soak: {unit}: {quoted(amount)} is not a number")
    return (_stage(over, unit, amount, "soak"),)


_MAKERS: Mapping[str, tuple[Callable[..., tuple[Stage, ...]], tuple[str, ...]]] = {
    "ramp": (ramp, ("over",)),
    "spike": (spike, ("over", "rest")),
    "steps": (steps, ("by", "each")),
    "soak": (soak, ("over",)),
}


def written_shape(text: str) -> tuple[Stage, ...]:
    """Return the stages of a shape written as text, ``"ramp(10..200 tps over 2m)"``.

    Raises:
        ConfigurationError: saying how it is written.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        name = re.split(r"[\s(]", text.strip(), maxsplit=1)[0]
        example = EXAMPLES.get(name, EXAMPLES["ramp"])
        raise ConfigurationError(f"{quoted(text)} is no shape; write one like {example!r}, each an entry of a list")
    name, inside = found[1], found[2].split()
    if name not in _MAKERS:
        raise ConfigurationError(
            f"{quoted(text)}: there is no shape {name!r}{did_you_mean(name, _MAKERS)} (known: {', '.join(_MAKERS)})"
        )
    try:
        return _made(name, inside)
    except ValueError as error:
        raise ConfigurationError(f"{quoted(text)}: {error}; it is written {EXAMPLES[name]!r}") from None


def _made(name: str, words: Sequence[str]) -> tuple[Stage, ...]:
    maker, keys = _MAKERS[name]
    amount, unit, *rest = [*words[:2], *[""] * (2 - len(words)), *words[2:]]
    numbers = _AMOUNT.fullmatch(amount)
    if numbers is None:
        raise ValueError(f"{amount!r} is not an amount")
    if unit not in UNITS:
        raise ValueError(f"{amount} must be followed by tps or users, not {unit!r}{did_you_mean(unit, UNITS)}")
    if (name == "soak") != (numbers[2] is None):
        raise ValueError(f"{name} takes {'one amount' if name == 'soak' else 'two amounts, with .. between'}")
    given: dict[str, Any] = dict(zip(rest[::2], rest[1::2], strict=False))
    for key in rest[::2]:
        if key not in keys:
            raise ValueError(f"unknown word {key!r}{did_you_mean(key, keys)}")
    missing = [key for key in keys if key not in given and key != _OPTIONAL]
    if missing or len(rest) != 2 * len(given):
        raise ValueError(f"needs {' and '.join(keys)}, each once with its value")
    if "by" in given:
        given["by"] = _number(given["by"])
    amounts = [_number(each) for each in numbers.groups() if each is not None]
    for duration in (value for key, value in given.items() if key != "by"):
        parse_duration_s(duration)
    return maker(**given, **{unit: amounts[0] if name == "soak" else tuple(amounts)})


def _number(text: str) -> float:
    if not re.fullmatch(_NUMBER, text):
        raise ValueError(f"{text!r} is not a number")
    return float(text) if "." in text else int(text)


def _stage(duration: str, unit: str, amount: Any, name: str, to: Any = None) -> Stage:
    if unit == "tps":
        return Stage(duration, tps=amount, name=name, to=to)
    return Stage(duration, users=amount, name=name, to=to)


def _one_of(shape: str, tps: Any, users: Any) -> tuple[Any, str]:
    if (tps is None) == (users is None):
        raise ConfigurationError(f"{shape}: needs exactly one of tps and users")
    return (tps, "tps") if users is None else (users, "users")


def _ends(shape: str, tps: Any, users: Any) -> tuple[Any, Any, str]:
    amounts, unit = _one_of(shape, tps, users)
    if not isinstance(amounts, (tuple, list)) or len(amounts) != 2 or not all(map(_is_number, amounts)):
        raise ConfigurationError(f"{shape}: {unit}: {quoted(amounts)} is not two numbers, from and to, like (10, 200)")
    first, last = amounts
    if first == last:
        raise ConfigurationError(
            f"{shape}: goes from {first:g} to {last:g} {unit}, which is none; soak holds one {unit}"
        )
    return first, last, unit


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _exact(level: float, unit: str) -> float:
    whole = isinstance(level, int) or (unit == "users" and level == int(level))
    return int(level) if whole else round(level, 9)
