"""Runs texts as locustfiles."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.locustfile.job import LocustfileJob
from pytest_smload.engine.locustfile.process import run_locustfile

if TYPE_CHECKING:
    from pytest_smload.core.samples.recording import Recording

MARK = "LOCUSTFILE_UNDER_TEST"
HEAD = """
import os, sys, time, gevent
from locust import User, task, tag, constant, events, LoadTestShape
from locust.exception import StopUser

def send(user, name, ms=2, **more):
    start = time.time()
    gevent.sleep(ms / 1000)
    user.environment.events.request.fire(
        request_type="T", name=name, response_time=ms, response_length=10, start_time=start, context={}, **more)
"""
USERS = """
class Own(User):
    wait_time = constant(0.02)

    @task
    def one(self):
        send(self, "one")
"""


def run(folder: Path, text: str, hooks: LoadHooks | None = None, **fields: Any) -> tuple[Recording, tuple[str, ...]]:
    """Run *text* as a locustfile, for a second unless the fields say otherwise."""
    file = folder / "locustfile.py"
    file.write_text(dedent(HEAD) + dedent(text))
    profile = LoadProfile(locustfile=str(file), **({"duration": "1s", "warmup": "200ms", "timeout": "1s"} | fields))
    return run_locustfile(
        LocustfileJob.of(profile, str(file), (), None), {**os.environ, MARK: str(folder)}, hooks or LoadHooks()
    )


def left_of(folder: Path) -> list[Path]:
    """Return the processes that a locustfile of *folder* left; none where only Linux would tell."""
    return [place for place in Path("/proc").glob("[0-9]*/environ") if _is_of(place, folder)]


def _is_of(place: Path, folder: Path) -> bool:
    try:
        return f"{MARK}={folder}".encode() in place.read_bytes().split(b"\0")
    except OSError:
        return False
