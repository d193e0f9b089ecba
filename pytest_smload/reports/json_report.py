"""``report.json``: the results of a run as JSON, written, read back and described by the types that hold them."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smload.core.baselines.outcome import BaselineOutcome
from pytest_smload.core.load.written import check_written
from pytest_smload.core.measure.figures import Figures, Stats
from pytest_smload.core.quoting import LONGEST, quoted
from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
from pytest_smload.errors import ReportError
from pytest_smload.json_numbers import INFINITY, restored, without_nan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.check import Check

SCHEMA_NAME = "report.schema.json"
"""The JSON Schema of ``report.json``, beside this module."""

Json = dict[str, Any]
_SCHEMA = 1

_ABSENT = (
    "account", "baseline", "control", "reruns", "shared", "hosting", "server", "diagnosis", "scaling", "workers",
    "distribution", "anchor", "rerun", "version", "commit", "branch", "failures", "capacities", "cost",
    "warmup_timeline", "examples_by_route",
)  # fmt: skip
"""Keys that are left out where there is nothing to say; all others are always there."""
_FIGURES = {each.name for each in fields(Figures)}
"""Fields of a load that are written in an object of their own, its total."""
_UNWRITTEN = {"run"}
"""What a baseline would keep of a load says nothing of the load that its figures do not."""


def run_json(run: RunResult) -> str:
    """Return *run* as strict JSON: a NaN or infinity that slipped through would be unreadable to all but Python.

    Raises:
        ValueError: there is one.
    """
    return json.dumps(run_record(run), allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def read_report(path: str | Path) -> RunResult:
    """Return the run that ``report.json`` is of.

    Raises:
        ReportError: it cannot be read, or is none; one line says why.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror or error}") from error
    return parse_report(content, str(path))


def parse_report(content: bytes, name: str) -> RunResult:
    """Return the run whose ``report.json`` has *content*; *name* is where it is from, for messages.

    Raises:
        ReportError: it is none; one line says why.
    """
    try:
        document = json.loads(content.decode())
    except RecursionError:
        raise ReportError(f"{name} is no report: it is nested too deeply") from None
    except ValueError as error:
        raise ReportError(f"{name} is no report: it is not JSON: {error}") from None
    schema = document.get("schema", _SCHEMA) if isinstance(document, dict) else _SCHEMA
    if schema != _SCHEMA:
        raise ReportError(
            f"{name} is of schema {quoted(schema)}, and this version of pytest-smload reads schema {_SCHEMA}; use the "
            "version that wrote it"
        )
    run: RunResult = _read(document, RunResult, name)
    for test in run.tests:
        for load in test.loads:
            try:
                check_written(load.profile)
            except ValueError as error:
                raise ReportError(f"{name} is no report of this version: profile of {test.nodeid}: {error}") from None
    return run


def run_record(run: RunResult) -> Json:
    """Return a run as JSON values."""
    about = _present(_dumped(run, {"tests"}))
    return {**about, "verdict": run.verdict, "tests": [attempt_record(test) for test in run.tests]}


def attempt_record(test: TestResult) -> Json:
    """Return an attempt of a test as JSON values."""
    record = {**_dumped(test, {"loads", "capacities"}), "loads": [load_record(load) for load in test.loads]}
    if test.capacities:
        record["capacities"] = [capacity_record(capacity) for capacity in test.capacities]
    return record


def attempt_from(record: Any) -> TestResult:
    """Return the attempt that `attempt_record` made *record* of.

    Raises:
        ReportError: *record* is none.
    """
    test: TestResult = _read(record, TestResult, "a test's record")
    return test


def load_record(load: LoadResult) -> Json:
    """Return a load as JSON values: the total's figures in an object of their own, and what follows beside them."""
    table = _dumped(load, {**dict.fromkeys(_FIGURES, True), "baseline": _UNWRITTEN})
    table["endpoint"] = _present(table["endpoint"])
    table["checks"] = [_with_valid(each, check) for each, check in zip(table["checks"], load.checks, strict=True)]
    if load.baseline is not None:
        comparisons = [_compared(each) for each in table["baseline"]["comparisons"]]
        # As in the file of baselines, null is infinite there.
        table["baseline"] = without_nan(table["baseline"] | {"comparisons": comparisons}, None)
    if load.control is not None:
        beside = table["control"] = _present(table["control"])
        beside["comparisons"] = [_compared(each) for each in beside["comparisons"]]
        beside["endpoint"] = _present(beside["endpoint"])
    record: Json = {"label": table.pop("label"), "verdict": load.verdict}
    for name, value in _present(table).items():
        if name == "models":
            record["total"] = _dumped(load.total)
        record[name] = value
    return dict(without_nan(record))


