"""Decides whether a running load goes on: as long as its checks are not proven, and it may."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from pytest_smload.core.request.error_kinds import OK, TIMEOUT
from pytest_smload.core.statistics.bound import ALPHA, LOOKS, look_alpha

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.measure.measurement import Measurement
    from pytest_smload.core.measure.slowness import ClientSlowness
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.trust.health import ClientHealth


@dataclass(frozen=True, slots=True)
class Assessment:
    """A recording and what it amounts to: its figures, how far to trust them, and what its limits say."""

    recording: Recording
    measurement: Measurement
    health: ClientHealth
    checks: Sequence[Check]
    slowness: ClientSlowness | None = None

    @property
    def is_settled(self) -> bool:
        """Whether going on would change nothing: all is proven, or the run is not one to go on with."""
        stopped = self.recording.interrupted or self.recording.aborted is not None or not self.health.valid
        return stopped or all(check.proven for check in self.checks)


def run_until_proven(
    profile: LoadProfile,
    run: Callable[[Callable[[Look], bool] | None], Recording],
    assess: Callable[[Recording, float], Assessment],
) -> Assessment:
    """Run the load of *profile*, up to its ``max_duration`` while a check is unproven, and judge it.

    Looking again and again would find a chance result too often, so each look of a load that may go on, and the verdict
    at its end, has a third of the level.

    Args:
        run: Runs the load; asks what it is given whether to go on.
        assess: Judges a recording at the level given.
    """
    if len(profile.window_ends_s) == 1:
        return assess(run(None), ALPHA)
    # The first judgement imports them, which takes longer than a look may.
    for module in ("measure.projection", "statistics.intervals"):
        import_module(f"pytest_smload.core.{module}")

    alpha = look_alpha(LOOKS)

    def goes_on(look: Look) -> bool:
        at_best, at_worst = (assess(look.as_if(kind), alpha) for kind in (OK, TIMEOUT))
        outcomes = ([check.outcome for check in each.checks] for each in (at_best, at_worst))
        agreed = len({tuple(each) for each in outcomes}) == 1
        return not (agreed and at_best.is_settled and at_worst.is_settled)

    return assess(run(goes_on), alpha)
