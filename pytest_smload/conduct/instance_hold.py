"""Holds an endpoint's instances as a test asks, and leaves behind exactly what was there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_smload.aws.autoscaling import InstanceControl, UnknownVariantError, is_gone
from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.aws.shown_url import shown_url
from pytest_smload.conduct.journal import Entry, Journal, journal_path, this_run
from pytest_smload.conduct.settling import Pace, wait_for_count, wait_until_idle
from pytest_smload.core.scaling.calls import command_line
from pytest_smload.core.scaling.plan import (
    all_restoring_calls,
    changing_calls,
    differences,
    is_held,
    rehearsing_calls,
    releasing_calls,
    restoring_calls,
)
from pytest_smload.core.scaling.tag import TagNote, note_of
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_smload.core.scaling.calls import Call
    from pytest_smload.core.scaling.state import ScalableTarget, VariantState
    from pytest_smload.core.scaling.wish import ScalingWish

ATTEMPTS = 4
"""Of restoring as a whole, where a call of it fails for what may pass."""
_BETWEEN_S = 2.0
_REREADS = 5
"""Looks at what was restored: an answer may be a moment behind."""


class _NotYetError(EndpointError):
    """What was restored does not read as restored."""


class InstanceHold:
    """One variant whose instances are changed, from before the first change until all is as it was.

    Args:
        control: Its endpoint's instances.
        root: The folder whose journal tells the next run of it; None where the endpoint ends with this run.
        say: Shows a line of progress.
        pace: How it waits.

    Attributes:
        variant: Which; None before it is known.
    """

    def __init__(
        self,
        control: InstanceControl,
        root: Path | None,
        say: Callable[[str], object],
        pace: Pace | None = None,
    ) -> None:
        self._control = control
        self._root = root
        self._say = say
        self._pace = pace if pace is not None else Pace()
        self._journal: Journal | None = None
        self._entry: Entry | None = None
        self._of_dead_run = False
        self.variant: str | None = None

    @property
    def changed(self) -> bool:
        """Whether there is something to restore."""
        return self._entry is not None

    def change(self, wish: ScalingWish) -> VariantState:
        """Make the variant what *wish* asks for, and return what it was.

        What fails on the way leaves the change to `restore`.

        Raises:
            EndpointError: it cannot be changed, or is by another run.
        """
        look = self._control.look(wish.variant)
        self.variant = look.name
        self._claim(look.name)
        look = wait_until_idle(self._control, look.name, self._say, self._pace)
        before = self._control.state(look)
        refuse_tagged(self._control, before)
        self._rehearse(before, wish)
        autoscaled, run = wish.moves, this_run(datetime.now(UTC).isoformat(timespec="seconds"))
        self._write(before, autoscaled=autoscaled, run=run)
        for call in changing_calls(before, wish, run):
            self._control.make(call)
            if call.instances is not None:
                wait_for_count(self._control, look.name, call.instances, self._say, self._pace)
        return before

    def restore(self) -> str:
        """Put everything back as it was, read it back, remove journal and tag; return what is to be said, or ``""``.

        Raises:
            EndpointError: something is not as it was; the journal stays, and one line has the commands that restore it.
        """
        if self._entry is None:
            self.close()
            return ""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                remark = self._restored(self._entry)
                break
            except EndpointError as error:
                passing = isinstance(error, _NotYetError) or (isinstance(error, ControlPlaneError) and not error.denied)
                if not passing or attempt == ATTEMPTS:
                    raise EndpointError(self._by_hand(str(error))) from None
            self._pace.sleep(_BETWEEN_S * attempt)
        self._entry = None
        if self._journal is not None:
            self._journal.remove()
        self.close()
        return remark

    def restore_dead_run(self, journal: Journal) -> str:
        """Restore what the dead run that left *journal* changed, and return what is to be said.

        Raises:
            EndpointError: as `restore`; or these credentials reach another account's endpoint of that name.
        """
        assert journal.entry is not None  # noqa: S101 - the caller looked
        self._of_dead_run = True
        self._journal, self._entry, self.variant = journal, journal.entry, journal.entry.before.variant
        run, before = self._entry.run, self._entry.before
        remark = self.restore()
        self._of_dead_run = False
        return remark or f"restored {_words(before)}, which a run that died ({run}) had left changed"

    def close(self) -> None:
        """Let the journal go; what it tells of stays."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    @property
    def commands(self) -> list[str]:
        """What restores the variant by hand, a command each."""
        return list(self._entry.by_hand) if self._entry is not None else []

    def _claim(self, variant: str) -> None:
        if self._root is None:
            return
        target = self._control.control.target
        path = journal_path(self._root, region=target.region, endpoint_name=target.endpoint_name, variant=variant)
        try:
            journal = Journal.claim(path)
        except EndpointError as error:
            raise EndpointError(f"endpoint {target.endpoint_name!r}: {error}") from None
        if journal.entry is not None:
            self._say(f"smload: {self.restore_dead_run(journal)}")
            journal = Journal.claim(path)
        self._journal = journal

    def _rehearse(self, before: VariantState, wish: ScalingWish) -> None:
        """Find out before the first change whether all may be restored.

        Raises:
            EndpointError: it may not.
        """
        for call in rehearsing_calls(before, wish):
            try:
                self._control.make(call)
            except ControlPlaneError as error:
                if error.denied:
                    raise EndpointError(f"{error}; restoring takes it, so that nothing was changed: allow it") from None

    def _write(self, before: VariantState, *, autoscaled: bool, run: str) -> None:
        target = self._control.control.target
        entry = Entry(
            region=target.region,
            control_url=target.control_url,
            before=before,
            autoscaled=autoscaled,
            run=run,
            by_hand=tuple(commands(self._control, all_restoring_calls(before, autoscaled=autoscaled))),
        )
        if self._journal is not None:
            self._journal.write(entry)
        self._entry = entry

    def _restored(self, entry: Entry) -> str:
        before, autoscaled = entry.before, entry.autoscaled
        gone = self._gone(before)
        if gone:
            return gone
        now = self._control.state(self._control.look(before.variant))
        if self._is_let_go(before, now):
            return f"{_name(before)} bears no mark any more of a run that died ({entry.run}): it stays as it is"
        for call in restoring_calls(before, now, autoscaled=autoscaled):
            if call.instances is not None:
                wait_until_idle(self._control, before.variant, self._say, self._pace)
            self._control.make(call)
        left: list[str] = []
        for place in range(_REREADS):
            now = self._control.state(self._control.look(before.variant))
            left = differences(before, now, autoscaled=autoscaled)
            if not left:
                break
            self._pace.sleep(self._pace.first_s * 2**place)
        if left:
            raise _NotYetError(f"{_words(before)} is not restored: {', '.join(left)}")
        taken_away = before.target is not None and now.target is None
        for call in () if taken_away else releasing_calls(before):
            self._control.make(call)
        if taken_away:
            return f"{_name(before)}: its scalable target was deregistered meanwhile, and not by us: it stays that way"
        return ""

    def _is_let_go(self, before: VariantState, now: VariantState) -> bool:
        """Whether the change of a dead run is there no longer: what others have made of the variant since is theirs."""
        if not self._of_dead_run or before.target is None or before.target.arn is None or now.target is None:
            return False
        return not is_held(before, now) and note_on(self._control, now.target) is None

    def _gone(self, before: VariantState) -> str:
        """Why there is nothing left to restore, or ``""``.

        Raises:
            EndpointError: the endpoint may well be there, for other credentials.
        """
        try:
            look = self._control.look(before.variant)
        except UnknownVariantError:
            return f"{_name(before)} does not exist any more: the endpoint has other variants now, nothing to restore"
        except ControlPlaneError as error:
            if not is_gone(error):
                raise
            self._check_account(before.endpoint_arn)
            return f"{_name(before)} was deleted meanwhile: there is nothing left to restore"
        if look.arn != before.endpoint_arn:
            raise EndpointError(f"{_name(before)} is {before.endpoint_arn}, and these credentials reach {look.arn}")
        if look.created_at != before.created_at:
            return f"{_name(before)} was deleted and created anew meanwhile: there is nothing left to restore"
        return ""

    def _check_account(self, arn: str) -> None:
        """An endpoint that another account has is not found with these credentials, and is not gone for that."""
        account = str(self._control.control.call("sts", "GetCallerIdentity").get("Account"))
        if account != arn.split(":")[4]:
            raise EndpointError(f"{arn} is of another account than these credentials ({account})")

    def _by_hand(self, why: str) -> str:
        journal = f" (or run pytest -m perf again: {self._journal.path} is read first)" if self._journal else ""
        return f"{why}; to restore it by hand{journal}: {' && '.join(self.commands)}"


