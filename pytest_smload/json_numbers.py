"""Puts null and ``"inf"`` in place of the numbers JSON has no word for, and these back by the types of the fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache
from itertools import chain, repeat
from math import inf, isfinite, nan
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

INFINITY = "inf"
_LARGEST = 1e300

Reshape = Mapping[Any, Callable[[Mapping[str, Any]], Mapping[str, Any]]]
"""By dataclass: turns the object JSON has for it into its fields."""


def without_nan(value: Any, infinity: str | None = INFINITY) -> Any:
    """Return *value*, of mappings, sequences and scalars, as JSON has it: NaN is null, positive infinity *infinity*."""
    if isinstance(value, float):
        return float(value) if isfinite(value) else infinity if value > 0 else None
    if isinstance(value, Mapping):
        return {name: without_nan(entry, infinity) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(entry, infinity) for entry in value]
    return value


def restored(
    value: Any,
    hint: Any,
    *,
    nulls: Mapping[Any, float] | None = None,
    reshape: Reshape | None = None,
    null: float = nan,
) -> Any:
    """Return the JSON value *value* with numbers where a field of the type *hint* is a plain float.

    What does not have the shape of *hint* is left as it is, for whoever validates it.

    Args:
        hint: A dataclass, or the type of a field of one.
        nulls: By dataclass: what null stands for in its floats, and in those below it, instead of *null*.
        reshape: Applied to the objects of the dataclasses named, before their fields are looked at.
        null: What null stands for, NaN by default.
    """

    def inner(entry: Any, hint: Any) -> Any:
        return restored(entry, hint, nulls=nulls, reshape=reshape, null=null)

    null = (nulls or {}).get(hint, null)
    arguments = get_args(hint)
    if hint is Any:
        return value
    if hint is float:
        return _number(value, null)
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in arguments if kind is not NoneType]
        return inner(value, kinds[0]) if value is not None and len(kinds) == 1 else value
    if isinstance(value, Mapping):
        fields = reshape[hint](value) if reshape is not None and hint in reshape else value
        hints = _hints(hint) if _is_dataclass(hint) else {}
        other = arguments[1] if len(arguments) == 2 else Any
        return {name: inner(entry, hints.get(name, other)) for name, entry in fields.items()}
    if isinstance(value, list):
        first = _hints(hint).values() if hasattr(hint, "_fields") else ()
        others = repeat(arguments[0] if arguments else Any)
        return [inner(entry, kind) for entry, kind in zip(value, chain(first, others), strict=False)]
    return value


def _number(value: Any, null: float) -> Any:
    """The number a float field is to have; None, which is none, for one beyond what a float can hold."""
    if value is None:
        return null
    if value == INFINITY:
        return inf
    return None if isinstance(value, (int, float)) and abs(value) > _LARGEST else value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _is_dataclass(kind: Any) -> bool:
    """Without narrowing the type: mypy takes a class of dataclasses for unhashable."""
    return is_dataclass(kind)
