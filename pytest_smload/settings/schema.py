"""The schema of a settings file: which keys a table has, and one sentence for every mistake in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from pytest_smload.aws.report_place import parse_report_place
from pytest_smload.core.load.profile import LOAD_FIELDS, TRAFFIC_FIELDS, check_load_fields
from pytest_smload.core.quoting import quoted, toml_key
from pytest_smload.core.request.route_kinds import WEIGHTED
from pytest_smload.core.units import parse_duration_s
from pytest_smload.core.wording import nearest, unknown_field, unknown_name
from pytest_smload.settings.safety import SafetyTable, StrictTable, price_problems
from pytest_smload.settings.tables import LOCAL
from pytest_smload.transport.registry import TRANSPORTS

_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
"""EndpointName, in the API reference of CreateEndpoint."""
LEAST_WATCH_S = 10.0
_MOST_CORES = 10_000
_SECRET_KEY = re.compile(
    r"(aws_?)?(access_?key(_?id)?|secret(_?access)?(_?key)?|(session|security)_?token|token|password|credentials?|profile)"
    r"|.*(secret|password|access_?key).*",
    re.IGNORECASE,
)


def _endpoint_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not an endpoint name; it has 1 to 63 letters, digits and inner hyphens")
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text, re.ASCII):
        raise ValueError(f'{quoted(text)} is not an account; write its 12 digits as text: "111122223333"')
    return text


def _transport(value: object) -> object:
    if value not in list(TRANSPORTS):
        raise ValueError(f"must be {' or '.join(map(repr, TRANSPORTS))}")
    return value


def _wait(text: str) -> str:
    parse_duration_s(text)
    return text


def _watch(text: str) -> str:
    if parse_duration_s(text) < LEAST_WATCH_S:
        raise ValueError(f"{quoted(text)} is too often; each look is a call to AWS: {LEAST_WATCH_S:g}s or more")
    return text


class EndpointTable(StrictTable):
    """Keys of ``[endpoints.NAME]``; those of `TRAFFIC_FIELDS` are checked by the core, as everywhere."""

    name: Annotated[str, AfterValidator(_endpoint_name)] | None = None
    region: Annotated[str, Field(min_length=1)] | None = None
    account: Annotated[str, AfterValidator(_account)] | None = None
    endpoint_url: Annotated[str, Field(min_length=1)] | None = None
    control_url: Annotated[str, Field(min_length=1)] | None = None
    production: bool = False
    wait_in_service: Annotated[str, AfterValidator(_wait)] | None = None
    watch: Annotated[str, AfterValidator(_watch)] | None = None
    transport: Annotated[str, BeforeValidator(_transport)] | None = None
    scenario: Annotated[str, Field(min_length=1)] | None = None
    cloudwatch: bool = False
    vcpus: Annotated[int, Field(gt=0, le=_MOST_CORES)] | None = None
    gpus: Annotated[int, Field(ge=0, le=_MOST_CORES)] | None = None


class SettingsTable(StrictTable):
    """Keys at the top of a settings file."""

    endpoint: str | None = None
    endpoints: dict[str, EndpointTable] = Field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    budgets: dict[str, Any] = Field(default_factory=dict)  # each table is the core's to check
    safety: SafetyTable = Field(default_factory=SafetyTable)
    prices: dict[str, Any] = Field(default_factory=dict)  # checked by `price_problems`
    report_to: Annotated[Any, AfterValidator(parse_report_place)] = None
    otel: bool = False


_SAFETY = "safety"
ENDPOINT_KEYS = (*EndpointTable.model_fields, *TRAFFIC_FIELDS)


def remove_credentials(tables: dict[str, Any], table: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Remove keys that look like credentials from *tables* and yield (table, key) of each.

    They are removed before anything else looks, so that no message and no traceback can show a value.
    """
    for key in list(tables):
        value = tables[key]
        # [profile.NAME] is a misspelt table of loads; an AWS profile is text.
        misspelt_table = key == "profile" and isinstance(value, dict)
        if len(table) != 1 and _SECRET_KEY.fullmatch(key) and not misspelt_table:
            del tables[key]
            yield table, key
        elif isinstance(value, dict) and table != ("budgets",) and key not in TRAFFIC_FIELDS:
            yield from remove_credentials(value, (*table, key))


def check_tables(tables: Mapping[str, Any]) -> tuple[SettingsTable | None, list[tuple[tuple[str, ...], str]]]:
    """Return the parsed tables (None if their structure is wrong) and (table, sentence) of every mistake in them."""
    problems: list[tuple[tuple[str, ...], str]] = []
    endpoints = _subtables(tables, "endpoints")
    for name, endpoint in endpoints.items():
        problems += [(("endpoints", name), problem) for problem in _traffic_problems(endpoint)]
        problems += [(("endpoints", name), problem) for problem in _embedded_problems(name, endpoint)]
    for name, profile in _subtables(tables, "profiles").items():
        problems += [(("profiles", name), problem) for problem in _profile_problems(profile)]
    problems += [(("prices",), problem) for problem in price_problems(tables.get("prices"))]
    default = tables.get("endpoint")
    if isinstance(default, str) and default not in (*endpoints, LOCAL):
        problems.append(((), f"endpoint: {unknown_name('endpoint', default, dict.fromkeys([*endpoints, LOCAL]))}"))
    without_traffic = {
        name: {key: value for key, value in endpoint.items() if key not in TRAFFIC_FIELDS}
        for name, endpoint in endpoints.items()
    }
    structure = dict(tables)
    if isinstance(structure.get("endpoints"), dict):
        structure["endpoints"] = structure["endpoints"] | without_traffic
    try:
        return SettingsTable.model_validate(structure), problems
    except ValidationError as error:
        structural = [
            _sentence(detail["loc"], detail["type"], detail["msg"], _value_at(tables, detail["loc"]))
            for detail in error.errors()
        ]
        return None, structural + problems


