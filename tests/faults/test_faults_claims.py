"""An endpoint that calls its errors successes: a whole run is not taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from faulty_peer import Act, error_act
from perf_project import PerfProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TESTS = """
    import pytest

    @pytest.mark.perf(users=2, duration="500ms", warmup="0s", max_requests=40, prime=False)
    def test_gate(): pass
"""
SETTINGS = """
endpoint = "staging"
[endpoints.staging]
region = "us-east-1"
endpoint_url = "http://127.0.0.1:{port}"
payload = ["x"]
"""


def _body_says_ok(sock: Any) -> None:
    sock.sendall(b'HTTP/1.1 500 No\r\nContent-Length: 14\r\n\r\n{"code": "ok"}')


@pytest.mark.parametrize("transport", ["http", "boto3"])
@pytest.mark.parametrize(
    "act", [error_act(500, "ok", "fine"), Act("500", _body_says_ok, refuses=False)], ids=["header", "body"]
)
def test_errors_with_the_code_ok_fail_the_gate(
    act: Act,
    transport: str,
    start_peer: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every answer is a 500 with the code ``ok``: the test fails, and the errors are of kind 500."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    peer = start_peer(lambda _received: act)
    made = PerfProject(tmp_path, {"test_it.py": TESTS, "smload.toml": SETTINGS.format(port=peer.port)})
    exit_code, out = made.run("--smload-transport", transport, "--smload-report", "report")

    assert pytest.ExitCode.TESTS_FAILED == exit_code, out
    assert "1 failed" in out or "1 error" in out
    assert '"500": ' in (tmp_path / "report" / "report.json").read_text()
