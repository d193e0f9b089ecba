"""The exception tree: every error this package raises on purpose.

* SmloadError
    x ConfigurationError      what a user wrote is wrong: a marker, a file, an option, an environment variable
    x PayloadError            a payload cannot be read or sent as asked
    x EndpointError           the endpoint cannot be used: credentials, account, address, connection, TLS
    x EmulatorError           the embedded endpoint did not start
    x ReportError             a report cannot be written, or read back
    x InvocationError         one request sent by ``sm_endpoint.invoke`` was answered with an error

Each message names the thing, the place, what is allowed, and the next step, so that it can be shown without a
traceback.
"""

from __future__ import annotations


class SmloadError(Exception):
    """Root of all errors raised by pytest-smload; its text is complete without a traceback."""


class ConfigurationError(SmloadError):
    """One or more mistakes in what the user wrote.

    Attributes:
        problems: One sentence, and one line, per mistake; all mistakes of one source are reported together.
    """

    def __init__(self, problems: str | list[str]) -> None:
        if isinstance(problems, str):
            # One that shows an example has lines of its own.
            self.problems = ["\n".join(map(_line, problems.split("\n")))]
        else:
            self.problems = [_line(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


def _line(problem: str) -> str:
    """*problem* with what names in it have of line ends and other unprintable characters as Python writes them."""
    if problem.isprintable():
        return problem
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in problem)


class PayloadError(SmloadError):
    """A payload cannot be read, or is larger than an endpoint accepts."""


class EndpointError(SmloadError):
    """The endpoint cannot be reached or used as configured; raised before any load is sent."""


class EmulatorError(SmloadError):
    """The embedded endpoint did not start, or went away."""


class ReportError(SmloadError):
    """A report cannot be written where it was asked for, or is none when read back."""


class InvocationError(SmloadError):
    """One request of ``sm_endpoint.invoke`` failed.

    Attributes:
        kind: The error kind, as in reports (``ModelError``, ``Timeout``, ...).
        status: The HTTP status, or None where no response arrived.
        original_status: The container's own status for a ``ModelError``, else None.
    """

    def __init__(
        self, kind: str, message: str, *, status: int | None = None, original_status: int | None = None
    ) -> None:
        self.kind = kind
        self.status = status
        self.original_status = original_status
        super().__init__(f"{kind}: {message}")
