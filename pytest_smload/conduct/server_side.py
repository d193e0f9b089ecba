"""The witness that asks CloudWatch what the server's side of a load was like."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_smload.aws.cloudwatch import ask
from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.conduct.server_counts import Patience, counted_figures
from pytest_smload.conduct.witness import Testimony
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.server.account import account_of
from pytest_smload.core.server.demands import COMPONENTS_APART, demand_problems, rows_to_ask, serving_variants
from pytest_smload.core.server.readings import Window
from pytest_smload.core.server.resolution import Resolution, begins_at_s, covering, whole_periods
from pytest_smload.core.server.series import invocations
from pytest_smload.core.server.telling import told, untold
from pytest_smload.core.server.variant import variants_of
from pytest_smload.errors import ConfigurationError, EndpointError
from pytest_smload.transport.detours import is_mocked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.conduct.witness import LoadSpan
    from pytest_smload.core.limits.budget import ResolvedBudget, ScopedServerLimit
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.server.telling import Told
    from pytest_smload.core.server.variant import ServingVariant


TARGET_VARIANT, INFERENCE_COMPONENT = "TargetVariant", "InferenceComponentName"


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
    preflight = request.preflight
    if preflight is None:
        where = f"of endpoint {request.target.endpoint_name!r} at {request.target.url} no control plane is known"
        raise EndpointError(
            f"{_asker(request, limits)}: {where}; set control_url in the endpoint's table to where it is"
        )
    return [ServerSideWitness(request, plan, limits, preflight)]


def _named(limits: Sequence[ScopedServerLimit]) -> str:
    _, first = limits[0]
    return f"{first.source}: {first.metric}"


def _asker(request: LoadRequest, limits: Sequence[ScopedServerLimit]) -> str:
    return f"{_named(limits)} is CloudWatch's to say" if limits else f"{request.settings.source} cloudwatch"


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
        preflight: Preflight,
        patience: Patience | None = None,
    ) -> None:
        self.period_s: int | None = None
        self._request = request
        self._plan = plan
        self._limits = limits
        self._preflight = preflight
        self._patience = patience or Patience(time.monotonic, time.sleep)
        self._resolution = Resolution()
        self._unasked = ""

    def begin(self) -> None:
        """Find out whether the endpoint can have what is limited, and whether CloudWatch may be asked.

        Raises:
            EndpointError: it may not, or who serves the endpoint is not known.
            ConfigurationError: the endpoint or the load cannot have what is limited.
        """
        hosting = self._preflight.hosting
        if not self._limits and self._named(INFERENCE_COMPONENT) != {None}:
            self._refuse(COMPONENTS_APART)
            return
        if hosting is None:
            self._refuse("; ".join(self._preflight.notes) or "who serves the endpoint is not known")
            return
        every_s, enhanced = hosting.metrics_period_s, hosting.enhanced_metrics
        self._resolution = resolution = Resolution.published(every_s, enhanced=enhanced)
        variants = self._variants()
        try:
            now = covering(time.time(), time.time(), resolution.window_s)
            ask(self._preflight.plane, [invocations(each, resolution) for each in variants], now)
        except ControlPlaneError as error:
            self._refuse(f"{error}; allow it, or leave the limit out" if error.denied else str(error))
            return
        problems = demand_problems(
            [limit for _, limit in self._limits],
            variants=variants,
            resolution=resolution,
            profile=self._plan.profile,
            multi_model=self._plan.multi_model,
            components=self._named(INFERENCE_COMPONENT) != {None},
            table=self._request.settings.source,
        )
        if problems:
            raise ConfigurationError(problems)
        percentiles = any(limit.row.fold == "percentile" for _, limit in self._limits)
        ends_s = self._plan.profile.window_ends_s
        self.period_s = begins_at_s(ends_s, resolution, percentiles=percentiles)

    def testify(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object]) -> Testimony:
        """Wait until CloudWatch has counted the load, ask for its figures, and hold limits and client against them."""
        if self.period_s is None:
            return Testimony(notes=(self._unasked,) if self._unasked else ())
        refresh = getattr(self._request.target.credentials, "refresh_if_needed", None)
        if refresh is not None:
            # The load's own refreshing has ended with it, and the wait may be long.
            refresh()
        found = self._told(judged, span, say)
        return Testimony(
            reasons=found.reasons,
            checks=found.checks,
            notes=found.notes,
            facts={"server": found.server} if found.server is not None else {},
        )

    def close(self) -> None:
        """Keep nothing: connections are the preflight's."""

    def _variants(self) -> list[ServingVariant]:
        """Who serves the load, as it is now: somebody may have changed the number of instances on purpose."""
        settings, hosting = self._request.settings, self._preflight.hosting
        known = variants_of(hosting, vcpus=settings.vcpus, gpus=settings.gpus) if hosting is not None else []
        return serving_variants(known, self._named(TARGET_VARIANT))

    def _named(self, member: str) -> set[str | None]:
        """What the load's requests have as *member* of the API; None where one has none."""
        return {dict(route.fields).get(member) for route in self._plan.routes}

    def _refuse(self, why: str) -> None:
        """Refuse the load where a limit stands; else remember why nobody is asked."""
        if self._limits:
            raise EndpointError(f"{_asker(self._request, self._limits)}: {why}")
        self._unasked = f"CloudWatch was not asked: {why.partition('; allow it')[0]}"

    def _told(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object]) -> Told:
        recording, resolution, variants = judged.recording, self._resolution, self._variants()
        whole = whole_periods(span.window_begin.timestamp(), span.window_end.timestamp(), resolution.window_s)
        if whole is None:
            return untold(
                self._limits,
                f"the load's window held no whole period of CloudWatch's ({resolution.window_s} s), so that it has no "
                "figures of it",
            )
        window = Window(whole, variants, resolution)
        begin_s, end_s = whole.begin_s - recording.epoch_s, whole.end_s - recording.epoch_s
        account = account_of(recording, begin_s, end_s, period_s=resolution.requests_s)
        rows = rows_to_ask([limit.row for _, limit in self._limits], variants, multi_model=self._plan.multi_model)
        limited = [SERVER_METRICS[limit.metric] for _, limit in self._limits]
        try:
            figures = counted_figures(
                self._preflight.plane,
                window,
                span,
                account,
                rows=rows,
                limited=limited,
                patience=self._patience,
                say=say,
            )
        except ControlPlaneError as error:
            return untold(self._limits, f"CloudWatch could not be asked: {error}")
        return told(self._limits, figures, window, account)
