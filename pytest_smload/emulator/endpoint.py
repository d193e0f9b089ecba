"""One endpoint from start or reset to the next: decides, from times it is given, what each invocation gets and when."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from pytest_smload.core.request.members import MEMBERS
from pytest_smload.emulator import protocol
from pytest_smload.emulator.faults import RESET, Fault, FaultPlan
from pytest_smload.emulator.fleet import Fleet
from pytest_smload.emulator.invocation_log import InvocationLog
from pytest_smload.emulator.permissions import Permissions

if TYPE_CHECKING:
    from pytest_smload.emulator.durations import Distribution
    from pytest_smload.emulator.fleet import Destination
    from pytest_smload.emulator.model_host import Instance
    from pytest_smload.emulator.protocol import Answer
    from pytest_smload.emulator.scenario import Scenario

_LIMITED = [(MEMBERS[name].header_key, MEMBERS[name]) for name in ("CustomAttributes", "InferenceId", "TargetModel")]
"""Members whose length is checked; a variant too long is one the endpoint does not have."""
_NEVER_S = float("inf")


class Endpoint:
    """The state of a scenario: its clock, random draws, queues, models in memory, faults counted, and log.

    All times are seconds on one monotonic clock; the scenario's clock starts with the first invocation.

    Attributes:
        log: Every invocation received.
        fleet: What stands behind its name.
        exists: Whether it has not been deleted.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.log = InvocationLog()
        self._scenario = scenario
        self._faults = FaultPlan([table.fault() for table in scenario.faults])
        self._random = Random(scenario.seed)  # noqa: S311 - repeatable on purpose
        self._started_s: float | None = None
        self.fleet = Fleet(scenario, self._random)
        self.exists = True
        self._may_invoke = Permissions(scenario.hosting.allow).may("sagemaker:InvokeEndpoint")
        self._known_models = None if scenario.models is None else frozenset(scenario.models)
        self._content = scenario.response.content
        custom = scenario.response.custom_attributes
        self._custom_attributes = None if custom is None else custom.encode()
        self._latencies: dict[str, Distribution] = {}
        self._plain = {
            name: protocol.success(self._content, scenario.response.content_type, self._custom_attributes, name)
            for name in scenario.variants
        }

    def refusal(self, name: str, model: str, headers: dict[bytes, bytes], request_id: str) -> Answer | None:
        """Return the error for a request that does not fit this endpoint, or None for one that does."""
        scenario = self._scenario
        if not self._may_invoke:
            return protocol.error("AccessDeniedException")
        if (scenario.endpoint is not None and name != scenario.endpoint) or not self.exists:
            return protocol.endpoint_not_found(name)
        if scenario.needs_target_model and not model:
            return protocol.target_model_missing(request_id)
        if model and scenario.multi_model is False:
            return protocol.target_model_not_supported(name)
        if self._known_models is not None and model not in self._known_models:
            return protocol.model_artifact_missing(model)
        return self.fleet.refusal(name, headers) or _too_long(headers)

    def strike(self, model: str, now_s: float) -> Fault | None:
        """Count an invocation that fits, and return the error fault that meets it, if any."""
        if self._started_s is None:
            self._started_s = now_s
        # Bodies arrive in another order than heads: an invocation received earlier may fit later than the first.
        return self._faults.strike(max(0.0, now_s - self._started_s), model)

    def rejection(self, fault: Fault, model: str, now_s: float) -> tuple[float, Answer]:
        """Return when *fault* answers in place of the model, and with what; a freeze holds errors too."""
        epoch_s = self._epoch_s(now_s)
        return epoch_s + self._faults.finish_s(now_s - epoch_s, 0.0, model), _fault_answer(fault)

    def place(self, destination: Destination, model: str, now_s: float) -> tuple[Instance, float, float]:
        """Choose where an invocation of *model* at *destination* runs.

        Returns:
            The instance, when the model is ready there (*now_s* for a warm one), and when to stop waiting for it.
        """
        cold = self._scenario.cold
        if cold is None:
            return destination.host.instances[0], now_s, _NEVER_S
        instance, ready_s = destination.host.place(model, now_s, lambda: cold.load_time.sample_s(self._random))
        return instance, max(now_s, ready_s), now_s + cold.load_timeout_s

    def process(
        self,
        row: int,
        destination: Destination,
        instance: Instance,
        name: str,
        model: str,
        begin_s: float,
        fault: Fault | None,
    ) -> tuple[float, Answer | None]:
        """Queue and process the invocation of *row*, which begins to wait on *instance* at *begin_s*.

        Returns:
            When it is answered, and the error it is answered with, or None for the model's answer.
        """
        start_s = instance.queue.start_at(begin_s)
        if start_s is None:
            return begin_s, protocol.error("ServiceUnavailable")
        epoch_s = self._epoch_s(begin_s)
        service_s = (destination.latency or self._latency(model)).sample_s(self._random)
        service_s += self._faults.extra_s(max(0.0, begin_s - epoch_s), model, self._random)
        end_s = epoch_s + self._faults.finish_s(start_s - epoch_s, service_s, model)
        instance.queue.occupy(start_s, end_s)
        # The container goes on with what the runtime no longer waits for: the worker stays taken.
        if end_s - begin_s > self._scenario.model_timeout_s:
            done_s = begin_s + self._scenario.model_timeout_s
            self.log.worked(row, instance.number, begin_s, start_s, end_s, done_s)
            return done_s, protocol.model_timeout(name)
        self.log.worked(row, instance.number, begin_s, start_s, end_s, end_s)
        if fault is not None:
            text = fault.message or protocol.ERRORS["ModelError"][1]
            return end_s, protocol.model_error(name, fault.original_status, text)
        return end_s, None

    def success(self, destination: Destination, headers: dict[bytes, bytes], body: bytes) -> Answer:
        """Return the model's answer to a request."""
        variant = destination.variant
        attributes = self._custom_attributes or headers.get(protocol.CUSTOM_ATTRIBUTES)
        response = self._scenario.response
        if response.echo:
            content_type = headers.get(protocol.CONTENT_TYPE, b"application/octet-stream").decode("latin-1")
            return protocol.success(body, content_type, attributes, variant)
        if attributes is self._custom_attributes:
            return self._plain[variant]
        return protocol.success(self._content, response.content_type, attributes, variant)

    def summary(self, *, samples: bool) -> dict[str, Any]:
        """Return the ground truth, as JSON takes it; *samples* adds a list per column of the log."""
        found = self.log.summary(samples=samples)
        span_s = found.pop("span_s")
        hosts = {id(destination.host): destination.host for destination in self.fleet.destinations}.values()
        busy_share = None
        if self._scenario.workers is not None and span_s > 0:
            start_s = self.log.received_s[0]
            given_s = self._scenario.workers * sum(host.counts.integral_s(start_s, start_s + span_s) for host in hosts)
            busy_share = min(1.0, sum(host.busy_s for host in hosts) / given_s)
        return {
            **found,
            "loads": sum(host.loads for host in hosts),
            "evictions": sum(host.evictions for host in hosts),
            "busy_share": busy_share,
            "destinations": [[to.variant, to.component, to.container] for to in self.fleet.destinations],
        }

    def _epoch_s(self, now_s: float) -> float:
        return now_s if self._started_s is None else self._started_s

    def _latency(self, model: str) -> Distribution:
        found = self._latencies.get(model)
        if found is None:
            found = self._latencies[model] = self._scenario.latency_of(model)
        return found


def _fault_answer(fault: Fault) -> Answer:
    if fault.kind == RESET:
        return protocol.reset()
    if fault.kind.isdecimal():
        return protocol.bare_status(int(fault.kind), fault.message or "")
    return protocol.error(fault.kind, fault.message)


def _too_long(headers: dict[bytes, bytes]) -> Answer | None:
    """Return the error for a header longer than the service's model allows; botocore does not check lengths itself."""
    for key, member in _LIMITED:
        value = headers.get(key)
        if value is not None and len(value) > member.max_chars:
            return protocol.member_too_long(member)
    return None
