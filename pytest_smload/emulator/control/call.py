"""One call to the control plane, whatever protocol brought it, and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        service: As IAM names it: ``sagemaker``, ``cloudwatch``, ``application-autoscaling``, ``sts``, ``s3``.
        operation: ``DescribeEndpoint``.
        arguments: Members of the request; the query protocol brings every scalar as text.
    """

    service: str
    operation: str
    arguments: dict[str, Any]

    @property
    def action(self) -> str:
        """Service and operation."""
        return f"{self.service}:{self.operation}"


class ControlError(Exception):
    """A call is refused.

    Attributes:
        code: The service's error code.
        message: What it says.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def needed(arguments: dict[str, Any], name: str) -> Any:
    """Return a member that a request must have.

    Raises:
        ControlError: ``ValidationException``, as AWS words it.
    """
    if arguments.get(name) in (None, ""):
        shown = name[0].lower() + name[1:]
        raise ControlError(
            "ValidationException",
            f"1 validation error detected: Value null at '{shown}' failed to satisfy constraint: Member must not be "
            "null",
        )
    return arguments[name]
