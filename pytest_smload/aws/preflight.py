"""Asks AWS about an endpoint before its first load, and keeps what it says."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

from pytest_smload.aws import hosting as descriptions
from pytest_smload.aws.account import Identity, caller_identity, check_account
from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
from pytest_smload.aws.in_service import in_service
from pytest_smload.aws.model_files import ModelFiles, model_files
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.hosting.hosting import EndpointState, Hosting

WAIT_IN_SERVICE_S = 600.0
_ABSENT_CODES = ("ValidationException", "ValidationError", "ResourceNotFound")
_ABSENT_TEXT = "could not find"
_ABSENT_TRIES, _ABSENT_PAUSE_S = 3, 1.0
"""An endpoint just created may not be known everywhere at once."""
_STATE_UNKNOWN = "the endpoint's status and instances are not known, nor whether they change during the load"
_TAGS_UNKNOWN = "only the endpoint's name, not its tags, was held against production of [safety]"
_LONGEST_PROBLEM = 200
_MOST_TAG_PAGES = 10


class Preflight:
    """What AWS says of one endpoint. Each question is asked once; a call that fails leaves a note, and what it would
    have told is unknown.

    Attributes:
        target: The endpoint.
        state: How it stood when last described, or None where that is not known.
        hosting: What hosts it, as of *state*, or None where that is not known.
        identity: Whose credentials these are, or None where that is not known.
        notes: What could not be asked, a sentence each.
    """

    def __init__(
        self,
        target: EndpointTarget,
        *,
        wait_in_service_s: float = WAIT_IN_SERVICE_S,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.target = target
        self.state: EndpointState | None = None
        self.hosting: Hosting | None = None
        self.identity: Identity | None = None
        self.notes: list[str] = []
        self._wait_in_service_s = wait_in_service_s
        self._sleep = sleep
        self._say: Callable[[str], object] = str
        self._plane: ControlPlane | None = None
        self._inspected = self._unreachable = False
        self._tags: dict[str, str] | None = None
        self._tags_asked = False
        self._files: dict[str, ModelFiles | None] = {}

    @property
    def plane(self) -> ControlPlane:
        """The endpoint's control plane, with clients that whoever asks it may share.

        Raises:
            EndpointError: it is not known where that is.
        """
        if self._plane is None:
            self._plane = ControlPlane(self.target)
        return self._plane

    @property
    def account(self) -> str | None:
        """The endpoint's account, or None where it is not known."""
        if self.identity is not None:
            return self.identity.account
        parts = (self.state.arn or "").split(":") if self.state is not None else []
        return parts[4] if len(parts) > 5 and parts[4] else None

    def check_account(self, expected: str) -> None:
        """Ask STS whether the credentials are of the account *expected*.

        Raises:
            EndpointError: they are not, or it could not be asked.
        """
        try:
            plane = self.plane
        except EndpointError as error:
            problem = str(error)
        else:
            self.identity = check_account(plane, expected)
            return
        # Raised outside the handler: the chained traceback would hold the other error's local variables.
        raise EndpointError(f"account {expected} cannot be checked: {problem}, or remove account there")

    def inspect(self, say: Callable[[str], object]) -> None:
        """Find out whose credentials these are and what hosts the endpoint, the first time this is called.

        Args:
            say: Shows a line of progress while an endpoint is waited for, now and later.

        Raises:
            EndpointError: there is no such endpoint, or it is not in service; one line with what to do.
        """
        if self._inspected:
            return
        self._say = say
        self.refresh()
        self._inspected = True
        if self.identity is None and not self._unreachable:
            try:
                self.identity = caller_identity(self.plane)
            except ControlPlaneError as error:
                self._note(error, "whose credentials these are is not known")

    def refresh(self) -> EndpointState | None:
        """Return how the endpoint stands now, once in service, and keep it; None where that cannot be asked.

        What could not be asked once is not asked again.

        Raises:
            EndpointError: there is no such endpoint, or it is not in service; one line with what to do.
        """
        if self._inspected and self.state is None:
            return None
        absent = False
        try:
            now = self._in_service()
        except ControlPlaneError as error:
            absent = is_absent(error)
            self._note(error, _STATE_UNKNOWN)
        else:
            self._keep(now)
            return now
        # Raised outside the handler: the chained traceback would hold the other error's local variables.
        if absent:
            raise EndpointError(
                f"there is no endpoint {self.target.endpoint_name!r} in {self.target.region} for the credentials from "
                f"{self.target.credentials.method}; correct name or region in the endpoint's table, or switch "
                "AWS_PROFILE"
            )
        return None

    def look(self) -> EndpointState:
        """Return how the endpoint stands now, whatever its status: one DescribeEndpoint, in any thread.

        Raises:
            ControlPlaneError: it cannot be asked.
        """
        return descriptions.endpoint_state(self.plane)

    def stands(self, state: EndpointState) -> None:
        """Keep that the endpoint stands as *state* says, its configuration being what it was."""
        if self.hosting is not None and self.state is not None and state.config_name == self.state.config_name:
            self.hosting = self.hosting.as_of(state)

    def tags(self) -> dict[str, str] | None:
        """Return the endpoint's tags, or None where they are not known."""
        if self.state is None or self.state.arn is None:
            self._remark(_TAGS_UNKNOWN)
        elif not self._tags_asked:
            self._tags_asked = True
            pages = self.plane.pages(descriptions.SERVICE, "ListTags", ResourceArn=self.state.arn)
            try:
                tags = [each for page in islice(pages, _MOST_TAG_PAGES) for each in page.get("Tags", ())]
            except ControlPlaneError as error:
                self._note(error, _TAGS_UNKNOWN)
            else:
                self._tags = {each.get("Key", ""): each.get("Value", "") for each in tags}
        return self._tags

    def files(self, uri: str) -> ModelFiles | None:
        """Return what lies under the S3 prefix *uri*, or None where it cannot be listed."""
        if uri not in self._files:
            self._files[uri] = None
            try:
                self._files[uri] = model_files(self.plane, uri)
            except ControlPlaneError as error:
                self._note(error, "whether each TargetModel exists is left to priming")
        return self._files[uri]

    def close(self) -> None:
        """Close the connections of the control plane."""
        if self._plane is not None:
            self._plane.close()

    def _keep(self, now: EndpointState) -> None:
        before, self.state = self.state, now
        if before is None or self.hosting is None or now.config_name != before.config_name:
            self.hosting = descriptions.hosting(self.plane, now, self._note)
        else:
            self.hosting = self.hosting.as_of(now)

    def _in_service(self) -> EndpointState:
        return in_service(
            self._described,
            name=self.target.endpoint_name,
            patience_s=self._wait_in_service_s,
            say=self._say,
            sleep=self._sleep,
        )

    def _described(self) -> EndpointState:
        for _ in range(_ABSENT_TRIES - 1):
            try:
                return self.look()
            except ControlPlaneError as error:
                if not is_absent(error):
                    raise
                self._sleep(_ABSENT_PAUSE_S)
        return self.look()

    def _note(self, error: ControlPlaneError, consequence: str) -> None:
        self._unreachable = self._unreachable or not error.answered
        self._remark(f"{_in_short(error)}: {consequence}")

    def _remark(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _in_short(error: ControlPlaneError) -> str:
    """What failed, without whose credentials may not do it, which is nobody's business in a report."""
    if error.denied:
        return f"{error.action} is not allowed"
    text = str(error)
    return text if len(text) <= _LONGEST_PROBLEM else f"{error.action} failed: {error.code}"


def is_absent(error: ControlPlaneError) -> bool:
    """Whether the service said that there is no such endpoint."""
    return error.code in _ABSENT_CODES and _ABSENT_TEXT in str(error).lower()
