"""Says why a load cannot be held against the control it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.conduct.scaling_limits import is_scaled
from pytest_smload.core.limits.regression_limit import BaselineRequired, RegressionLimit
from pytest_smload.core.limits.server_limit import ServerLimit

if TYPE_CHECKING:
    from pytest_smload.core.limits.budget import Budget
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.settings.control import ControlSettings
    from pytest_smload.settings.tables import EndpointSettings


def control_problems(
    control: ControlSettings,
    *,
    endpoint: EndpointSettings,
    profile: LoadProfile,
    budget: Budget,
    scaling: ScalingWish | None,
) -> list[str]:
    """Return a sentence per reason why the load of *profile* on *endpoint* cannot be held against *control*."""
    where = f"{control.source}: control={control.name!r}"
    problems = control.problems(profile)
    limits = budget.limits.items()
    if not any(isinstance(limit, RegressionLimit) for _, limit in limits):
        problems.append(
            f"{where}: no regression budget says what is compared; write one, "
            '@pytest.mark.perf_budget(regression={"p95": "10%"}), or leave the control out'
        )
    if profile.max_requests == 1:
        problems.append(f"{where}: max_requests = 1 is of both sides, and each needs one; ask for 2 or more")
    if is_scaled(scaling):
        problems.append(f"{where}: an autoscaled endpoint is not the same from run to rerun; pin its instances instead")
    for key, limit in limits:
        if isinstance(limit, BaselineRequired) and limit.required and budget.origins[key] != "default":
            problems.append(
                f"{where}: {limit.source}: {limit.metric} asks for a recorded baseline, and the control takes its "
                "place; leave one of the two out"
            )
        if isinstance(limit, ServerLimit) and control.is_same_endpoint(endpoint):
            problems.append(
                f"{where}: {limit.source}: {limit.metric} is CloudWatch's to say, whose figures would be of both "
                "sides; name a control on another endpoint, or leave the limit out"
            )
    return problems
