"""The witness that asks CloudWatch what the server's side of a load was like."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_smload.aws.cloudwatch import ask
from pytest_smload.aws.control_plane import ControlPlane, ControlPlaneError
from pytest_smload.aws.serving import Serving, serving
from pytest_smload.conduct.server_counts import Patience, counted_figures
from pytest_smload.conduct.witness import Testimony
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.server.account import account_of
from pytest_smload.core.server.demands import demand_problems, rows_to_ask, serving_variants
from pytest_smload.core.server.readings import Window
from pytest_smload.core.server.resolution import begins_at_s, covering, whole_periods
from pytest_smload.core.server.series import invocations
from pytest_smload.core.server.telling import told, untold
from pytest_smload.errors import ConfigurationError, EndpointError
from pytest_smload.transport.detours import is_mocked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.conduct.load import LoadRequest
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.witness import LoadSpan
    from pytest_smload.core.limits.budget import ResolvedBudget, ScopedServerLimit
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.server.telling import Told


def server_side_witness(request: LoadRequest, plan: LoadPlan, budget: ResolvedBudget | None) -> list[ServerSideWitness]:
    """Return the witness of a load with limits on the server's side, or whose endpoint's table asks for CloudWatch.

    Raises:
        ConfigurationError, EndpointError: such a limit stands, and CloudWatch cannot be asked.
    """
    limits = budget.server if budget is not None else ()
    if not limits and not request.settings.cloudwatch:
        return []
    problem = ""
    if not request.cloudwatch:
        problem = "--smload-no-cloudwatch (SMLOAD_NO_CLOUDWATCH) forbids asking; run without it"
    elif is_mocked(request.target):
        problem = "moto's mock has no figures of a load; load the embedded endpoint"
    if problem:
        if limits:
            raise ConfigurationError(f"{_named(limits)} is CloudWatch's to say, and {problem}, or leave the limit out")
        return []
    try:
        plane = ControlPlane(request.target)
    except EndpointError as error:
        who = f"{_named(limits)} is CloudWatch's to say" if limits else f"{request.settings.source} cloudwatch"
        raise EndpointError(f"{who}: {error}") from None
    return [ServerSideWitness(request, plan, limits, plane)]


def _named(limits: Sequence[ScopedServerLimit]) -> str:
    _, first = limits[0]
    return f"{first.source}: {first.metric}"


class ServerSideWitness:
    """Watches a load through CloudWatch: asked before it whether it may be asked, and after it once.

    Attributes:
        period_s: The load's window is to begin at a multiple of it, for its figures to be whole periods'; None where
            CloudWatch is not asked.
    """

    def __init__(
        self,
        request: LoadRequest,
        plan: LoadPlan,
        limits: Sequence[ScopedServerLimit],
        plane: ControlPlane,
        patience: Patience | None = None,
    ) -> None:
        self.period_s: int | None = None
        self._request = request
        self._plan = plan
        self._limits = limits
        self._plane = plane
        self._patience = patience or Patience(time.monotonic, time.sleep)
        self._serving: Serving | None = None
        self._unasked = ""

    def begin(self) -> None:
        """Learn who serves the endpoint, and whether CloudWatch may be asked.

        Raises:
            EndpointError: it may not, or there is no such endpoint.
            ConfigurationError: the endpoint or the load cannot have what is limited.
        """
        settings = self._request.settings
        try:
            found = serving(self._plane, vcpus=settings.vcpus, gpus=settings.gpus)
            variants = serving_variants(found.variants, self._plan.profile.variant)
            now = covering(time.time(), time.time(), found.resolution.window_s)
            ask(self._plane, [invocations(each, found.resolution) for each in variants], now)
        except ControlPlaneError as error:
            if not self._limits:
                self._unasked = f"CloudWatch was not asked: {error}"
                return
            remedy = "allow it, or leave the limit out" if error.denied else "a limit on the server's side needs it"
            raise EndpointError(f"{_named(self._limits)} is CloudWatch's to say: {error}; {remedy}") from None
        problems = demand_problems(
            [limit for _, limit in self._limits],
            variants=variants,
            resolution=found.resolution,
            profile=self._plan.profile,
            multi_model=self._plan.multi_model,
            table=settings.source,
        )
        if problems:
            raise ConfigurationError(problems)
        self._serving = Serving(tuple(variants), found.resolution)
        percentiles = any(limit.row.fold == "percentile" for _, limit in self._limits)
        ends_s = self._plan.profile.window_ends_s
        self.period_s = begins_at_s(ends_s, found.resolution, percentiles=percentiles)

    def testify(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object]) -> Testimony:
        """Wait until CloudWatch has counted the load, ask for its figures, and hold limits and client against them."""
        serving = self._serving
        if serving is None:
            return Testimony(notes=(self._unasked,) if self._unasked else ())
        found = self._told(judged, span, say, serving)
        return Testimony(
            reasons=found.reasons,
            checks=found.checks,
            notes=found.notes,
            facts={"server": found.server} if found.server is not None else {},
        )

    def _told(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object], serving: Serving) -> Told:
        recording, resolution = judged.recording, serving.resolution
        whole = whole_periods(span.window_begin.timestamp(), span.window_end.timestamp(), resolution.window_s)
        if whole is None:
            return untold(
                self._limits,
                f"the load's window held no whole period of CloudWatch's ({resolution.window_s} s), so that it has no "
                "figures of it",
            )
        window = Window(whole, serving.variants, resolution)
        account = account_of(recording, whole.begin_s - recording.epoch_s, whole.end_s - recording.epoch_s)
        rows = rows_to_ask(
            [limit.row for _, limit in self._limits], serving.variants, multi_model=self._plan.multi_model
        )
        limited = [SERVER_METRICS[limit.metric] for _, limit in self._limits]
        try:
            figures = counted_figures(
                self._plane, window, span, account, rows=rows, limited=limited, patience=self._patience, say=say
            )
        except ControlPlaneError as error:
            return untold(self._limits, f"CloudWatch could not be asked: {error}")
        return told(self._limits, figures, window, account)

    def close(self) -> None:
        """Close the connections to AWS."""
        self._plane.close()
