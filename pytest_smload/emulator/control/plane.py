"""The control plane: takes a request of any of its services to whom it is for."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pytest_smload.emulator.control import aws_json, aws_query, s3, sts
from pytest_smload.emulator.control.autoscaling import AutoScaling
from pytest_smload.emulator.control.call import Call, ControlError
from pytest_smload.emulator.control.clock import Clock
from pytest_smload.emulator.control.cloudwatch import CloudWatch
from pytest_smload.emulator.control.hosting import Hosting
from pytest_smload.emulator.control.metrics import Metrics
from pytest_smload.emulator.control.sagemaker import SageMaker
from pytest_smload.emulator.control.scaling import Scaler
from pytest_smload.emulator.control.tallies import Tallies
from pytest_smload.emulator.control.tracking_clock import TrackingClock
from pytest_smload.emulator.permissions import Permissions, denial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.emulator.endpoint import Endpoint
    from pytest_smload.emulator.protocol import Answer
    from pytest_smload.emulator.scenario import Scenario
    from pytest_smload.emulator.signatures import Headers, SignatureChecker

SIGNED_FOR: Final = {"cloudwatch": "monitoring"}
"""Names in the credential scope that are not IAM's."""
_QUERY_CODES: Final = {
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
_UNSIGNED_CODES: Final = {
    "cloudwatch": _QUERY_CODES,
    "sts": _QUERY_CODES,
    "s3": {
        "MissingAuthenticationTokenException": "AccessDenied",
        "IncompleteSignatureException": "AuthorizationHeaderMalformed",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "UnrecognizedClientException": "InvalidAccessKeyId",
    },
}
"""Codes of a wrong signature that differ from those of the json services (AWS's common errors)."""
_DENIALS: Final = {
    "sagemaker": ("AccessDeniedException", 400),
    "application-autoscaling": ("AccessDeniedException", 400),
}
"""Code and status of a denial where they are not ``AccessDenied`` and 403."""
_LOAD_S: Final = 2.0
"""A load runs where an invocation is younger than this."""
_SLICE_MS: Final = 1000
_FINE_SLICE_MS: Final = 100
_FAST: Final = 60.0
"""Above this speed, a minute is less than a second."""


class ControlPlane:
    """Every service for one endpoint, from start or reset to the next.

    Attributes:
        calls: Time, action and error code of every call.
    """

    def __init__(
        self, scenario: Scenario, endpoint: Endpoint, signatures: SignatureChecker | None, artifacts: s3.S3
    ) -> None:
        """
        Args:
            scenario: What the endpoint starts as.
            endpoint: Its runtime.
            signatures: Checks signatures, or None for no check.
            artifacts: Its models' artifacts, which a reset does not change.
        """
        self.calls: list[tuple[float, str, str]] = []
        self._endpoint = endpoint
        self._signatures = signatures
        self._permissions = Permissions(scenario.hosting.allow)
        speed = scenario.autoscaling.speed
        clock = Clock()
        hosting = Hosting(scenario, endpoint, clock, _later)
        slice_ms = _FINE_SLICE_MS if speed > _FAST else _SLICE_MS
        self._tallies = Tallies(endpoint.log, endpoint.fleet, clock, slice_ms)
        metrics = Metrics(scenario, endpoint.fleet, self._tallies, clock)
        scaler = Scaler(hosting, clock)
        self._tracking = TrackingClock(scaler, metrics, self._tallies, clock, speed)
        self._cloudwatch = CloudWatch(metrics)
        self._s3 = artifacts
        self._operations: dict[str, dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
            "sagemaker": SageMaker(scenario, hosting).operations,
            "application-autoscaling": AutoScaling(scaler, hosting, clock, self._permissions, speed).operations,
            "sts": sts.OPERATIONS,
        }

    def close(self) -> None:
        """Let nothing happen any more."""
        self._tracking.stop()

    async def answer(
        self, method: str, raw_path: bytes, query: bytes, headers: Headers, body: bytes, request_id: str
    ) -> Answer | None:
        """Return the answer to a request, or None for one that is for none of the services."""
        by_name = dict(headers)
        received_s = monotonic()
        service, action = "", ""
        try:
            service, call = _decoded(method, raw_path, query, by_name, body)
            if call is None:
                return None
            action = call.action
            self._check_signature(service, method, raw_path, query, headers, body)
            self._check_permission(service, s3.permission(call) if service == "s3" else action)
            if service == "s3":
                in_load = self._endpoint.log.is_younger_than(received_s - _LOAD_S)
                answer = await self._s3.answer(call, raw_path, query, by_name, in_load=in_load)
            else:
                answer = _success(call, await self._result(call), request_id, by_name)
        except ControlError as problem:
            answer = _failure(service, problem, request_id, by_name)
        self.calls.append((received_s, action or f"{service}:?", answer.kind))
        return answer

    async def _result(self, call: Call) -> dict[str, Any]:
        try:
            if call.service == "cloudwatch":
                await self._tallies.catch_up()
                found: dict[str, Any] = await _operation(self._cloudwatch.operations, call)(call.arguments)
                return found
            result: dict[str, Any] = _operation(self._operations[call.service], call)(call.arguments)
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError) as problem:
            # Members of other types than the service's model has: botocore sends none.
            raise ControlError("SerializationException", f"{type(problem).__name__}: {problem}") from None
        self._tracking.start()
        return result

    def _check_permission(self, service: str, action: str) -> None:
        if not self._permissions.may(action):
            code, status = _DENIALS.get(service, ("AccessDenied", 403))
            raise ControlError(code, denial(action), status)

    def _check_signature(
        self, service: str, method: str, raw_path: bytes, query: bytes, headers: Headers, body: bytes
    ) -> None:
        if self._signatures is None:
            return
        signed_for = SIGNED_FOR.get(service, service)
        mistake = self._signatures.mistake(raw_path, query, headers, body, method=method, service=signed_for)
        if mistake is not None:
            codes = _UNSIGNED_CODES.get(service)
            code = mistake.code if codes is None else codes[mistake.code]
            raise ControlError(code, mistake.message, 400 if codes is None else 403)


def _decoded(
    method: str, raw_path: bytes, query: bytes, headers: Mapping[bytes, bytes], body: bytes
) -> tuple[str, Call | None]:
    call = None
    if method == "POST" and raw_path == b"/":
        call = aws_json.decoded(headers, body) or aws_query.decoded(headers, body)
    if call is None:
        call = s3.decoded(method, raw_path, query, headers)
    return ("" if call is None else call.service), call


def _operation(operations: Mapping[str, Any], call: Call) -> Any:
    found = operations.get(call.operation)
    if found is None:
        raise ControlError("UnknownOperationException", f"The embedded endpoint does not know {call.action}.")
    return found


def _success(call: Call, result: dict[str, Any], request_id: str, headers: Mapping[bytes, bytes]) -> Answer:
    if aws_json.TARGET in headers:
        return aws_json.success(call, result)
    return aws_query.success(call, result, request_id)


def _failure(service: str, problem: ControlError, request_id: str, headers: Mapping[bytes, bytes]) -> Answer:
    if service == "s3":
        return s3.failure(problem, request_id)
    if aws_json.TARGET in headers:
        return aws_json.failure(service or "sagemaker", problem)
    return aws_query.failure(service or "sts", problem, request_id)


def _later(delay_s: float, action: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay_s, action)