def capacity_record(capacity: Capacity) -> Json:
    """Return what a capacity search found as JSON values."""
    table = _dumped(capacity)
    table["endpoint"] = _present(table["endpoint"])
    for place, level in zip(table["levels"], capacity.levels, strict=True):
        place["checks"] = [_with_valid(each, check) for each, check in zip(place["checks"], level.checks, strict=True)]
    for name, check in (("check", capacity.check), ("binding", capacity.binding)):
        if check is not None:
            table[name] = _with_valid(table[name], check)
    return dict(without_nan({"verdict": capacity.verdict, **table}))


def _with_valid(record: Json, check: Check) -> Json:
    return record | {"valid": check.valid}


def report_schema() -> Json:
    """Return the JSON Schema of ``report.json``."""
    from pydantic.json_schema import GenerateJsonSchema

    class Written(GenerateJsonSchema):
        """As the record is written: numbers with their stand-ins, and each key there but those that may be absent."""

        def float_schema(self, schema: Any) -> Json:  # noqa: ARG002 - a float is a float
            return {"anyOf": [{"type": "number"}, {"const": INFINITY}, {"type": "null"}]}

        def default_schema(self, schema: Any) -> Json:
            return self.generate_inner(schema["schema"])

        def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002, FBT001 - pydantic's signature
            return field["name"] not in _ABSENT

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
            return False

    schema = _adapter(RunResult).json_schema(schema_generator=Written)
    parts = schema["$defs"]
    verdict = parts["TestResult"]["properties"]["verdict"]
    added = {"verdict": verdict, "total": {"$ref": f"#/$defs/{Stats.__name__}"}}
    added_to = (
        (schema, "verdict", verdict),
        (parts["Capacity"], "verdict", verdict),
        (parts["Check"], "valid", {"type": "boolean"}),
    )
    for part, name, kind in added_to:
        part["properties"][name] = kind
        part["required"].append(name)
    load = _without(parts["LoadResult"], _FIGURES)
    parts["LoadResult"] = load | {
        "properties": added | load["properties"],
        "required": [*added, *load["required"]],
    }
    parts["BaselineOutcome"] = _without(parts["BaselineOutcome"], _UNWRITTEN)
    del parts["BaselineRun"], parts["Estimate"]
    for part in (schema, *parts.values()):
        # Docstrings are for readers of the code, and only newer versions of pydantic take them over.
        part.pop("description", None)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def _without(part: Json, names: set[str]) -> Json:
    properties = {name: entry for name, entry in part["properties"].items() if name not in names}
    return part | {"properties": properties, "required": [name for name in part["required"] if name not in names]}


def _read(document: Any, kind: Any, what: str) -> Any:
    from pydantic import ValidationError

    fields_of = restored(document, kind, nulls={BaselineOutcome: inf}, reshape={LoadResult: _flat})
    try:
        return _adapter(kind).validate_python(fields_of)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        if len(place) > LONGEST or not place.isprintable():
            place = quoted(place)
        raise ReportError(f"{what} is no report of this version: {place}: {first['msg']}") from None


def _flat(load: Mapping[str, Any]) -> Json:
    """The fields of a load: its errors by kind stay, their sum in the total goes."""
    total = load.get("total")
    return {**(total if isinstance(total, dict) else {}), **load}


def _present(table: Json) -> Json:
    """*table* without the keys that have nothing to say."""
    return {name: entry for name, entry in table.items() if entry or name not in _ABSENT}


def _compared(comparison: Json) -> Json:
    """A comparison, without what only one with a control has where it is with recorded runs."""
    return {
        name: {key: entry for key, entry in part.items() if key != "shared" or entry is not None}
        if isinstance(part, dict)
        else part
        for name, part in _present(comparison).items()
    }


def _dumped(value: Any, exclude: Any = None) -> Json:
    kind: Any = type(value)
    dumped: Json = _adapter(kind).dump_python(value, exclude=exclude, warnings=False)
    return dumped


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


if __name__ == "__main__":
    Path(__file__).with_name(SCHEMA_NAME).write_text(json.dumps(report_schema(), indent=1) + "\n", encoding="utf-8")
