"""Waits until an endpoint runs on the instances it is to have, within a limit, saying how it goes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.aws.autoscaling import IN_SERVICE
from pytest_smload.core.scaling.wish import counted
from pytest_smload.core.units import format_duration
from pytest_smload.errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.autoscaling import InstanceControl, VariantLook

SETTLE_LIMIT_S = 1800.0
"""An instance takes minutes, with a large model up to half an hour."""
SHOWN_LATE_S = 30.0
"""For so long DescribeEndpoint may still show what was before a change."""
_SAY_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an endpoint is looked at, and on which clock.

    Attributes:
        first_s, longest_s: The pause before the second look, and the longest; each is half as long again as the one
            before.
        sleep, clock: Of the machine.
    """

    first_s: float = 0.25
    longest_s: float = 10.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic


def wait_until_idle(
    control: InstanceControl, variant: str | None, say: Callable[[str], object], pace: Pace
) -> VariantLook:
    """Return a look at the endpoint once no change of it is under way.

    Raises:
        EndpointError: that takes too long, or it is in a state nobody can change.
    """

    def done(look: VariantLook) -> bool:
        if look.changing:
            return False
        if look.status != IN_SERVICE:
            raise EndpointError(
                f"endpoint {control.endpoint_name!r} is {look.status}, and its instances can be changed only while it "
                f"is {IN_SERVICE}{_why(look)}"
            )
        return True

    return _wait(control, variant, done, "its update to end", say, pace)


def wait_for_count(
    control: InstanceControl, variant: str, instances: int, say: Callable[[str], object], pace: Pace
) -> None:
    """Wait until *variant* serves with *instances*.

    Raises:
        EndpointError: that takes too long, or the service gave up and set the count back.
    """
    began = pace.clock()

    def done(look: VariantLook) -> bool:
        if look.settled_at(instances):
            return True
        late = pace.clock() - began > SHOWN_LATE_S
        given_up = look.status == IN_SERVICE and (look.desired != instances or look.failure)
        if (given_up and late) or not (look.changing or look.status == IN_SERVICE):
            raise EndpointError(
                f"endpoint {control.endpoint_name!r}: variant {variant!r} was to have {counted(instances)} and has "
                f"{look.current}; the endpoint is {look.status}{_why(look)}"
            )
        return False

    _wait(control, variant, done, f"{counted(instances)} in service", say, pace)


def _wait(
    control: InstanceControl,
    variant: str | None,
    done: Callable[[VariantLook], bool],
    what: str,
    say: Callable[[str], object],
    pace: Pace,
) -> VariantLook:
    began, pause_s = pace.clock(), pace.first_s
    while not done(look := control.look(variant)):
        waited_s = pace.clock() - began
        name = f"{control.endpoint_name}/{look.name}"
        if waited_s > SETTLE_LIMIT_S:
            raise EndpointError(
                f"endpoint {name} is still {look.status} with {counted(look.current)} after "
                f"{format_duration(SETTLE_LIMIT_S)} of waiting for {what}"
            )
        if waited_s >= _SAY_AFTER_S:
            say(
                f"smload: {name}: waiting for {what} ({look.status}, {counted(look.current)} of {look.desired}), "
                f"{format_duration(round(waited_s))}"
            )
        pace.sleep(pause_s)
        pause_s = min(pause_s * 1.5, pace.longest_s)
    return look


def _why(look: VariantLook) -> str:
    return f": {look.failure}" if look.failure else ""
