"""Lets through to Locust's web UI what looks at the load, and keeps out what would change it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOOKS = frozenset(
    {
        "/", "/exceptions", "/exceptions/csv", "/logs", "/smload", "/stats/failures/csv", "/stats/report",
        "/stats/requests", "/stats/requests/csv", "/tasks", "/worker-count",
    }
)  # fmt: skip
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_OURS = "this load is started, changed and repeated by the test or script that describes it"


class Guard:
    """The WSGI application in front of Locust's own.

    Args:
        app: Locust's.
        stop: Ends the load; False where none runs.
        host: Where it listens. On loopback requests must be for this machine by name: a page from elsewhere whose name
            is made to lead here has another.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], stop: Callable[[], bool], host: str) -> None:
        self._app = app
        self._stop = stop
        self._hosts = _LOCAL | {host} if host in _LOCAL or host.startswith("127.") else None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if not self._is_from_here(environ):
            return _answer(start_response, "403 Forbidden", "ask for it by the address that was printed for it")
        if path == "/stop" and method in {"GET", "POST"}:
            if self._stop():
                return _answer(start_response, "200 OK", "Test stopped", success=True)
            return _answer(start_response, "409 Conflict", "no load runs now")
        if method not in {"GET", "HEAD"} or not (path in _LOOKS or path.startswith("/assets/")):
            return _answer(start_response, "403 Forbidden", _OURS)

        def without_others(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            # Locust lets every page of the web read its figures.
            kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
            return start_response(status, [*kept, ("X-Frame-Options", "DENY")], *rest)

        return self._app(environ, without_others)

    def _is_from_here(self, environ: dict[str, Any]) -> bool:
        """Whether the page that asks is our own, as far as browsers tell."""
        host = environ.get("HTTP_HOST", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
        if self._hosts is not None and name.removeprefix("[").removesuffix("]").lower() not in self._hosts:
            return False
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin != f"http://{host}":
            return False
        return environ.get("HTTP_SEC_FETCH_SITE", "none") in {"none", "same-origin"}


def _answer(start_response: Callable[..., Any], status: str, text: str, *, success: bool = False) -> list[bytes]:
    body = json.dumps({"success": success, "message": text}).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
