"""Reads one payload source - a file, a folder, a function, literals - into rows of bytes."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from pytest_smload.core.wording import did_you_mean
from pytest_smload.errors import PayloadError

MAX_BODY_BYTES = 25 * 1024 * 1024
"""The largest request a real-time endpoint accepts (SageMaker, InvokeEndpoint: maximum payload size 25 MB)."""
MAX_TOTAL_BYTES = 512 * 1024 * 1024
"""Bodies stay in memory for the whole load."""
MAX_FUNCTION_ROWS = 1_000_000

_LINE_SUFFIXES = (".csv", ".txt")
_JSON_LINE_SUFFIXES = (".jsonl", ".ndjson")
_FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_UTF8_MARK = b"\xef\xbb\xbf"
_LITERAL_HINT = 'text is a path or "module:function"; a literal payload is bytes or a list, b"..." or ["..."]'


class Joint(Enum):
    """How several rows become one request."""

    LINES = "lines"
    JSON_LINES = "json lines"
    LITERALS = "literals"
    NONE = "whole files do not join"


@dataclass(frozen=True, slots=True)
class Rows:
    """What a source holds: at least one body, how bodies join, and what messages call the source.

    Attributes:
        from_function: Whether another model may get other rows from the same source.
    """

    bodies: tuple[bytes, ...]
    joint: Joint
    shown: str
    from_function: bool = False


def read_rows(source: object, root: Path, target_model: str | None, what: str) -> Rows:
    """Return the rows of *source*.

    Args:
        source: Text or a Path: a file or folder relative to *root*; ``.csv`` and ``.txt`` hold a row per non-blank
            line, ``.jsonl`` and ``.ndjson`` too, each of them JSON; of a folder each regular, not hidden file is a row,
            in the order of their names; any other file is one row. Text ``"module:function"`` or a function: called
            with *target_model*, it returns bytes, text, or an iterable of them. Bytes: one row. A list of bytes and
            text: literal rows. Text is sent as UTF-8.
        what: Begins every message: ``payload``, or ``payload of model 'm'``.

    Raises:
        PayloadError: the source cannot be read, holds nothing, or a row is larger than an endpoint accepts.
    """
    if isinstance(source, str) and _FUNCTION.fullmatch(source) and not _exists(root / source):
        return _from_function(_imported(source, root, what), target_model, f"{what} {source!r}")
    if isinstance(source, (str, Path)):
        return _from_path(source, root, f"{what} {str(source)!r}")
    if isinstance(source, (bytes, bytearray, list, tuple)):
        return _from_literals(source, f"{what}: the literal payload")
    if callable(source):
        name = getattr(source, "__qualname__", None) or repr(source)
        return _from_function(source, target_model, f"{what} {name}()")
    raise PayloadError(f"{what}: {source!r} is neither a path, bytes, a list nor a function")


def check_size(size: int, shown: str, remedy: str) -> None:
    """Raise PayloadError for a request of *size* bytes that no endpoint would accept."""
    if size > MAX_BODY_BYTES:
        size_mb = size / (1024 * 1024)
        raise PayloadError(f"{shown} is {size_mb:.1f} MB; real-time endpoints accept at most 25 MB a request: {remedy}")


def _from_path(source: str | Path, root: Path, shown: str) -> Rows:
    path = root / source
    if not str(source) or not _exists(path):
        _refuse_missing(source, root, shown)
    try:
        if path.is_dir():
            return _from_folder(path, shown)
        if not path.is_file():
            raise PayloadError(f"{shown} is neither a file nor a folder; give a file with the request's body")
        suffix = path.suffix.lower()
        if suffix not in _LINE_SUFFIXES + _JSON_LINE_SUFFIXES:
            return Rows((_whole(path, shown),), Joint.NONE, shown)
        if path.stat().st_size > MAX_TOTAL_BYTES:
            raise PayloadError(f"{shown} is larger than 512 MB, the most one load holds in memory; give fewer rows")
        lines = path.read_bytes().removeprefix(_UTF8_MARK).splitlines()
    except OSError as error:
        raise PayloadError(f"{shown} cannot be read: {error.strerror or error}; check its rights") from error
    return _from_lines(lines, Joint.JSON_LINES if suffix in _JSON_LINE_SUFFIXES else Joint.LINES, shown)


def _from_lines(lines: Sequence[bytes], joint: Joint, shown: str) -> Rows:
    bodies = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        check_size(len(line), f"{shown}, line {number}", "shorten it")
        if joint is Joint.JSON_LINES:
            check_json(line, f"{shown}, line {number}")
        bodies.append(line)
    if not bodies:
        raise PayloadError(f"{shown} is empty; each of its lines would be a request, so write at least one")
    return Rows(tuple(bodies), joint, shown)


def check_json(body: bytes, shown: str) -> None:
    """Raise PayloadError when *body* is not JSON."""
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"{shown} is not JSON: {error}; correct it, or use a .txt file for other text") from error


def _from_folder(folder: Path, shown: str) -> Rows:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise PayloadError(f"{shown} is a folder without files; each file in it would be a request, so put one there")
    if sum(path.stat().st_size for path in files) > MAX_TOTAL_BYTES:
        raise PayloadError(f"{shown} holds more than 512 MB, the most one load holds in memory; give fewer files")
    return Rows(tuple(_whole(path, f"{shown}, file {path.name!r}") for path in files), Joint.NONE, shown)


def _whole(path: Path, shown: str) -> bytes:
    check_size(path.stat().st_size, shown, "give a smaller file")
    body = path.read_bytes()
    if not body:
        raise PayloadError(f"{shown} is empty; put the request's body into it")
    return body


def _from_literals(source: object, shown: str) -> Rows:
    literals = [source] if isinstance(source, (bytes, bytearray)) else source
    assert isinstance(literals, (list, tuple))  # noqa: S101 - read_rows looked
    if not literals:
        raise PayloadError(f"{shown} is an empty list; each element would be a request, so give at least one")
    return Rows(_encoded(literals, shown), Joint.LITERALS, shown)


def _encoded(rows: Sequence[object], shown: str) -> tuple[bytes, ...]:
    return tuple(_row(row, f"{shown}, row {number}") for number, row in enumerate(rows, start=1))


def _row(row: object, shown: str) -> bytes:
    if isinstance(row, str):
        try:
            row = row.encode()
        except UnicodeEncodeError as error:
            raise PayloadError(f"{shown} cannot be sent as UTF-8: {error.reason}; give bytes") from error
    if not isinstance(row, (bytes, bytearray)):
        raise PayloadError(f"{shown} is {type(row).__name__}, neither bytes nor text; encode it, with json.dumps() say")
    check_size(len(row), shown, "give a smaller one")
    return bytes(row)


def _from_function(function: Callable[..., Any], target_model: str | None, shown: str) -> Rows:
    if inspect.iscoroutinefunction(function):
        raise PayloadError(f"{shown} is async; write a plain function, it runs before the load")
    if target_model is not None:
        shown = f"{shown} for {target_model!r}"
    try:
        result = function(target_model)
        if isinstance(result, Iterable) and not isinstance(result, (str, bytes, bytearray, Mapping)):
            result = _collected(result, shown)
    except PayloadError:
        raise
    except Exception as error:
        _refuse_raised(error, shown)
    if isinstance(result, (str, bytes, bytearray)):
        result = [result]
    elif not isinstance(result, list):
        kind = type(result).__name__
        raise PayloadError(f"{shown} returned {kind}; it must return bytes, text, or an iterable of them")
    if not result:
        raise PayloadError(f"{shown} gave no rows; it must give at least one")
    return Rows(_encoded(result, shown), Joint.LITERALS, shown, from_function=True)


def _collected(rows: Iterable[object], shown: str) -> list[object]:
    collected: list[object] = []
    for row in rows:
        if len(collected) == MAX_FUNCTION_ROWS:
            raise PayloadError(f"{shown} gave more than {MAX_FUNCTION_ROWS:,} rows; rows cycle, so give fewer")
        collected.append(row)
    return collected


def _refuse_raised(error: Exception, shown: str) -> NoReturn:
    """Say what the user's function raised and where; a call that never got into it has the wrong signature."""
    told = f"{type(error).__name__}: {error}"
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    if theirs:
        told += f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})"
    remedy = "correct the function" if theirs else "it is called with one argument, the TargetModel or None"
    raise PayloadError(f"{shown} raised {told}; {remedy}") from error


