"""The error kinds a limit may name: AWS's codes with their HTTP statuses, statuses, classes of them, and our own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_smload.core.request.error_kinds import OWN_NAMES

OTHER = "Other"
"""What kinds beyond the most a load tells apart are counted as."""

STATUSES: Mapping[str, int] = {
    # The operation's own, as botocore's model of sagemaker-runtime has them.
    "InternalDependencyException": 530,
    "InternalFailure": 500,
    "InternalStreamFailure": 500,
    "ModelError": 424,
    "ModelNotReadyException": 429,
    "ModelStreamError": 400,
    "ServiceUnavailable": 503,
    "ValidationError": 400,
    # AWS's common errors: throttling, the request itself, and who sent it.
    "InternalServerException": 500,
    "InvalidAction": 400,
    "MalformedHttpRequestException": 400,
    "RequestAbortedException": 400,
    "RequestEntityTooLargeException": 413,
    "RequestTimeoutException": 408,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 400,
    "TooManyRequestsException": 429,
    "UnknownOperationException": 404,
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ExpiredToken": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 403,
    "IncompleteSignatureException": 403,
    "InvalidClientTokenId": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationToken": 403,
    "MissingAuthenticationTokenException": 403,
    "NotAuthorized": 401,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "UnrecognizedClientException": 403,
}
CLASSES = ("4xx", "5xx")
KNOWN_KINDS = (*OWN_NAMES[1:], *STATUSES, *CLASSES)
ALLOWED = f"{', '.join(OWN_NAMES[1:])}, a code AWS answers with, a status such as '413', or {' and '.join(CLASSES)}"

_STATUS = re.compile(r"[345]\d\d", re.ASCII)


def is_known(kind: str) -> bool:
    """Whether a load can have errors of *kind*."""
    return kind in KNOWN_KINDS or _STATUS.fullmatch(kind) is not None


def counts_as(name: str, kind: str) -> bool:
    """Return whether a failure reported as *name* counts where *kind* is limited.

    A class or a status takes every code that is answered with it. What nobody can tell, a code without a known status
    or a kind beyond those told apart, counts wherever it may belong: a limit must not be kept by not looking.
    """
    if name in (kind, OTHER):
        return True
    if name in OWN_NAMES:
        return False
    status = name if _STATUS.fullmatch(name) else str(STATUSES.get(name, ""))
    if kind in CLASSES:
        return not status or status[0] == kind[0]
    return status == kind
