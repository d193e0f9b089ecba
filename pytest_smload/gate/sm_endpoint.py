"""The object behind the fixture ``sm_endpoint``: sends one request, or runs a load."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.aws.control_plane import ControlPlane
from pytest_smload.conduct.capacity import CapacityRequest
from pytest_smload.conduct.capacity_demands import check_arguments
from pytest_smload.conduct.preflight import static_refusal
from pytest_smload.conduct.regressions import BaselineUse
from pytest_smload.conduct.request import Control, LoadRequest
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.members import MEMBERS
from pytest_smload.core.scaling.wish import AUTOSCALED, DEFAULT_PER_INSTANCE, PINNED, READERS, Pinned
from pytest_smload.core.units import parse_duration_s
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError, InvocationError
from pytest_smload.settings.resolve import narrowed_to, with_endpoint_defaults
from pytest_smload.transport.sdk.single import invoke_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.budget import Budget
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.gate.gate import Gate
    from pytest_smload.gate.perf_run import PerfRun
    from pytest_smload.settings.tables import EndpointSettings
    from pytest_smload.transport.sdk.single import InvokeResponse


class _Inherit:
    def __repr__(self) -> str:
        return "INHERIT"


INHERIT: Final = _Inherit()
"""``load(budget=INHERIT)``, the default: the test's own limits hold."""