def note_on(control: InstanceControl, target: ScalableTarget | None) -> TagNote | None:
    """Return what our tag on *target* says, or None where there is none.

    Raises:
        ControlPlaneError: the call failed.
    """
    return note_of(control.tags(target.arn)) if target is not None and target.arn is not None else None


def refuse_tagged(control: InstanceControl, found: VariantState) -> None:
    """Refuse a variant whose scalable target says that a run of ours, which this is not, has changed it.

    Raises:
        EndpointError: it does; one line has the commands that restore it.
        ControlPlaneError: the call failed.
    """
    note = note_on(control, found.target)
    if note is None:
        return
    calls = all_restoring_calls(note.before(found), autoscaled=note.autoscaled)
    raise EndpointError(
        f"{_name(found)} is {'autoscaled' if note.autoscaled else 'pinned'} by another run ({note.run}), as the tag on "
        f"its scalable target says: wait for its end; or, if it has died, restore what was there: "
        f"{' && '.join(commands(control, calls))}"
    )


def commands(control: InstanceControl, calls: list[Call]) -> list[str]:
    """Return the commands of AWS's command line that make *calls*."""
    target = control.control.target
    url = None if target.control_url is None else shown_url(target.control_url)
    return [command_line(call, region=target.region, url=url) for call in calls]


def _name(state: VariantState) -> str:
    return f"{state.endpoint_name}/{state.variant}"


def _words(state: VariantState) -> str:
    bounds = "" if state.target is None else f", {state.target.minimum}..{state.target.maximum}"
    return f"{_name(state)} ({state.instances} instances{bounds})"
