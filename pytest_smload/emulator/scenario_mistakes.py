"""Says what is wrong with a scenario file: every mistake with its file, table, key and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from pytest_smload.core.quoting import quoted
from pytest_smload.core.wording import nearest
from pytest_smload.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class ScenarioError(EmulatorError):
    """A scenario file has mistakes.

    Attributes:
        problems: One sentence each.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def describe(error: ValidationError, path: Path, schema: type[BaseModel]) -> list[str]:
    """Return one sentence for each mistake of *error*, in the order of the file's tables."""
    return [f"{path}: {_sentence(detail, schema)}" for detail in error.errors(include_url=False)]


def _sentence(detail: ErrorDetails, schema: type[BaseModel]) -> str:
    loc = [part for part in detail["loc"] if part != "[key]"]
    if detail["type"] == "extra_forbidden":
        *table, key = loc
        return f"{_place(table, schema)}unknown key {quoted(str(key))}; {_allowed(str(key), _keys(schema, table))}"
    text = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        *table, key = loc
        return f"{_place(table, schema)}key {str(key)!r} is missing"
    if detail["type"] == "value_error":
        return f"{_place(loc, schema)}{text}"
    return f"{_place(loc, schema)}{text[:1].lower()}{text[1:]}, not {quoted(detail['input'])}"


def _place(loc: list[int | str], schema: type[BaseModel]) -> str:
    """Return where *loc* is, as TOML shows it: ``[[faults]] no. 2, key 'kind': ``."""
    if not loc:
        return ""
    if len(loc) > 1 and isinstance(loc[1], int):
        table, keys = f"[[{loc[0]}]] no. {loc[1] + 1}", loc[2:]
    elif len(loc) > 1 or _table_type(schema, str(loc[0])) is not None:
        table, keys = f"[{loc[0]}]", loc[1:]
    else:
        table, keys = "", loc
    return ", ".join(part for part in (table, f"key {quoted('.'.join(map(str, keys)))}" if keys else "") if part) + ": "


def _allowed(key: str, keys: list[str]) -> str:
    near = nearest(key, keys)
    return f"did you mean {near!r}? Allowed: {', '.join(keys)}" if near else f"allowed: {', '.join(keys)}"


def _keys(schema: type[BaseModel], table: list[int | str]) -> list[str]:
    for part in table:
        if isinstance(part, str):
            schema = _table_type(schema, part) or schema
    return [field.alias or name for name, field in schema.model_fields.items()]


def _table_type(schema: type[BaseModel], key: str) -> type[BaseModel] | None:
    """Return the type of the table, or of the tables, under *key*, or None where *key* holds a plain value."""
    field = schema.model_fields.get(key)
    return None if field is None else _table_in(field.annotation)


def _table_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _table_in(inner)) is not None), None)