def _subtables(tables: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    value = tables.get(key)
    return {name: table for name, table in value.items() if isinstance(table, dict)} if isinstance(value, dict) else {}


def _traffic_problems(endpoint: Mapping[str, Any]) -> list[str]:
    traffic = {key: value for key, value in endpoint.items() if key in TRAFFIC_FIELDS}
    return unquoted_models(traffic) or [*check_load_fields(traffic), *_payload_problems(traffic)]


def _profile_problems(profile: Mapping[str, Any]) -> list[str]:
    return unquoted_models(profile) or [*check_load_fields(profile), *_payload_problems(profile)]


def _payload_problems(fields: Mapping[str, Any]) -> list[str]:
    payload = fields.get("payload")
    parts = payload.items() if isinstance(payload, dict) else [("", payload)] if payload is not None else []
    return [
        f"payload: {f'{name!r}: ' if name else ''}{quoted(part)} is neither text (a path, module:function) nor a list "
        "of rows"
        for name, part in parts
        if not (isinstance(part, str) or (isinstance(part, list) and all(isinstance(row, str) for row in part)))
    ]


def unquoted_models(fields: Mapping[str, Any]) -> list[str]:
    """Return sentences for weights such as ``xgboost-0.tar.gz = 3``, which TOML reads as nested tables."""
    return [
        f"{row.field}: {name!r} holds a table; a {row.kind} name with dots needs quotes: "
        f"{toml_key(_dotted(name, table))} = 1"
        for row in WEIGHTED.values()
        for name, table in _subtables(fields, row.field).items()
    ]


def _dotted(name: str, table: Mapping[str, Any]) -> str:
    key, value = next(iter(table.items()), ("", 0))
    return _dotted(f"{name}.{key}", value) if isinstance(value, dict) else f"{name}.{key}"


def _embedded_problems(name: str, endpoint: Mapping[str, Any]) -> list[str]:
    if name != LOCAL and "scenario" not in endpoint:
        return []
    why = f"{LOCAL!r} is the embedded endpoint" if name == LOCAL else "a table with a scenario is the embedded endpoint"
    return [
        f"{key}: {why}, which has none; remove it, or give the AWS endpoint a table of its own"
        for key in ("account", "endpoint_url", "control_url")
        if key in endpoint
    ]


def _value_at(tables: Mapping[str, Any], loc: tuple[int | str, ...]) -> object:
    """The value of a key at the top of the file, with the tables in it."""
    return tables.get(str(loc[0])) if len(loc) == 1 else None


def _unknown_table(name: str, table: Mapping[str, Any]) -> str:
    """The sentence for a table at the top of the file that there is none of, with the nearest that there is."""
    below = [key for key, value in table.items() if isinstance(value, dict)]
    inner = f".{toml_key(below[0])}" if below else ""
    known = {"endpoints": ".NAME", "profiles": ".NAME", "budgets": ".NAME", "safety": "", "prices": "", "report_to": ""}
    near = nearest(name, known)
    hint = f"; did you mean [{near}{(inner or known[near]) if known[near] else ''}]?" if near is not None else ""
    tables = ", ".join(f"[{each}{below}]" for each, below in known.items())
    return f"there is no table [{toml_key(name)}{inner}]{hint} (tables: {tables})"


def _sentence(loc: tuple[int | str, ...], kind: str, text: str, value: object) -> tuple[tuple[str, ...], str]:
    """Return table and sentence for one pydantic error; *loc* is the path of keys to it, *value* what is there."""
    path = tuple(str(part) for part in loc)
    depth = min(1 if path[0] == _SAFETY else 2, len(path) - 1)
    table, key = path[:depth], ".".join(path[depth : depth + 1])
    if kind == "extra_forbidden":
        if path[0] == _SAFETY and depth:
            return table, unknown_field(key, SafetyTable.model_fields)
        allowed = ENDPOINT_KEYS if depth else tuple(SettingsTable.model_fields)
        if not depth and isinstance(value, dict):
            return (), _unknown_table(path[0], value)
        also = " (a key of a load profile: it goes into [profiles.NAME])" if key in LOAD_FIELDS else ""
        return table, unknown_field(key, allowed) + also
    known = {
        "string_type": 'must be text in quotes: "..."',
        "string_too_short": "must not be empty",
        "dict_type": "must be a table",
        "model_type": "must be a table",
        "model_attributes_type": "must be a table",
        "bool_type": "must be true or false",
        "list_type": 'must be a list of texts: ["*prod*"]',
        "too_short": 'must name something: ["staging-*"]',
        "float_type": "must be a number",
        "int_type": "must be a whole number",
        "greater_than": "must be more than 0",
        "greater_than_equal": "must be 0 or more",
        "less_than_equal": "is more than there is",
    }
    return table, f"{toml_key(key)}: {known.get(kind, text.removeprefix('Value error, '))}"
