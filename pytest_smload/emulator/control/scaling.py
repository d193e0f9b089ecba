"""Scalable targets, their policies, and the activities that set instance counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pytest_smload.emulator.control.call import ControlError
from pytest_smload.emulator.control.hosting import IN_SERVICE
from pytest_smload.emulator.credentials import ACCOUNT, REGION

if TYPE_CHECKING:
    from pytest_smload.emulator.control.clock import Clock
    from pytest_smload.emulator.control.hosting import Hosting
    from pytest_smload.emulator.control.tracking import Tracker

IN_PROGRESS: Final = "InProgress"
SUCCESSFUL: Final = "Successful"
FAILED: Final = "Failed"
SWITCHES: Final = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@dataclass(slots=True)
class Policy:
    """One scaling policy.

    Attributes:
        name: Its name.
        kind: ``TargetTrackingScaling`` or ``StepScaling``.
        configuration: As it was put, by the name of its member.
        arn: Its ARN.
        alarms: Names of its alarms.
        created_s: In seconds since the epoch.
        tracker: What evaluates it, or None for a policy that nothing triggers.
    """

    name: str
    kind: str
    configuration: dict[str, Any]
    arn: str
    alarms: list[str]
    created_s: float
    tracker: Tracker | None


@dataclass(slots=True)
class Target:
    """One scalable target: a variant's instance count.

    Attributes:
        resource_id: ``endpoint/E/variant/V``.
        endpoint: ``E``.
        variant: ``V``.
        minimum: MinCapacity.
        maximum: MaxCapacity.
        created_s: In seconds since the epoch.
        suspended: The switches of SuspendedState.
        tags: Its tags.
        policies: By name.
        is_due: Whether the count may have to be brought within the bounds.
    """

    resource_id: str
    endpoint: str
    variant: str
    minimum: int
    maximum: int
    created_s: float
    suspended: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(SWITCHES, False))
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    is_due: bool = False
    arn: str = field(
        default_factory=lambda: f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/{uuid4().hex[:22]}"
    )


@dataclass(slots=True)
class Activity:
    """One attempt to set an instance count.

    Attributes:
        resource_id: The target's.
        count: The count it sets.
        cause: Why, in AWS's words.
        begun_s: In seconds since the epoch.
        ended_s: The same, None while it goes on.
        status: ``InProgress``, ``Successful`` or ``Failed``.
        message: What became of it.
    """

    resource_id: str
    count: int
    cause: str
    begun_s: float
    ended_s: float | None = None
    status: str = IN_PROGRESS
    message: str = ""
    activity_id: str = field(default_factory=lambda: str(uuid4()))


class Scaler:
    """Sets instance counts for targets, one at a time, and remembers each attempt.

    Attributes:
        targets: By resource id.
        activities: Oldest first; those of deregistered targets as well.
    """

    def __init__(self, hosting: Hosting, clock: Clock) -> None:
        self.targets: dict[str, Target] = {}
        self.activities: list[Activity] = []
        self._hosting = hosting
        self._clock = clock
        self._running: tuple[Activity, Tracker | None, int] | None = None
        hosting.listeners.append(self._in_service)

    @property
    def is_idle(self) -> bool:
        """Whether a count can be set now."""
        return self._hosting.status == IN_SERVICE

    def count(self, target: Target) -> int:
        """Return the instances a target has, or will have after the update that goes on."""
        return self._hosting.wanted[target.variant].count

    def bound(self, target: Target) -> None:
        """Bring a target's count within its bounds, now or as soon as the endpoint is in service.

        Registering does that even where the request names no bounds, and whatever is suspended.
        """
        target.is_due = True
        if self.is_idle:
            self._bound_next()

    def scale(self, target: Target, count: int, cause: str, tracker: Tracker | None = None) -> None:
        """Begin to set a target's count; the endpoint must be in service."""
        activity = Activity(target.resource_id, count, cause, self._clock.epoch_s())
        self.activities.append(activity)
        had = self.count(target)
        try:
            self._hosting.update(target.endpoint, counts={target.variant: count})
        except ControlError as problem:
            activity.status, activity.ended_s = FAILED, self._clock.epoch_s()
            activity.message = f"Failed to set desired instance count to {count}. Reason: {problem.message}"
            return
        activity.message = (
            f"Successfully set desired instance count to {count}. Waiting for change to be fulfilled by sagemaker."
        )
        self._running = activity, tracker, count - had

    def _in_service(self) -> None:
        if self._running is not None:
            activity, tracker, change = self._running
            self._running = None
            activity.status, activity.ended_s = SUCCESSFUL, self._clock.epoch_s()
            activity.message = (
                f"Successfully set desired instance count to {activity.count}. Change successfully fulfilled by "
                "sagemaker."
            )
            if tracker is not None:
                tracker.scaled(change, self._clock.now_s())
        self._bound_next()

    def _bound_next(self) -> None:
        for target in self.targets.values():
            if not target.is_due or not self.is_idle:
                continue
            target.is_due = False
            count = self.count(target)
            if count < target.minimum:
                self.scale(target, target.minimum, f"minimum capacity was set to {target.minimum}")
            elif count > target.maximum:
                self.scale(target, target.maximum, f"maximum capacity was set to {target.maximum}")
