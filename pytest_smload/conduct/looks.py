"""Lets a load whose checks are not proven go on, and judges it anew at each look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.samples.join import join
from pytest_smload.core.statistics.bound import ALPHA, LOOKS, look_alpha

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.core.limits.check import Check
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.measure.measurement import Measurement
    from pytest_smload.core.measure.slowness import ClientSlowness
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
    profile: LoadProfile, run: Callable[[LoadProfile], Recording], assess: Callable[[Recording, float], Assessment]
) -> Assessment:
    """Run *profile*, and further stretches of it up to its ``max_duration`` while a check is unproven.

    Looking again and again would find a chance result too often, so each look of a load that may be extended has a
    third of the level.

    Args:
        run: Runs one stretch.
        assess: Judges all stretches so far at the level given.
    """
    alpha = ALPHA if profile.max_duration is None else look_alpha(LOOKS)
    last = assess(run(profile), alpha)
    for look in range(1, LOOKS):
        longer_s = next_stretch_s(profile.duration_s, last.recording.window_s, profile.max_duration_s)
        if last.is_settled or longer_s <= 0:
            break
        stretch = _stretch(profile, longer_s, look, sent=len(last.recording.samples))
        if stretch is None:
            break
        last = assess(join(last.recording, run(stretch)), alpha)
    return last


def _stretch(profile: LoadProfile, longer_s: float, look: int, *, sent: int) -> LoadProfile | None:
    """The profile of one more stretch: its models are warm, its schedule is another; None when the cap is reached."""
    left = None if profile.max_requests is None else profile.max_requests - sent
    if left is not None and left <= 0:
        return None
    return profile.replace(
        duration=f"{longer_s:g}s", max_duration=None, prime=False, seed=profile.seed + look, max_requests=left
    )


def next_stretch_s(duration_s: float, window_s: float, max_duration_s: float) -> float:
    """Return how much longer the window is to become at the next look, 0 when there is none.

    Looks are at *duration_s*, twice and four times that, the last cut at *max_duration_s*; a rest too short to tell
    anything (a tenth of the duration) is not worth another ramp.
    """
    ahead = [min(duration_s * 2**look, max_duration_s) for look in range(1, LOOKS)]
    longer = next((length for length in ahead if length > window_s + duration_s / 10), window_s)
    return longer - window_s
