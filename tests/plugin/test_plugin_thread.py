"""pytest.main() called in another thread than the main one."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pytest_runs import LIMIT_S

if TYPE_CHECKING:
    from pytest_runs import MakeProject

TEST = """
import pytest

@pytest.mark.perf(users=1, duration="200ms", warmup="0s")
def test_it(load_result): pass
"""
CALL = """
{before}
import threading
import pytest
args = ["-p", "smload", "-p", "steady_client", "-m", "perf", "-q"]
thread = threading.Thread(target=lambda: print("exit code", int(pytest.main(args))))
thread.start()
thread.join()
"""


@pytest.mark.parametrize(
    ("before", "code", "said"),
    [
        ("", 4, "ERROR: smload: Locust can be imported in the main thread only: call pytest.main() there"),
        ("import pytest_smload.engine.run", 0, "1 passed"),
    ],
    ids=["not imported", "imported"],
)
def test_it_works_or_says_why(before: str, code: int, said: str, project: MakeProject) -> None:
    """Locust handles a signal when it is imported, which only the main thread may."""
    made = project({"test_it.py": TEST, "call.py": CALL.format(before=before)})
    done = subprocess.run(
        [sys.executable, "call.py"],
        cwd=made.folder,
        env=made.environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert f"exit code {code}" in done.stdout, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
