"""How the code's own objects read in a table of the reference: pure functions to cells."""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pytest_smload.core.limits.quantities import (
    ANSWERS,
    COUNT,
    COUNT_OR_SHARE,
    DURATION,
    INSTANCES,
    LATENCY,
    MODELS,
    PER_MINUTE,
    RATE,
    RATIO,
    SHARE,
    USD,
    Quantity,
)

VALUES: Mapping[Quantity, tuple[str, tuple[object, ...]]] = {
    LATENCY: ("latency with a unit", ("250ms",)),
    DURATION: ("duration, which may be none", ("0s", "1.5s")),
    RATE: ("requests/s; or a share of the offered rate (open loop only)", (40, "96%")),
    RATIO: ("percent, or a number below 1", ("1%", 0.01)),
    COUNT: ("a count", (1000,)),
    COUNT_OR_SHARE: ("a table by error kind, of counts or shares", (0, "0.1%")),
    SHARE: ("percent, or a number below 1", ("70%", 0.7)),
    MODELS: ("a count", (10,)),
    INSTANCES: ("a count", (2,)),
    USD: ("US dollars", (0.25,)),
    PER_MINUTE: ("requests a minute", (4000,)),
    ANSWERS: ("a count, or a share of the invocations", (0, "0.1%")),
}
"""What values of a quantity are, and some as they are written."""
_DESCRIBED = re.compile(r"^    ([a-z_0-9, ]+): (.+(?:\n {8,}.+)*)", re.MULTILINE)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line).rstrip() + " |\n" for line in lines)


def first_marked(items: Iterable[Any]) -> Iterator[tuple[bool, Any]]:
    return ((number == 0, item) for number, item in enumerate(items))


def names(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def direction(at_least: bool) -> str:  # noqa: FBT001 - the metric's own attribute
    return "at least" if at_least else "at most"


def value_words(quantity: Quantity) -> str:
    words, examples = VALUES[quantity]
    return f"{words}: {', '.join(f'`{json.dumps(example)}`' for example in examples)}"


def default_cell(value: object, unset: str) -> str:
    if value is None:
        return unset
    return f"`{json.dumps(value)}`" if isinstance(value, str) else json.dumps(value)


def opening(said: object) -> str:
    return " ".join((inspect.getdoc(said) or "").partition("\n\n")[0].split())


def literals(text: str) -> str:
    return text.replace("``", "`")


def attributes(table: type) -> dict[str, str]:
    """What the docstring of *table* says of each of its attributes."""
    _, _, listed = (inspect.getdoc(table) or "").partition("Attributes:\n")
    return {
        name.strip(): _in_toml(literals(" ".join(text.split()).rstrip(".")))
        for names, text in _DESCRIBED.findall(listed)
        for name in names.split(",")
    }


def _in_toml(text: str) -> str:
    """TOML has no None, and writes truth small."""
    text = re.sub(r"\bNone, the default,", "Left out, it", text)
    text = re.sub(r"(^|\. )None\b", r"\1Left out", text)
    return re.sub(r"\b(True|False)\b", lambda found: f"`{found[1].lower()}`", re.sub(r"\bNone\b", "left out", text))


_TYPES: Mapping[object, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Any: "text, or a table",
}


def type_words(annotation: Any) -> str:
    """What a value of *annotation* is called in a file."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(filter(None, (type_words(each) for each in arguments if each is not type(None))))
    if hasattr(annotation, "__metadata__"):
        return type_words(annotation.__origin__)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(each)}`" for each in arguments)
    if origin is list:
        return f"list of {type_words(arguments[0])}s"
    if origin is dict or (inspect.isclass(annotation) and annotation not in _TYPES):
        return "table"
    return _TYPES[annotation]


def unset_cell(spec: Any) -> str:
    if spec.is_required():
        return "required"
    value = spec.get_default(call_default_factory=True)
    if isinstance(value, float) and spec.alias:
        return f'`"{value:g}s"`'
    plain = isinstance(value, (str, bool, int, float)) or value == []
    return f"`{json.dumps(value)}`" if plain else ""


def json_words(spec: Mapping[str, Any]) -> str:
    """What a value of a JSON Schema is called, objects with a link to theirs."""
    if "$ref" in spec:
        name = spec["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in spec:
        return " or ".join(json_words(each) for each in spec["anyOf"])
    if "const" in spec or "enum" in spec:
        return " or ".join(f"`{json.dumps(each)}`" for each in spec.get("enum", [spec.get("const")]))
    kind: str = spec.get("type", "any")
    within = spec.get("items") if kind == "array" else spec.get("additionalProperties")
    words = {"array": "list", "object": "object"}.get(kind, kind)
    if not isinstance(within, dict) or not within:
        return words
    return f"{words} of {json_words(within)}" if kind == "array" else f"{words}, by name, of {json_words(within)}"


def metavar(action: Any) -> str:
    return action.metavar or "/".join(action.choices or ()) or action.dest
