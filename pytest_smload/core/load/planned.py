"""How many requests a load is planned to send, without laying it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile


def planned_requests(profile: LoadProfile, *, models: int = 0) -> int:
    """Return how many requests *profile* sends at the least, its ``max_requests`` aside.

    Of an open load priming, ramp and window as they are laid out; a window that may be extended counts with the
    duration it has at first. Of a closed load, whose users send as fast as they are answered, one a user.

    Args:
        models: How many TargetModels are primed; one request primes an endpoint without.
    """
    primed = max(models, 1) if profile.prime and profile.warmup_s > 0 else 0
    stages = profile.stages or ()
    if not profile.open_model:
        return primed + max([profile.users or 1, *(stage.highest_users for stage in stages)])
    first_tps = (stages[0].tps if stages else profile.tps) or 0.0
    # The ramp rises over the first half of the warm-up and stays there: three quarters of the full rate.
    ramp = max(1, round(0.75 * first_tps * profile.warmup_s)) if profile.warmup_s > 0 else 0
    spans = [(stage.mean_tps or 0.0, stage.duration_s) for stage in stages] or [(first_tps, profile.duration_s)]
    return primed + ramp + sum(max(1, round(tps * duration_s)) for tps, duration_s in spans)
