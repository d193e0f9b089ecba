"""Builds the requests' bodies of a load, each distinct body once, and lays per-model tables out over its models."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from math import gcd
from pathlib import Path
from typing import Any

from pytest_smload.core.load.payload_rows import MAX_TOTAL_BYTES, Joint, Rows, check_json, check_size, read_rows
from pytest_smload.core.load.weights import expand_names
from pytest_smload.core.request.invocation import Payload
from pytest_smload.core.request.route_kinds import RouteKind
from pytest_smload.core.wording import did_you_mean, some
from pytest_smload.errors import ConfigurationError, PayloadError

EVERY_OTHER = "*"
"""Key of a per-model table for the models it does not name."""
_SHOWN = 5


def build_payloads(
    source: object,
    *,
    names: Sequence[str | None],
    root: Path,
    batch: int | Mapping[str, int] | None = None,
    content_type: str | Mapping[str, str] | None = None,
    kind: RouteKind | None = "model",
) -> tuple[tuple[Payload, ...], ...]:
    """Return, for each of *names*, the payloads its requests cycle through.

    A body that occurs several times, for one model or for many, is one `Payload`; indices run from 0 over all of them.
    A file is read once, a function called once per model.

    Args:
        source: What `read_rows` takes, or a table of it per model.
        names: The TargetModels, or whatever else the weights name; ``[None]`` without weights.
        root: The folder paths are relative to.
        batch: Rows joined into one request, rows cycling until every row has been in every place it can get to:
            lcm(rows, batch) / batch requests. Rows are joined by newlines; JSON lines and literals as a JSON array
            where *content_type* is ``application/json``.
        kind: What *names* are of.

    Raises:
        PayloadError: a model has no payload, or one cannot be read, batched or sent.
        ConfigurationError: a table names a model twice, or one that gets no traffic.
    """
    sources = per_model(source, names, "payload", kind)
    missing = [name for name, item in zip(names, sources, strict=True) if item is None]
    if missing:
        whose = "" if list(names) == [None] else f" for {_named(missing, kind)}"
        raise PayloadError(
            f'no payload{whose}; set payload to a path, bytes, a list or a function (in a table "*" is for the others)'
        )
    batches = per_model(batch, names, "batch", kind)
    content_types = per_model(content_type, names, "content_type", kind)
    bodies = _Bodies(root)
    tabled = isinstance(source, Mapping)
    columns = zip(names, sources, batches, content_types, strict=True)
    return tuple(
        bodies.payloads(item, name, size or 1, media, f"payload of {kind} {name!r}" if tabled and name else "payload")
        for name, item, size, media in columns
    )


def per_model(
    value: object,
    names: Sequence[str | None],
    field: str = "per-model table",
    kind: RouteKind | None = "model",
) -> list[Any]:
    """Return *value*'s entry for each of *names*, which are of *kind*: the table's own, else its ``"*"``, else None.

    A *value* that is no table is every model's. Keys expand ``{0..9}``. *field* begins every message.

    Raises:
        ConfigurationError: keys that name no model of the load, or one model twice.
    """
    if not isinstance(value, Mapping):
        return [value] * len(names)
    known = {name for name in names if name is not None}
    entries: dict[str, object] = {}
    problems: list[str] = []
    unknown: list[str] = []
    for key, entry in value.items():
        try:
            expanded = [key] if key == EVERY_OTHER else expand_names(str(key))
        except ValueError as error:
            problems.append(f"{field}: {error}")
            continue
        unknown += [name for name in expanded if name not in known and name != EVERY_OTHER]
        again = [name for name in expanded if name in entries]
        if again:
            problems.append(f"{field}: {key!r} names {_named(again, kind)} a second time; name each once")
        entries.update(dict.fromkeys(expanded, entry))
    if unknown and not known:
        problems.append(f"{field}: the table is by name, but this load has no weights; write one value instead")
    elif unknown:
        hint = did_you_mean(unknown[0], known, f"; its {kind}s are {some(sorted(map(repr, known)), _SHOWN)}")
        problems.append(f"{field}: no traffic goes to {_named(unknown, kind)}{hint}")
    if problems:
        raise ConfigurationError(problems)
    default = entries.get(EVERY_OTHER)
    return [default if name is None else entries.get(name, default) for name in names]


def _named(names: Sequence[str | None], kind: RouteKind | None) -> str:
    """``model 'a'``, ``models 'a', 'b'``, ``models 'a', 'b', 'c', 'd', 'e' and 195 more``."""
    return f"{kind}{'s' if len(names) > 1 else ''} {some(list(map(repr, names)), _SHOWN)}"


class _Bodies:
    """The distinct bodies of one load, and what was read to get them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._distinct: dict[bytes, Payload] = {}
        self._total_bytes = 0
        self._read: dict[object, Rows] = {}
        self._built: dict[tuple[int, int, bool], tuple[Payload, ...]] = {}

    def payloads(
        self, source: object, target_model: str | None, batch: int, content_type: str | None, what: str
    ) -> tuple[Payload, ...]:
        rows = self._rows(source, target_model, what)
        as_json = content_type is not None and content_type.partition(";")[0].strip().lower() == "application/json"
        key = (id(rows), batch, as_json)
        if key not in self._built:
            requests = rows.bodies if batch == 1 else _batched(rows, batch, as_json=as_json)
            self._built[key] = tuple(self._payload(body, rows.shown) for body in requests)
        return self._built[key]

    def _rows(self, source: object, target_model: str | None, what: str) -> Rows:
        """The rows of *source*, read once - but a function may give each model its own."""
        key: object = source if isinstance(source, (str, Path)) else id(source)
        rows = self._read.get(key)
        if rows is None:
            rows = read_rows(source, self._root, target_model, what)
            if rows.from_function:
                key = (key, target_model)
            self._read[key] = rows
        return rows

    def _payload(self, body: bytes, shown: str) -> Payload:
        payload = self._distinct.get(body)
        if payload is None:
            self._total_bytes += len(body)
            if self._total_bytes > MAX_TOTAL_BYTES:
                raise PayloadError(f"{shown}: the load's distinct bodies exceed 512 MB in memory; give fewer rows")
            payload = Payload(len(self._distinct), body, hashlib.sha256(body).hexdigest())
            self._distinct[body] = payload
        return payload


def _batched(rows: Rows, batch: int, *, as_json: bool) -> list[bytes]:
    if rows.joint is Joint.NONE:
        raise PayloadError(
            f"{rows.shown}: batch={batch} joins rows, and whole files are not rows; "
            "give a .csv, .txt or .jsonl file or a list, or leave batch out"
        )
    requests = len(rows.bodies) // gcd(len(rows.bodies), batch)
    total = sum(map(len, rows.bodies)) * batch * requests // len(rows.bodies)
    if total > MAX_TOTAL_BYTES:
        raise PayloadError(
            f"{rows.shown}: {len(rows.bodies):,} rows in batches of {batch} make {requests:,} different requests, more "
            f"than 512 MB in memory; make the number of rows a multiple of {batch}, or give fewer"
        )
    as_array = as_json and rows.joint is not Joint.LINES
    if as_array and rows.joint is Joint.LITERALS:
        for number, body in enumerate(rows.bodies, start=1):
            check_json(body, f"{rows.shown}, row {number}")
    cycled = cycle(rows.bodies)
    joined = []
    for _ in range(requests):
        chosen = list(islice(cycled, batch))
        body = b"[" + b",".join(chosen) + b"]" if as_array else b"\n".join(chosen)
        check_size(len(body), f"{rows.shown}: a request of {batch} rows", "lower batch")
        joined.append(body)
    return joined
