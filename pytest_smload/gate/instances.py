"""Holds endpoints' instances for tests, one hold of an endpoint at a time, and restores them whatever ends the test."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pytest_smload.aws.autoscaling import InstanceControl
from pytest_smload.conduct.instance_hold import InstanceHold
from pytest_smload.conduct.shielded import shielded
from pytest_smload.errors import ConfigurationError, EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_smload.aws.control_plane import ControlPlane
    from pytest_smload.console import Console
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.gate.termination import Termination


class HeldInstances:
    """The holds of one pytest run."""

    def __init__(self, console: Console, termination: Termination) -> None:
        self._console = console
        self._termination = termination
        self._holds: dict[tuple[str, str], InstanceHold] = {}

    @contextmanager
    def held(
        self, plane: ControlPlane, wish: ScalingWish, root: Path | None, settled: Callable[[], object]
    ) -> Iterator[None]:
        """Make the instances of an endpoint what *wish* asks for while this is entered.

        Args:
            plane: The endpoint's control plane; whoever made it closes it.
            wish: What is asked for.
            root: The folder whose journal tells the next run of it; None where the endpoint ends with this run.
            settled: Called once they are.

        Raises:
            ConfigurationError: they are held already.
            EndpointError: they cannot be changed, and are as they were; or they could not be restored.
        """
        target = plane.target
        key = target.region, target.endpoint_name
        if key in self._holds:
            raise ConfigurationError(
                f"the instances of endpoint {target.endpoint_name!r} are held already by this test: leave the pinned "
                "or autoscaled that holds them first, or take it off the mark"
            )
        hold = InstanceHold(InstanceControl(plane), root, self._wait_shown)
        self._holds[key] = hold
        try:
            with self._termination.loading():
                before = hold.change(wish)
                settled()
            count = before.instances
            self._console.tell(f"smload: {target.endpoint_name}/{hold.variant}: {wish.describe()} (before: {count})")
            yield
        except EndpointError as error:
            raise self._restore_after(key, error) from None
        finally:
            self._restore(key)

    def close(self) -> None:
        """Restore what nobody has restored."""
        for key in list(self._holds):
            try:
                self._restore(key)
            except EndpointError:
                continue  # told already

    def _wait_shown(self, line: str) -> None:
        """Show what is waited for; a terminal that is gone keeps nothing from being restored."""
        with suppress(OSError):
            self._console.waiting(line)

    def _restore_after(self, key: tuple[str, str], error: EndpointError) -> EndpointError:
        try:
            self._restore(key)
        except EndpointError as left:
            return EndpointError(f"{error}; and after that: {left}")
        return error

    def _restore(self, key: tuple[str, str]) -> None:
        if key not in self._holds:
            return
        hold = self._holds[key]
        name = f"{key[1]}/{hold.variant}"

        def ask_for_patience() -> None:
            by_hand = " && ".join(hold.commands)
            self._console.tell(f"smload: {name} is being restored before the run ends; to do that by hand: {by_hand}")

        with shielded(ask_for_patience):
            try:
                remark = hold.restore()
            except (EndpointError, KeyboardInterrupt) as error:
                self._forget(key)
                if isinstance(error, EndpointError):
                    self._console.tell(f"smload: {error}")
                raise
            # What else may have broken it off leaves the rest to `close`.
            self._forget(key)
            if remark:
                self._console.tell(f"smload: {remark}")

    def _forget(self, key: tuple[str, str]) -> None:
        self._holds.pop(key).close()
        self._console.end_load()
