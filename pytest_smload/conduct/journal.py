"""Keeps on disk what an endpoint was like before a run changed it, for the next run where this one dies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smload.core.scaling.state import VariantState, state_from, state_record
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".smload/journal"
"""Of journals, below the settings file's folder."""
_SCHEMA = 1
_DIGEST_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """What a run wrote down before it changed anything.

    Attributes:
        region, control_url: How the endpoint's control plane is reached; no credentials.
        before: What was there.
        autoscaled: Whether it was changed to scale, rather than pinned.
        run: Who changed it: host, process, time.
        by_hand: Commands that restore it, for who finds the file.
    """

    region: str
    control_url: str | None
    before: VariantState
    autoscaled: bool
    run: str
    by_hand: tuple[str, ...] = ()


class HeldElsewhereError(EndpointError):
    """A process that lives holds the journal."""


class Journal:
    """One variant's journal, held by this process until it is let go.

    The lock on the file is the system's, which gives it up with the process that holds it, however that ends: a journal
    that has an entry and that nobody holds is a dead run's.

    Attributes:
        path: The file.
        entry: What an earlier run, now dead, left in it; None in a new one.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.entry = _read(descriptor, path)

    @classmethod
    def claim(cls, path: Path) -> Journal:
        """Hold the journal at *path*, created where there is none.

        Raises:
            HeldElsewhereError: another process that lives holds it.
            EndpointError: it cannot be written, or read.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            ignored = path.parent / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n", encoding="utf-8")
            while True:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_still_there(path, descriptor):
                        return cls(path, descriptor)
                except BlockingIOError:
                    why = (
                        f"its instances are changed by another run that still goes on{_holder(descriptor)} ({path}): "
                        "wait until that has ended and restored them"
                    )
                    os.close(descriptor)
                    raise HeldElsewhereError(why) from None
                except EndpointError:
                    os.close(descriptor)
                    raise
                # Who held it before has removed it since.
                os.close(descriptor)
        except OSError as error:
            raise EndpointError(
                f"cannot write the journal {path}: {error.strerror or error}; nothing is changed without one"
            ) from error

    def write(self, entry: Entry) -> None:
        """Write *entry* and have it on the disk.

        Raises:
            EndpointError: it cannot be written.
        """
        text = json.dumps({"schema": _SCHEMA, **_record(entry)}, indent=1) + "\n"
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)
            os.fsync(self._descriptor)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise EndpointError(
                f"cannot write the journal {self.path}: {error.strerror or error}; nothing is changed without one"
            ) from error
        self.entry = entry

    def remove(self) -> None:
        """Delete the file and let it go: what it told is as it was."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let it go; an entry stays for the next run."""
        if self._descriptor >= 0:
            if self.entry is None:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def journal_path(root: Path, *, region: str, endpoint_name: str, variant: str) -> Path:
    """Return where the journal of a variant is, below the folder *root* of the settings file."""
    digest = hashlib.sha256(f"{region} {endpoint_name} {variant}".encode()).hexdigest()[:_DIGEST_DIGITS]
    return root / FOLDER / f"{endpoint_name}.{re.sub(r'[^A-Za-z0-9-]', '_', variant)}.{digest}.json"


def left_behind(root: Path) -> list[Path]:
    """Return the journals below *root*, those of living runs among them."""
    return sorted((root / FOLDER).glob("*.json"))


def this_run(at: str) -> str:
    """Return how this process is called in journals and tags; *at* is the time, ISO 8601."""
    return f"{socket.gethostname()[:40]}:{os.getpid()} {at}"


def _is_still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    try:
        run = json.loads(_content(descriptor))["run"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f", {run}" if isinstance(run, str) and run.isprintable() else ""


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _read(descriptor: int, path: Path) -> Entry | None:
    content = _content(descriptor)
    if not content:
        # Claimed by a run that died before it changed anything.
        return None
    try:
        record = json.loads(content)
        return {_SCHEMA: _entry}[record.pop("schema")](record)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EndpointError(
            f"the journal {path} cannot be read: see that the endpoint's instances and autoscaling are as they are to "
            "be, then delete it"
        ) from None


def _entry(record: dict[str, Any]) -> Entry:
    texts = [record["region"], record["run"], *record["by_hand"]]
    if record["control_url"] is not None:
        texts.append(record["control_url"])
    if not all(isinstance(text, str) for text in texts) or not isinstance(record["autoscaled"], bool):
        raise TypeError("a value is of another type")
    return Entry(**{**record, "before": state_from(record["before"]), "by_hand": tuple(record["by_hand"])})


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "region": entry.region,
        "control_url": None if entry.control_url is None else str(entry.control_url),
        "before": state_record(entry.before),
        "autoscaled": entry.autoscaled,
        "run": entry.run,
        "by_hand": list(entry.by_hand),
    }
