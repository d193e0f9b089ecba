"""The object behind the fixture ``sm_endpoint``: sends one request, or runs a load."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.aws.control_plane import ControlPlane
from pytest_smload.conduct.preflight import static_refusal
from pytest_smload.conduct.request import LoadRequest
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.members import MEMBERS
from pytest_smload.core.scaling.wish import AUTOSCALED, DEFAULT_PER_INSTANCE, PINNED, READERS
from pytest_smload.core.wording import unknown_field
from pytest_smload.errors import ConfigurationError, InvocationError
from pytest_smload.settings.resolve import narrowed_to, with_endpoint_defaults
from pytest_smload.transport.sdk.single import invoke_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.gate.gate import Gate
    from pytest_smload.gate.perf_run import PerfRun
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
        if not isinstance(profile, LoadProfile):
            raise ConfigurationError(
                f"sm_endpoint.load takes a LoadProfile, such as load_profile; not {quoted(profile)}"
            )
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise ConfigurationError(f"sm_endpoint.load: label is text such as 'calm', or None; not {quoted(label)}")
        if not profile.has_shape:
            raise ConfigurationError("sm_endpoint.load: the profile gives none of users, tps and stages")
        run = self._run
        run.check_thread()
        if run.over:
            raise ConfigurationError(
                "sm_endpoint.load: a load in a fixture's teardown comes after the test's verdict and would never be "
                "judged; run it in the body, or before the fixture's yield"
            )
        request = LoadRequest(
            profile=with_endpoint_defaults(profile, run.endpoint),
            label=label,
            budget=run.budget_of(budget, INHERIT),
            notes=run.notes,
            root=run.root,
            settings=run.endpoint,
            target=self._target,
            transport=self._gate.transport or run.endpoint.transport,
            baselines=run.baselines_of(label, self._gate.options),
            cloudwatch=not self._gate.overrides.no_cloudwatch,
            safeguards=self._gate.safeguards(run),
            preflight=self._gate.endpoints.preflight(run.endpoint),
            scaling=self._scaling,
            crew=self._gate.crew,
        )
        return self._gate.conduct(run, request)

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


def _wish(name: str, fields: Mapping[str, object]) -> ScalingWish:
    wish, problems = READERS[name](fields)
    if wish is None:
        raise ConfigurationError([f"sm_endpoint.{name}: {problem}" for problem in problems])
    return wish