def _imported(text: str, root: Path, what: str) -> Callable[..., Any]:
    """Import ``module:function`` as a script in *root* would."""
    module_name, _, function_name = text.partition(":")
    shown = f"{what} {text!r}"
    importlib.invalidate_caches()
    sys.path.insert(0, str(root))
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            hint = f"put {module_name.replace('.', '/')}.py into {root} or install it; {_LITERAL_HINT}"
            raise PayloadError(f"{shown}: there is no module {error.name!r}; {hint}") from error
        raise PayloadError(f"{shown}: importing it failed: {error}; install what it needs") from error
    except Exception as error:
        raise PayloadError(f"{shown}: importing it failed: {type(error).__name__}: {error}") from error
    finally:
        with suppress(ValueError):
            sys.path.remove(str(root))
    own_file = root / f"{module_name.replace('.', '/')}.py"
    loaded_from = getattr(found, "__file__", None)
    if own_file.is_file() and loaded_from is not None and not own_file.samefile(loaded_from):
        raise PayloadError(f"{shown}: {module_name!r} is already imported from {loaded_from}; rename {own_file}")
    for name in function_name.split("."):
        if not hasattr(found, name):
            hint = did_you_mean(name, dir(found), "; check its spelling")
            raise PayloadError(f"{shown}: {module_name!r} has no {function_name!r}{hint}")
        found = getattr(found, name)
    if not callable(found):
        raise PayloadError(f"{shown} is {type(found).__name__}, not a function; name a function of the TargetModel")
    return found  # type: ignore[no-any-return]  # callable, as asked


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a literal taken for a path: too long, or with a NUL
        return False


def _refuse_missing(source: str | Path, root: Path, shown: str) -> NoReturn:
    missing = root / source
    while not _exists(missing.parent) and missing.parent != missing:
        missing = missing.parent
    siblings: list[str] = []
    with suppress(OSError):  # a file where a folder is meant, or a folder that may not be listed
        siblings = [path.name for path in missing.parent.iterdir()]
    remedy = did_you_mean(missing.name, siblings, "; check the path")
    hint = f" ({_LITERAL_HINT})" if isinstance(source, str) else ""
    if len(shown) > 200:
        shown = f"{shown[:150]}...'"
    name = missing.name if len(missing.name) <= 80 else f"{missing.name[:60]}..."
    raise PayloadError(f"{shown} does not exist: no {name!r} in {missing.parent}{remedy}{hint}")
