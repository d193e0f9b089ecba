"""The baseline file of one test as text: read and written so that a diff shows one line per run."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from functools import cache
from itertools import count
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from pytest_smload.core.baselines.runs import UPDATE_OPTION, Baseline, BaselineRun, LoadBaseline
from pytest_smload.errors import ConfigurationError
from pytest_smload.json_numbers import restored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import TypeAdapter

SCHEMA = 1
_DIGITS = 4
_LONGEST_SHOWN = 300
_COUNTS = ("n", "n_eff", "errors")


def render(baseline: Baseline) -> str:
    """Return the file's text: JSON with sorted keys, four significant digits, and a line for each run and each fact."""
    lines = ["{", '"loads": {']
    for label, load in sorted(baseline.loads.items()):
        lines += [
            f" {_json(label)}: {{",
            f'  "anchor": {_json(_run_record(load.anchor))},',
            '  "fingerprint": {',
            *_joined(f"   {_json(name)}: {_json(fact)}" for name, fact in sorted(load.fingerprint.items())),
            "  },",
            '  "runs": [',
            *_joined(f"   {_json(_run_record(run))}" for run in load.runs),
            "  ]",
            " },",
        ]
    if baseline.loads:
        lines[-1] = " }"
    return "\n".join([*lines, "},", f'"schema": {SCHEMA},', f'"test": {_json(baseline.test)}', "}", ""])


def parse(text: str, *, test: str, where: str) -> Baseline:
    """Return the baseline in *text*.

    Args:
        text: The file's content.
        test: The test it must be of.
        where: The file's path, for messages.

    Raises:
        ConfigurationError: *text* is not such a file; one sentence says where and what to do.
    """
    try:
        return _baseline(json.loads(text), test)
    except _MalformedError as error:
        problem = str(error)
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError as error:  # of JSON itself, or of a number with thousands of digits
        conflict = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
        problem = "holds an unresolved merge conflict" if conflict else f"is not JSON: {error}"
    raise ConfigurationError(
        f"baseline {where} {problem}; restore it from version control, or delete it and record anew with "
        f"pytest {UPDATE_OPTION}"
    )


class _MalformedError(Exception):
    """What is wrong with a file that is JSON."""


def _baseline(document: Any, test: str) -> Baseline:
    table = _table(document, "the file")
    if table.get("schema") != SCHEMA:
        raise _MalformedError(f"has schema {_shown(table.get('schema'))}, this version reads {SCHEMA}")
    if table.get("test") != test:
        raise _MalformedError(f"is of the test {_shown(table.get('test'))}, not of {_shown(test)}")
    loads = _table(table.get("loads"), '"loads"')
    return Baseline(test, {label: _load(load, f"the load {_shown(label)}") for label, load in loads.items()})


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _MalformedError(f"has no table for {place}")
    return value


def _load(value: Any, place: str) -> LoadBaseline:
    from pydantic import ValidationError

    # JSON has no number for infinity, which is null in the file and, to pydantic, a word Python's own JSON has.
    text = json.dumps(restored(value, LoadBaseline, null=inf))
    try:
        load: LoadBaseline = _adapter(LoadBaseline).validate_json(text, strict=True)
    except ValidationError as error:
        raise _MalformedError(_mistake(error.errors(include_url=False)[0], place)) from None
    if not load.runs:
        raise _MalformedError(f'has no list of "runs" in {place}')
    for run, record, name in zip((load.anchor, *load.runs), (value["anchor"], *value["runs"]), _names(), strict=False):
        _check_run(run, record, f"{name} of {place}")
    return load


def _check_run(run: BaselineRun, record: Any, place: str) -> None:
    """Refuse what has the right types and makes no sense."""
    unknown = sorted(set(record) - {each.name for each in fields(BaselineRun)})
    if unknown:
        raise _MalformedError(f"has the unknown key {_shown(unknown[0])} in {place}")
    for name in _COUNTS:
        if getattr(run, name) < 0:
            raise _MalformedError(f'has no count for "{name}" of {place}')
    for key, estimate in run.metrics.items():
        if not 0 <= estimate.lower <= estimate.value <= estimate.upper:
            triple = _shown(record["metrics"][key])
            raise _MalformedError(f"has {triple} for {_shown(key)} of {place}, which is not lower <= value <= upper")


def _mistake(error: Any, place: str) -> str:
    """What pydantic found first, in the words of the file."""
    match error["loc"]:
        case () if error["type"] == "json_invalid":
            # It has been read as JSON once: what remains is pydantic's own reading of it.
            return "is nested too deeply" if "recursion" in error["msg"] else f"holds no Unicode text in {place}"
        case ("runs",):
            return f'has no list of "runs" in {place}'
        case ("fingerprint", *_):
            return f"has no table for the fingerprint of {place}"
        case ("anchor", *path):
            return _mistake_of_run(path, error["type"], f"the anchor of {place}")
        case ("runs", int(index), *path):
            return _mistake_of_run(path, error["type"], f"run {index + 1} of {place}")
    return f"has no table for {place}"


_NOT_THREE = ("missing", "missing_argument", "unexpected_positional_argument")
"""pydantic's words, newest version and older ones, for a list that is not of three."""


def _mistake_of_run(path: list[Any], kind: str, place: str) -> str:
    match path:
        case ["metrics"]:
            return f"has no table for the metrics of {place}"
        case ["metrics", key, _] if kind not in _NOT_THREE:
            return f"has something else than numbers for {_shown(key)} of {place}"
        case ["metrics", key, *_]:
            return f"has no [value, lower, upper] for {_shown(key)} of {place}"
        case [name, *_]:
            return f'has no {"count" if name in _COUNTS else "text"} for "{name}" of {place}'
    return f"has no table for {place}"


def _names() -> Iterator[str]:
    """What messages call the anchor, then each run."""
    yield "the anchor"
    yield from (f"run {number}" for number in count(1))


def _run_record(run: BaselineRun) -> dict[str, Any]:
    exclude = None if run.commit else {"commit"}
    record: dict[str, Any] = _adapter(BaselineRun).dump_python(run, exclude=exclude, warnings=False)
    return record | {"metrics": {key: [_rounded(number) for number in run.metrics[key]] for key in run.metrics}}


def _rounded(number: float) -> float | None:
    """*number* in four significant digits, whole ones without a point; None for inf, which JSON has no number for."""
    if not isfinite(number):
        return None
    short = float(f"{number:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short


def _joined(lines: Iterable[str]) -> list[str]:
    """*lines* with a comma after each but the last."""
    every = list(lines)
    return [f"{line}," for line in every[:-1]] + every[-1:]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any) -> str:
    """*value* for a message, which says no more of it than its beginning and its end."""
    text = _json(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 20]}...{text[-10:]}"


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
