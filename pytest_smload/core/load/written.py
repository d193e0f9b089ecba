"""Writes a load profile down for reports: in the user's own words, bulky values by what tells them apart."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pytest_smload.core.load.fields import LoadField
from pytest_smload.core.load.locustfile import applies_beside
from pytest_smload.core.load.profile import LOAD_FIELDS, LoadProfile
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import parse_duration_s

MOST_ENTRIES = 100
"""Tables and lists longer than this are given as their length and digest."""
_MOST_CHARACTERS = 500
_DIGEST_DIGITS = 16
_NUMBERS = ("tps", "users", "to", "max_requests")
_LARGEST = 1e300


def written_profile(profile: LoadProfile) -> dict[str, Any]:
    """Return the fields of *profile* that apply and have a value, as JSON values.

    Payloads appear as a path, a function's name, or the size and SHA-256 of what was given, never as their bytes.
    """
    values = {name: getattr(profile, name) for name, row in LOAD_FIELDS.items() if _applies(name, row, profile)}
    return {
        name: _payload(value) if name == "payload" else _plain(value)
        for name, value in values.items()
        if value is not None
    }


def check_written(profile: Mapping[str, Any]) -> None:
    """Refuse a written *profile*, from a file anyone may have edited, of which no report could say what it asks for.

    Raises:
        ValueError: naming the field.
    """
    stages = profile.get("stages") or []
    listed = stages if isinstance(stages, list) else [stages.get("first")] if isinstance(stages, Mapping) else [None]
    if isinstance(stages, Mapping):
        _check_number("stages.entries", stages.get("entries", ""))
    for place, shape in [("", profile), *((f"stages.{number}.", stage) for number, stage in enumerate(listed))]:
        if not isinstance(shape, Mapping):
            raise ValueError(f"{place}: {quoted(shape)} is no stage")  # noqa: TRY004 - one error type for one question
        for name in _NUMBERS:
            _check_number(place + name, shape.get(name))
        needed = shape is not profile or not stages
        for name, value in (("duration", shape.get("duration")), ("warmup", shape.get("warmup") or "0s")):
            if value is not None or needed:
                try:
                    parse_duration_s(value)
                except ValueError as error:
                    raise ValueError(f"{place}{name}: {error}") from None


def _check_number(name: str, value: object) -> None:
    if value is not None and not (isinstance(value, (int, float)) and abs(value) <= _LARGEST):
        raise ValueError(f"{name}: {quoted(value)} is no number")


def _applies(name: str, row: LoadField, profile: LoadProfile) -> bool:
    """Whether the field's default would tell a reader something true of this load."""
    if profile.locustfile is not None and not applies_beside(name):
        return False
    if row.loads == "unstaged":
        return profile.stages is None
    return row.loads in ("all", "open" if profile.open_model else "closed")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _bounded({str(key): _plain(entry) for key, entry in value.items()})
    if isinstance(value, (list, tuple)):
        return _bounded([_plain(entry) for entry in value])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {key: entry for key, entry in dataclasses.asdict(value).items() if entry is not None}
    return _shortened(value) if isinstance(value, str) else value


def _payload(source: Any) -> Any:
    if isinstance(source, Mapping):
        return _bounded({str(key): _payload(entry) for key, entry in source.items()})
    if isinstance(source, (bytes, bytearray)):
        return _measured([bytes(source)], "literal")
    if isinstance(source, (str, PurePath)):
        return _shortened(str(source))
    if isinstance(source, Sequence):
        rows = [_encoded(row) if isinstance(row, str) else bytes(row) for row in source]
        return _measured(rows, f"{len(rows):,} literal rows")
    # The name, not the repr: an address in it would make each run look like another payload.
    name = getattr(source, "__qualname__", None) or type(source).__qualname__
    return f"function {getattr(source, '__module__', None) or '?'}:{name}"


def _measured(rows: Sequence[bytes], what: str) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(len(row).to_bytes(8, "big") + row)
    return f"{what}, {sum(map(len, rows)):,} bytes, sha256 {digest.hexdigest()[:_DIGEST_DIGITS]}"


def _bounded(value: dict[str, Any] | list[Any]) -> Any:
    if len(value) <= MOST_ENTRIES:
        return value
    digest = hashlib.sha256(json.dumps(value).encode()).hexdigest()[:_DIGEST_DIGITS]
    first = next(iter(value))
    return {"entries": len(value), "first": first, "sha256": digest}


def _shortened(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return _measured([_encoded(text)], "text")


def _encoded(text: str) -> bytes:
    return text.encode(errors="backslashreplace")
