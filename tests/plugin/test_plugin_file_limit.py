"""Loads under a low limit of open files, as ``ulimit -n`` sets it."""

from __future__ import annotations

import resource
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_runs import MakeProject

TESTS = """
import pytest

@pytest.mark.perf(users=1200, duration="1s", warmup="0s")
def test_closed(load_result): pass

@pytest.mark.perf(tps=300, duration="1s", warmup="0s")
def test_open(load_result): pass

@pytest.mark.perf(tps=300, duration="1s", warmup="0s", max_in_flight=50)
def test_fits(load_result): pass
"""


def test_what_the_limit_cannot_carry_is_refused(project: MakeProject) -> None:
    """In both kinds of loop, before anything is sent, with the way out; what fits runs."""
    made = project({"test_it.py": TESTS})
    low = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (256, 256))
    run = made.run("-m", "perf", fresh=True, preexec_fn=low)

    assert "1,200 users need a file descriptor each" in run.section("test_closed")
    assert "600 requests in flight (max_in_flight) need a file descriptor each" in run.section("test_open")
    assert "ulimit -n" in run.section("test_open")
    assert not any(run.loads(test) for test in ("test_closed", "test_open"))
    assert run.loads("test_fits")[0]["total"]["ok"] > 0