class SmEndpoint:
    """The endpoint a perf test loads.

    Attributes:
        name: Its name in smload.toml (``"local"``, ``"staging"``).
        endpoint_name, region, url: Its SageMaker name, region and resolved address.
    """

    def __init__(self, gate: Gate, run: PerfRun) -> None:
        self._gate = gate
        self._run = run
        if refusal := static_refusal(run.endpoint, gate.safeguards(run)):
            raise ConfigurationError(refusal)
        self._target = gate.endpoints.target(run.endpoint)
        self.name = run.endpoint.name
        self.endpoint_name = self._target.endpoint_name
        self.region = self._target.region
        self.url = str(self._target.url)
        self._scaling: ScalingWish | None = None

    def __repr__(self) -> str:
        return f"<sm_endpoint {self.name}: {self.endpoint_name} in {self.region}>"

    def invoke(self, payload: bytes | str, target_model: str | None = None, **fields: str) -> InvokeResponse:
        """Send one request outside any load, with the endpoint's own content type and other traffic fields.

        Args:
            payload: The body.
            target_model: The TargetModel of a multi-model endpoint.
            fields: InvokeEndpoint members that replace the endpoint's own, named as in the API (``Accept="text/csv"``).

        Raises:
            InvocationError: the endpoint answered with an error, or not at all; its ``kind`` is as in reports.
            ConfigurationError: a member that InvokeEndpoint does not have, a payload of another type; the endpoint is
                production, by its tags.
        """
        __tracebackhide__ = True
        if not isinstance(payload, (bytes, str)):
            raise ConfigurationError(f"sm_endpoint.invoke: the payload is bytes or text; not {quoted(payload)}")
        problems = [unknown_field(name, MEMBERS) for name in fields if name not in MEMBERS]
        if problems:
            raise ConfigurationError([f"sm_endpoint.invoke: {problem}" for problem in problems])
        _refuse_unhosted(self._run.endpoint, "invoke")
        body = payload.encode() if isinstance(payload, str) else payload
        profile = with_endpoint_defaults(self._run.profile.replace(payload=body), self._run.endpoint)
        plan = LoadPlan.from_profile(narrowed_to(profile.replace(batch=None), target_model), self._run.root)
        members = dict(plan.routes[0].fields) | fields
        self._refuse_production()
        try:
            return invoke_once(self._target, members, body, timeout_s=profile.timeout_s)
        except InvocationError as error:
            # The test's own line is what a reader can act on, and pytest shows the frames an error passed through.
            raise error.with_traceback(None) from None

    def load(
        self, profile: LoadProfile, *, label: str | None = None, budget: Mapping[str, Any] | _Inherit | None = INHERIT
    ) -> LoadResult:
        """Run a load and return what was measured; a breached budget fails the test after its body, never here.

        Args:
            profile: The load; traffic fields left None are the endpoint's.
            label: What reports call it where a test runs several.
            budget: Limits in the grammar of a budget table (``{"p95": "250ms", "each": {...}}``) instead of the test's;
                None only measures.

        Raises:
            ConfigurationError, PayloadError, EndpointError: the load cannot be sent as described; nothing was sent.
        """
        __tracebackhide__ = True
        self._check("load", profile, label)
        run = self._run
        limits = run.budget_of(budget, INHERIT)
        baselines = run.baselines_of(label, self._gate.options)
        return self._gate.conduct(run, self._request(profile, label, limits, baselines))

    def capacity(
        self,
        profile: LoadProfile,
        *,
        at_least: float | None = None,
        budget: Mapping[str, Any] | _Inherit = INHERIT,
        within: str = "30m",
        max_tps: float | None = None,
        instances: int | None = None,
        label: str | None = None,
    ) -> Capacity:
        """Find the highest rate at which the endpoint keeps the budget, and return it with the curve up to there.

        Each probe is a load of *profile* at another rate. The rate rises by half until the budget is not kept, and is
        bisected to 5 %; what is not proven to be kept counts as not kept, and a run twice as long confirms the answer.

        Args:
            profile: An open load: its ``tps`` is where the search begins, ``duration`` and ``warmup`` are a probe's.
                An unproven probe goes on up to ``max_duration``, four times ``duration`` where it is left out.
            at_least: Fails the test where less than so many requests/s are kept.
            budget: As in `load`; one without a limit that more load could break is refused.
            within: Longest time the search may take in all.
            max_tps: Highest rate to try.
            instances: How many instances carry the load, where the endpoint does not tell; 1 if left out.
            label: What reports call it.

        Raises:
            ConfigurationError, PayloadError, EndpointError: it cannot be searched as described; nothing was sent.
        """
        __tracebackhide__ = True
        self._check("capacity", profile, label)
        check_arguments(at_least=at_least, within=within, max_tps=max_tps, instances=instances)
        run = self._run
        unused = BaselineUse(run.baselines, "", updating=False, accepting=False, arguments=())
        held = self._scaling.instances if isinstance(self._scaling, Pinned) else None
        request = CapacityRequest(
            load=self._request(profile, label, run.budget_of(budget, INHERIT), unused),
            at_least=None if at_least is None else float(at_least),
            within_s=parse_duration_s(within),
            max_tps=None if max_tps is None else float(max_tps),
            instances=instances or held,
        )
        return self._gate.find_capacity(run, request)

    def _check(self, what: str, profile: object, label: object) -> None:
        """Refuse what no load can be made of, or none that would be judged."""
        if not isinstance(profile, LoadProfile):
            raise ConfigurationError(
                f"sm_endpoint.{what} takes a LoadProfile, such as load_profile; not {quoted(profile)}"
            )
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise ConfigurationError(f"sm_endpoint.{what}: label is text such as 'calm', or None; not {quoted(label)}")
        if not profile.has_shape:
            raise ConfigurationError(f"sm_endpoint.{what}: the profile gives none of users, tps and stages")
        self._run.check_thread()
        if self._run.over:
            raise ConfigurationError(
                f"sm_endpoint.{what}: a load in a fixture's teardown comes after the test's verdict and would never be "
                "judged; run it in the body, or before the fixture's yield"
            )

    def _request(
        self, profile: LoadProfile, label: str | None, budget: Budget | None, baselines: BaselineUse
    ) -> LoadRequest:
        run = self._run
        return LoadRequest(
            profile=with_endpoint_defaults(profile, run.endpoint),
            label=label,
            budget=budget,
            notes=run.notes,
            root=run.root,
            settings=run.endpoint,
            target=self._target,
            transport=self._gate.transport or run.endpoint.transport,
            baselines=baselines,
            cloudwatch=not self._gate.overrides.no_cloudwatch,
            safeguards=self._gate.safeguards(run),
            preflight=self._gate.endpoints.preflight(run.endpoint),
            scaling=self._scaling,
            control=self._control(),
            crew=self._gate.crew,
        )

    @contextmanager
    def pinned(self, instances: int = 1, *, variant: str | None = None) -> Iterator[None]:
        """Hold the endpoint at *instances* while this is entered, all scaling suspended; then restore what was there.

        Args:
            instances: How many.
            variant: The production variant; may be left out where there is one only.

        Raises:
            ConfigurationError: an argument is not as it must be, or the instances are held already.
            EndpointError: they cannot be changed, and are as they were; or they could not be restored.
        """
        __tracebackhide__ = True
        with self._held(_wish(PINNED, {"instances": instances, "variant": variant})):
            yield

    @contextmanager
    def autoscaled(
        self,
        min: int = 1,  # noqa: A002 - MinCapacity, in the words of a mark
        max: int = 4,  # noqa: A002
        invocations_per_instance: float = DEFAULT_PER_INSTANCE,
        *,
        instances: int | None = None,
        scale_in_cooldown: str | None = None,
        scale_out_cooldown: str | None = None,
        variant: str | None = None,
    ) -> Iterator[None]:
        """Let the endpoint scale on its invocations while this is entered; then restore what was there.

        Args:
            min, max: Bounds of the instance count.
            invocations_per_instance: Target of the policy, invocations per instance and minute.
            instances: To begin with; *min* where left out.
            scale_in_cooldown, scale_out_cooldown: Of the policy, ``"300s"``; where left out, those of the policy that
                is there, or AWS's own.
            variant: The production variant; may be left out where there is one only.

        Raises:
            ConfigurationError, EndpointError: as `pinned`.
        """
        __tracebackhide__ = True
        fields = {
            "min": min,
            "max": max,
            "invocations_per_instance": invocations_per_instance,
            "instances": instances,
            "scale_in_cooldown": scale_in_cooldown,
            "scale_out_cooldown": scale_out_cooldown,
            "variant": variant,
        }
        with self._held(_wish(AUTOSCALED, fields)):
            yield

    def _control(self) -> Control | None:
        settings, endpoints = self._run.control, self._gate.endpoints
        if settings is None:
            return None
        if refusal := static_refusal(settings.endpoint, self._gate.safeguards(self._run)):
            raise ConfigurationError(refusal)
        target = endpoints.target(settings.endpoint)
        return Control(settings=settings, target=target, preflight=endpoints.preflight(settings.endpoint))

    @contextmanager
    def held_as_marked(self) -> Iterator[None]:
        """Hold the instances as the test's marks ask, if they do.

        Raises:
            EndpointError: as `pinned`.
        """
        if self._run.scaling is None:
            yield
            return
        with self._held(self._run.scaling):
            yield

    def _refuse_production(self) -> None:
        """Ask for the endpoint's tags, once in a run of pytest, where they may say that it is production.

        Raises:
            ConfigurationError, EndpointError: as `pytest_smload.conduct.preflight.check_may_change`.
        """
        safeguards = self._gate.safeguards(self._run)
        if safeguards.limits.production and not safeguards.allow_production:
            self._gate.check_may_change(self._run, self._gate.endpoints.preflight(self._run.endpoint))

    @contextmanager
    def _held(self, wish: ScalingWish) -> Iterator[None]:
        run, gate = self._run, self._gate
        _refuse_unhosted(run.endpoint, AUTOSCALED if wish.moves else PINNED)
        preflight = gate.endpoints.preflight(run.endpoint)
        plane = preflight.plane if preflight is not None else ControlPlane(self._target)
        gate.check_may_change(run, preflight)
        root = None if run.endpoint.embedded else run.root
        with gate.instances.held(plane, wish, root, preflight.refresh if preflight is not None else str):
            self._scaling = wish
            try:
                yield
            finally:
                self._scaling = None


def _refuse_unhosted(endpoint: EndpointSettings, what: str) -> None:
    if endpoint.unhosted:
        raise ConfigurationError(
            f"sm_endpoint.{what}: no endpoint is configured, only a locustfile; name one by endpoint=..."
        )


def _wish(name: str, fields: Mapping[str, object]) -> ScalingWish:
    wish, problems = READERS[name](fields)
    if wish is None:
        raise ConfigurationError([f"sm_endpoint.{name}: {problem}" for problem in problems])
    return wish
