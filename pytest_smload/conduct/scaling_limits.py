"""Says which limits do not go with how a load's instances are held, and which are left out for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.limits.scaling_limit import scaling_problems

if TYPE_CHECKING:
    from pytest_smload.core.limits.budget import Budget
    from pytest_smload.core.scaling.wish import ScalingWish

_RERUN = "the rerun that confirms a regression would begin with the instances that autoscaled had scaled to"


def is_scaled(wish: ScalingWish | None) -> bool:
    """Whether the instance count of a load may change."""
    return wish is not None and wish.moves


def unfit_limits(budget: Budget | None, wish: ScalingWish | None) -> list[str]:
    """Return a sentence per limit that cannot be broken, not be kept, or not be judged where instances are so held."""
    if budget is None:
        return []
    problems = scaling_problems(budget.scaling(autoscaled=is_scaled(wish)), wish)
    return problems + [
        f"{limit.source}: {limit.metric}: {_RERUN}; give the load limits without it, or pinned instances"
        for key, limit in (budget.limits.items() if is_scaled(wish) else ())
        if isinstance(limit, RegressionLimit) and budget.origins[key] != "default"
    ]


def left_out(budget: Budget | None, wish: ScalingWish | None) -> list[str]:
    """Return a note where regression budgets of ``[budgets.default]`` are not held, as the load scales."""
    if budget is None or not is_scaled(wish):
        return []
    metrics = [limit.metric for limit in budget.limits.values() if isinstance(limit, RegressionLimit)]
    return [f"{', '.join(metrics)} not held: {_RERUN}"] if metrics else []
