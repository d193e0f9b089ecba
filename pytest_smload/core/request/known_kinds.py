"""The error kinds a limit may name: AWS's codes, HTTP statuses, classes of them, and our own."""

from __future__ import annotations

import re

from pytest_smload.core.request.error_kinds import OTHER, OWN_NAMES, REFUSED_CODES, TASK

AWS_CODES = (
    # The operation's own, as botocore's model of sagemaker-runtime has them.
    "InternalDependencyException",
    "InternalFailure",
    "InternalStreamFailure",
    "ModelError",
    "ModelNotReadyException",
    "ModelStreamError",
    "ServiceUnavailable",
    "ValidationError",
    # AWS's common errors: throttling, the request itself, and who sent it.
    "InternalServerException",
    "InvalidAction",
    "MalformedHttpRequestException",
    "RequestAbortedException",
    "RequestEntityTooLargeException",
    "RequestTimeoutException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnknownOperationException",
    "ValidationException",
    *REFUSED_CODES,
)
CLASSES = ("4xx", "5xx")
KNOWN_KINDS = (*OWN_NAMES[1:], TASK, *AWS_CODES, *CLASSES)
ALLOWED = (
    f"{', '.join(OWN_NAMES[1:])}, {TASK}, a code AWS answers with, a status such as '413', or {' and '.join(CLASSES)}"
)

_STATUS = re.compile(r"[345]\d\d", re.ASCII)


def is_known(kind: str) -> bool:
    """Whether a load can have errors of *kind*."""
    return kind in KNOWN_KINDS or _STATUS.fullmatch(kind) is not None


def counts_as(name: str, status: int | None, kind: str) -> bool:
    """Return whether a failure reported as *name*, answered with HTTP *status*, counts where *kind* is limited.

    A class or a status takes all that was answered with it, whatever code the answer claims; a code all that claims it.
    What nobody can tell, a kind beyond those told apart, counts everywhere: a limit must not be kept by not looking.
    """
    if name in (kind, OTHER):
        return True
    return status is not None and kind in (str(status), f"{status // 100}xx")
