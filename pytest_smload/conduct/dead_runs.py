"""Restores what runs that died had left changed, as their journals tell it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_smload.aws.autoscaling import InstanceControl
from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
from pytest_smload.aws.endpoint import resolve_target
from pytest_smload.conduct.instance_hold import InstanceHold
from pytest_smload.conduct.journal import HeldElsewhereError, Journal, left_behind
from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_smload.conduct.journal import Entry


@dataclass(frozen=True, slots=True)
class Unrestored:
    """A dead run's change that is still there.

    Attributes:
        endpoint_name: Of the endpoint; ``""`` where its journal cannot be read.
        why: In one line, with the commands that restore it.
    """

    endpoint_name: str
    why: str


@dataclass(frozen=True, slots=True)
class _Address:
    endpoint_name: str
    region: str
    control_url: str | None
    source: str
    endpoint_url: str | None = None


def restore_dead_runs(root: Path, say: Callable[[str], object], tell: Callable[[str], object]) -> list[Unrestored]:
    """Restore what dead runs below the settings folder *root* changed, and return what could not be.

    Args:
        root: Where journals are.
        say: Shows a line of progress.
        tell: Shows a line that stays: what was restored.
    """
    unrestored = []
    for path in left_behind(root):
        name = ""
        try:
            journal = Journal.claim(path)
            with closing(journal):
                entry = journal.entry
                if entry is not None:
                    name = entry.before.endpoint_name
                    tell(f"smload: {_restore(journal, entry, say)}")
        except HeldElsewhereError:
            # It restores for itself.
            continue
        except EndpointError as error:
            unrestored.append(Unrestored(name, str(error)))
    return unrestored


def _restore(journal: Journal, entry: Entry, say: Callable[[str], object]) -> str:
    address = _Address(entry.before.endpoint_name, entry.region, entry.control_url, str(journal.path))
    with closing(ControlPlane(resolve_target(address))) as plane:
        control = InstanceControl(plane)
        if _is_here(entry.control_url) and not _answers(control):
            journal.remove()
            return (
                f"{address.endpoint_name}, which a run that died ({entry.run}) had left changed, is gone: nobody "
                "answers at its address on this machine any more"
            )
        return InstanceHold(control, None, say).restore_dead_run(journal)


def _answers(control: InstanceControl) -> bool:
    try:
        control.look(None)
    except ControlPlaneError as error:
        return error.answered
    except EndpointError:
        return True
    return True


def _is_here(url: str | None) -> bool:
    return url is not None and is_loopback(urlsplit(url).hostname or "")
