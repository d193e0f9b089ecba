"""However a locustfile, its users or its parent end, that is said, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from locustfile_runs import HEAD, MARK, USERS, left_of, run

from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.trust.validity import examine
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

ENDS = {
    "a class that cannot be made": (
        "class Own(User):\n    def __init__(self, _): raise ValueError('init')\n    @task\n    def one(self): 0",
        "a user could not be made: ValueError: init",
    ),
    "a class without a host": (
        "from locust import HttpUser\nclass Own(HttpUser):\n    @task\n    def one(self): self.client.get('/')",
        "a user could not be made: StopTest: You must specify the base host.",
    ),
    "users that stop by themselves": (
        "class Own(User):\n    @task\n    def one(self):\n        send(self, 'one', ms=400)\n        raise StopUser",
        "the last of 2 users had ended by itself after 0.",
    ),
    "an exception beside a task": (
        "class Own(User):\n    def wait_time(self): raise ValueError('w')\n    @task\n    def one(self): send(self, 1)",
        "wait_time of Own raised ValueError: w",
    ),
    "a shape that raises": (
        USERS + "class Shape(LoadTestShape):\n    def tick(self): raise ValueError('tick')",
        "Shape of the locustfile raised: ValueError: tick",
    ),
    "a listener that ends the process": (
        USERS + "@events.test_start.add_listener\ndef begun(**_): sys.exit('no')",
        "the locustfile raised SystemExit(no), which ends Locust",
    ),
}


@pytest.mark.parametrize(("text", "said"), ENDS.values(), ids=ENDS)
def test_a_load_that_is_not_what_was_asked_for_is_invalid(tmp_path: Path, text: str, said: str) -> None:
    """It ends there and then, and the reason names what happened."""
    recording, _ = run(tmp_path, text, users=2, duration="30s")
    health = examine(recording, measure(recording), budgeted_scopes=(), simulated=False)
    assert health.reasons[0].cause.startswith(said)
    assert recording.window_s < 10


def test_the_end_of_its_process_is_named_and_a_fork_holds_nothing(tmp_path: Path) -> None:
    """A fork with a session of its own has no hand on the pipe, so that the end is seen at once."""
    fork = "if os.fork() == 0:\n    os.setsid()\n    time.sleep(300)\n"
    text = f"{fork}{USERS}\n@events.request.add_listener\ndef killed(**_): os.kill(os.getpid(), 9)\n"
    begun_s = time.monotonic()
    with pytest.raises(ConfigurationError, match="its process was ended by SIGKILL while the file ran"):
        run(tmp_path, text, users=1, duration="60s")
    assert time.monotonic() - begun_s < 25
    time.sleep(0.2)
    assert [] == left_of(tmp_path)


def test_a_killed_parent_takes_all_with_it(tmp_path: Path) -> None:
    """Also what left its session."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells which processes a locustfile started")
    (tmp_path / "locustfile.py").write_text(
        dedent(HEAD)
        + "import subprocess\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], "
        + "start_new_session=True)\nopen('ready', 'w').close()\n"
        + dedent(USERS)
    )
    code = f"""
from pathlib import Path
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.locustfile.job import LocustfileJob
from pytest_smload.engine.locustfile.process import run_locustfile
import os
profile = LoadProfile(locustfile="locustfile.py", users=1, duration="60s", warmup="0s")
run_locustfile(LocustfileJob.of(profile, {str(tmp_path / "locustfile.py")!r}, (), None), dict(os.environ), LoadHooks())
"""
    environ = {**os.environ, MARK: str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environ) as parent:
        deadline_s = time.monotonic() + 60
        while not (tmp_path / "ready").exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert len(left_of(tmp_path)) >= 3
        parent.send_signal(signal.SIGKILL)
    deadline_s = time.monotonic() + 5
    while left_of(tmp_path) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert [] == left_of(tmp_path)


def test_its_surroundings_are_the_command_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library is patched whatever this process does, nor shadowed by a file of the folder it is in; what
    listeners of the end do is said, and changes nothing."""
    (tmp_path / "select.py").write_text("raise ImportError('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    text = """
    from gevent import monkey

    class Own(User):
        wait_time = constant(0.02)
        @task
        def one(self): send(self, f"patched {monkey.is_module_patched('socket')}")

    @events.quitting.add_listener
    def over(environment, **_):
        environment.process_exit_code = 3
        raise ValueError("too late")
    """
    recording, notes = run(tmp_path, text, users=1, duration="300ms")
    assert ["T patched True"] == list(recording.model_names)
    assert {
        "event handler of the locustfile raised ValueError: too late",
        "the locustfile set process_exit_code to 3, which is no part of the verdict",
    } <= set(notes)
