"""Says what one load is held to: the limits that mean something for it, and the baselines it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.conduct.control_budgets import ControlBudgets
from pytest_smload.conduct.endpoints import endpoint_facts
from pytest_smload.conduct.regressions import RegressionBudgets
from pytest_smload.conduct.scaling_limits import is_scaled, left_out, unfit_limits
from pytest_smload.core.baselines.fingerprint import fingerprint
from pytest_smload.core.limits.budget import BUILT_IN_SOURCE
from pytest_smload.core.limits.reach import kept_by_all, offers, unreachable
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.load.stage_list import names_of_stages
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.request.route_kinds import NAME
from pytest_smload.core.samples.recording import TASKS
from pytest_smload.engine.client_machine import machine_class
from pytest_smload.errors import ConfigurationError
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_smload.conduct.control import OtherSide
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.limits.budget import Budget, ResolvedBudget, ScopedLimit
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.measure.measurement import Measurement
    from pytest_smload.core.measure.scope_name import ScopeName
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.transport.choice import TransportChoice

_CLIENT = f"pytest-smload {__version__.rpartition('.')[0]}"
"""A patch release measures as the one before."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a load is held to.

    Attributes:
        budget: Its limits of every kind, resolved for its traffic; None where it is only measured.
        limits: Those held against what was measured, of requests with names those known beforehand.
        asked: The budget as it was written, of a load whose requests have names; else None.
        notes: Remarks for the report: on limits, and on those that are left out.
        at_the_end: How many more limits only the end of the load tells: on regressions, and on the server's side.
    """

    budget: ResolvedBudget | None
    limits: Sequence[ScopedLimit] = ()
    notes: tuple[str, ...] = ()
    asked: Budget | None = None
    at_the_end: int = 0

    @classmethod
    def of(cls, request: LoadRequest, plan: LoadPlan, *, simulated: bool) -> Demands:
        """Resolve the budget of *request*; of a *simulated* load only what a mock can tell is demanded.

        Raises:
            ConfigurationError: limits that cannot be kept, broken or judged, a sentence each.
        """
        problems = unfit_limits(request.budget, request.scaling)
        budget = None
        if request.budget is not None:
            profile, kind = plan.profile, plan.route_kind
            names = request.budget.request_names if kind == NAME else [route.name for route in plan.routes]
            budget = request.budget.resolve(
                routes=names if kind is not None else [],
                kind=kind,
                stages=names_of_stages(profile.stages or ()),
                open_model=profile.open_model,
            )
            shares = {} if kind == NAME else dict(zip(names, plan.shares, strict=True))
            offered = offers(profile, shares, kind)
            problems += [*budget.problems, *unreachable(budget.limits, offered), *kept_by_all(budget.server)]
            problems += _unknown_beforehand(request.budget) if kind == NAME else []
        if problems:
            raise ConfigurationError(problems)
        limits, without = _meaningful_limits(budget, simulated=simulated)
        if not simulated:
            without += left_out(request.budget, request.scaling)
        asked = request.budget if plan.route_kind == NAME else None
        notes = (*(budget.notes if budget is not None else ()), *without)
        at_the_end = 0
        if budget is not None and not simulated:
            at_the_end = len(budget.server) + (0 if is_scaled(request.scaling) else len(budget.regressions))
        return cls(budget, limits, notes, asked, at_the_end)

    @property
    def request_names(self) -> tuple[str, ...]:
        """The names of requests that have limits of their own."""
        return tuple(self.asked.request_names) if self.asked is not None else ()

    def limits_on(self, measured: Measurement) -> Sequence[ScopedLimit]:
        """Return the limits held against what was *measured*: where requests have names, of each of these there were.

        A name that only the warm-up had, of what users do when they start, is none of them.
        """
        own = self.request_names
        return self.limits_of([name for name, stats in measured.routes.items() if name in own or stats.requests])

    def limits_of(self, routes: Iterable[str]) -> Sequence[ScopedLimit]:
        """Return the limits on a load of these *routes*."""
        if self.asked is None:
            return self.limits
        own = self.request_names
        names = [name for name in routes if name != TASKS or name in own]
        return self.asked.resolve(routes=names, kind=NAME, open_model=False).limits

    def scopes_of(self, limits: Sequence[ScopedLimit]) -> set[ScopeName]:
        """Return what a load held to *limits*, and to its regression budgets, needs figures of."""
        regressions = self.budget.regressions if self.budget is not None else ()
        return {scope for scope, _ in (*limits, *regressions)}

    @property
    def forbid_failing_wholly(self) -> bool:
        """Whether a load none of whose requests succeeds breaks a limit on its errors."""
        return any(
            scope == TOTAL and limit.metric == "error_rate" and limit.at_most is not None and limit.at_most < 1
            for scope, limit in (self.budget.limits if self.budget is not None else ())
        )

    def regressions(
        self,
        request: LoadRequest,
        plan: LoadPlan,
        endpoint: EndpointFacts,
        way: TransportChoice,
        other: OtherSide | None = None,
    ) -> RegressionBudgets | ControlBudgets | None:
        """Return the load's regression budgets with what they are held against: the *other* side of its window, or what
        is recorded; None where it has none, or nothing would tell.

        Raises:
            ConfigurationError: the baseline file is not one.
        """
        if self.budget is None or not self.budget.regressions or way.simulated or is_scaled(request.scaling):
            return None
        if other is not None:
            return ControlBudgets(
                budget=self.budget,
                other=other,
                facts=endpoint_facts(other.control.settings.endpoint, other.control.target, other.account),
                on_unproven=request.profile.on_unproven,
                updating=request.baselines.updating,
            )
        crew = request.crew
        return RegressionBudgets(
            budget=self.budget,
            use=request.baselines,
            recorded=request.baselines.recorded(),
            fingerprint=fingerprint(
                plan,
                endpoint,
                transport=f"{way.name} through a proxy" if way.proxied else way.name,
                client=_CLIENT,
                machine=machine_class() if crew is None else crew.machine,
                processes=1 if crew is None else crew.size,
                scaling=request.scaling.fingerprint if request.scaling is not None else None,
            ),
            on_unproven=request.profile.on_unproven,
        )


def _unknown_beforehand(budget: Budget) -> list[str]:
    """A sentence per regression budget of each name: which there are is known too late to compare them."""
    return [
        f"{limit.source}: regression of each name cannot be held, for names are known only once requests were sent; "
        "write it for one: name=..., or for the total"
        for (scope, metric), limit in budget.limits.items()
        if scope.kind == "each" and isinstance(limit, RegressionLimit) and scope.name in ("", NAME)
        if budget.origins[scope, metric] != "default"
    ]


def _meaningful_limits(budget: ResolvedBudget | None, *, simulated: bool) -> tuple[Sequence[ScopedLimit], list[str]]:
    """Limits that mean something for this load, and a note on those that do not: a mock takes no time to answer."""
    limits = budget.limits if budget is not None else ()
    if not simulated:
        return limits, []
    timed = [limit.metric for _, limit in limits if limit.row.timed and limit.source != BUILT_IN_SOURCE]
    timed += [limit.metric for _, limit in (budget.regressions if budget is not None else ())]
    note = [f"simulated: {', '.join(dict.fromkeys(timed))} not judged"] if timed else []
    return [(scope, limit) for scope, limit in limits if not limit.row.timed], note
