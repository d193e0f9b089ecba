"""What SageMaker Runtime says: status codes, error types and the texts of its error bodies.

Source: botocore's sagemaker-runtime model for codes and members; texts as published in issue threads. The texts of
the unknown variant, component or container, and of the missing model artefact, are not confirmed word for word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from pytest_smload.core.request.invocation import MAX_BODY_BYTES
from pytest_smload.core.request.members import MEMBERS, Member
from pytest_smload.emulator.credentials import ACCOUNT, REGION

OK: Final = "ok"
RESET: Final = "Connection"
CONTENT_TYPE: Final = MEMBERS["ContentType"].header_key
CUSTOM_ATTRIBUTES: Final = MEMBERS["CustomAttributes"].header_key
TIMEOUT_TEXT: Final = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)

ERRORS: Final[dict[str, tuple[int, str]]] = {
    "ThrottlingException": (400, "Rate exceeded"),
    "ValidationError": (400, "The request does not satisfy the constraints of the endpoint."),
    "AccessDeniedException": (
        403,
        (
            f"User: arn:aws:iam::{ACCOUNT}:user/smload is not authorized to perform: sagemaker:InvokeEndpoint on "
            f"resource: arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/* because no identity-based policy allows the "
            "sagemaker:InvokeEndpoint action"
        ),
    ),
    "ExpiredTokenException": (403, "The security token included in the request is expired"),
    "IncompleteSignatureException": (403, "Authorization header requires 'Credential', 'SignedHeaders', 'Signature'."),
    "InvalidSignatureException": (
        403,
        (
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        ),
    ),
    "MissingAuthenticationTokenException": (403, "Missing Authentication Token"),
    "UnrecognizedClientException": (403, "The security token included in the request is invalid."),
    "ModelError": (424, "the model failed on purpose"),
    "ModelNotReadyException": (
        429,
        "Model is not ready for inference yet. Wait for the model to load and retry the request.",
    ),
    "InternalFailure": (500, "An internal failure occurred."),
    "ServiceUnavailable": (503, "The service is currently unavailable. Try your call again."),
    "InternalDependencyException": (530, "Your request caused an exception with an internal dependency."),
}
"""HTTP status and default text of every error code the endpoint can answer with."""
NEVER_AT_A_MODEL: Final = frozenset(
    {
        "ThrottlingException",
        "ValidationError",
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
"""Errors with which the service refuses a request before any model hears of it: no metric of a variant counts it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, without what differs from request to request.

    Attributes:
        kind: The error code as reports name it, or "ok".
        status: HTTP status; 0 means the connection is reset instead.
        body: The whole body.
        headers: Response headers except the request id, names in lower case.
        family: 4 or 5 where the model answered, or should have, with such a status; 1 where there is no answer; else 0.
    """

    kind: str
    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    family: int = 0


def success(body: bytes, content_type: str, custom_attributes: bytes | None, variant: str) -> Answer:
    """Return the model's own answer."""
    headers = [
        (CONTENT_TYPE, content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-invoked-production-variant", variant.encode()),
    ]
    if custom_attributes is not None:
        headers.append((CUSTOM_ATTRIBUTES, custom_attributes))
    return Answer(OK, 200, body, tuple(headers))


def error(code: str, message: str | None = None, *, family: int | None = None, **members: object) -> Answer:
    """Return the error *code* of `ERRORS`, with its default text unless *message* is given."""
    status, default = ERRORS[code]
    body = json.dumps({**members, "Message": default if message is None else message}).encode()
    headers = (*_json_headers(body), (b"x-amzn-errortype", code.encode()))
    if family is None:
        family = 0 if code in NEVER_AT_A_MODEL else status // 100
    return Answer(code, status, body, headers, family)


def bare_status(status: int, message: str = "") -> Answer:
    """Return an error that names no code; botocore then reports the status as the code."""
    body = json.dumps({"message": message}).encode()
    return Answer(str(status), status, body, _json_headers(body), status // 100)


def unknown_operation() -> Answer:
    """Return the answer to a path or method that no operation has."""
    answer = bare_status(404)
    return Answer(answer.kind, 404, answer.body, (*answer.headers, (b"x-amzn-errortype", b"UnknownOperationException")))


def too_large() -> Answer:
    """Return the answer to a body over 25 MB."""
    return bare_status(413, f"HTTP content length exceeded {MAX_BODY_BYTES} bytes.")


def head_too_long(max_bytes: int) -> Answer:
    """Return the answer to headers over *max_bytes*; what comes behind them is not read."""
    answer = bare_status(431, f"HTTP headers exceeded {max_bytes} bytes.")
    return Answer(answer.kind, 431, answer.body, (*answer.headers, (b"connection", b"close")))


def reset() -> Answer:
    """Return the non-answer: the connection is aborted."""
    return Answer(RESET, 0, b"", (), 1)


def model_error(endpoint_name: str, original_status: int, original_message: str) -> Answer:
    """Return ModelError as the runtime words it; an *original_status* of 0 is the runtime's own time-out."""
    side, code = ("client", "CLIENT_ERROR_FROM_MODEL") if 400 <= original_status < 500 else ("server", None)
    group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
    return error(
        "ModelError",
        f'Received {side} error ({original_status}) from primary with message "{original_message}". See '
        f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#logEventViewer:group={group} "
        f"in account {ACCOUNT} for more information.",
        ErrorCode=code or "INTERNAL_FAILURE_FROM_MODEL",
        LogStreamArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}",
        family=4 if 400 <= original_status < 500 else 5,
        OriginalMessage=original_message,
        OriginalStatusCode=original_status,
    )


def model_timeout(endpoint_name: str) -> Answer:
    """Return the answer to an invocation that took longer than the endpoint waits for its container."""
    return model_error(endpoint_name, 0, TIMEOUT_TEXT)


def endpoint_not_found(endpoint_name: str) -> Answer:
    """Return the answer for an endpoint that the account does not have."""
    return error("ValidationError", f"Endpoint {endpoint_name} of account {ACCOUNT} not found.")


def target_model_not_supported(endpoint_name: str) -> Answer:
    """Return the answer to a target model header on an endpoint that is not multi-model."""
    return error(
        "ValidationError",
        f"Endpoint {endpoint_name} is not a multi-model endpoint and does not support target model header.",
        ErrorCode="TARGET_MODEL_HEADER_NOT_SUPPORTED",
    )


def target_model_missing(request_id: str) -> Answer:
    """Return the answer to a request without a target model on a multi-model endpoint."""
    return error("ValidationError", f"Request {request_id} is missing a target model header")


def model_artifact_missing(model: str) -> Answer:
    """Return the answer for a target model that is not under the endpoint's S3 prefix."""
    return error(
        "ValidationError",
        f"Failed to download model data(bucket: smload-emulator, key: {model}). Please ensure that there is an object "
        "located at the URL and that the role passed to CreateModel has permissions to download the model.",
    )


def variant_not_found(endpoint_name: str, variant: str) -> Answer:
    """Return the answer for a target variant that the endpoint does not have."""
    return error("ValidationError", f"Variant {variant} not found for endpoint {endpoint_name}.")


def component_missing() -> Answer:
    """Return the answer to a request without component on an endpoint of inference components."""
    return error(
        "ValidationError",
        "Inference Component Name header is required for endpoints to which you plan to deploy inference components. "
        "Please include Inference Component Name header or consider using SageMaker models.",
    )


def component_not_found(endpoint_name: str, component: str) -> Answer:
    """Return the answer for an inference component that the endpoint does not have."""
    return error("ValidationError", f"Inference Component {component} of endpoint {endpoint_name} not found.")


def container_missing(endpoint_name: str) -> Answer:
    """Return the answer to a request without container on an endpoint with direct invocation."""
    return error("ValidationError", f"Target container hostname is required to invoke endpoint {endpoint_name}.")


def container_not_found(endpoint_name: str, container: str) -> Answer:
    """Return the answer for a target container that the endpoint does not have."""
    return error("ValidationError", f"Target container {container} not found for endpoint {endpoint_name}.")


def member_too_long(member: Member) -> Answer:
    """Return the answer to a request member over its length limit."""
    shown = member.name[0].lower() + member.name[1:]
    return error(
        "ValidationError",
        f"1 validation error detected: Value at '{shown}' failed to satisfy constraint: Member must have length less "
        f"than or equal to {member.max_chars}",
    )


def _json_headers(body: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return (CONTENT_TYPE, b"application/json"), (b"content-length", b"%d" % len(body))
