"""What is shown while a load runs: one rewritten line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import pty
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_runs import MakeProject, Project

OFTEN = """
import sys
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    sys.modules["pytest_smload.console"].PLAIN_LINE_EVERY_S = 0.5
"""
TESTS = """
import pytest
@pytest.mark.perf(users=2, duration="1200ms", warmup="0s")
def test_load():
    print("captured as ever")
"""
MODELS = """
import pytest
@pytest.mark.perf(users=2, duration="1200ms", warmup="0s", models={"xgboost-{0..1}.tar.gz": 1})
def test_load():
    pass
"""


def output_on_a_terminal(made: Project, *args: str, **variables: str) -> str:
    """Run pytest with a terminal as its output, and return all it wrote there."""
    ours, theirs = pty.openpty()
    try:
        terminal_only = {"TERM": "xterm", "COLUMNS": "140", "LINES": "20"} | variables
        process = made.start(*args, env=terminal_only, stdout=theirs, stderr=theirs)
    finally:
        os.close(theirs)
    written = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while piece := terminal.read(65536):
                written += piece
        except OSError:  # Linux: the last writer has closed its side
            pass
    process.wait()
    return written.decode()


def test_terminal_shows_one_rewritten_line(project: MakeProject) -> None:
    """Elapsed and total time, users, TPS, p95, limits and errors are rewritten in place and erased at the end."""
    text = output_on_a_terminal(project({"test_it.py": TESTS}), "-m", "perf")
    lines = re.findall(r"\r(\[\d:\d\d/0:01\][^\r\n]*)", text)
    assert lines, text
    assert re.search(r"last 1s: 2 users, \S+ TPS, p95 .*  whole load: 0 errors", lines[-1])
    assert "window so far: error rate 0% of <= 1%, 1 of 1 hold" in lines[-1]
    after = text.rpartition(lines[-1])[2]
    assert re.match(r" *\r *\r", after)
    assert "1 passed" in after
    assert "captured as ever" not in text
    if pytest.version_tuple >= (9,):
        # Where pytest puts its percentage is reckoned from the width of what was written there.
        (line,) = re.findall(r"[^\r\n]+\[100%\]", re.sub(r"\x1b\[[\d;]*m", "", after))
        assert len(line) <= 140


@pytest.mark.parametrize(
    ("args", "variables", "moves", "rewrites"),
    [((), {}, True, True), (("--color=no",), {}, False, True), ((), {"TERM": "dumb"}, False, False)],
)
def test_a_tall_terminal_is_drawn_on_where_nobody_minds(
    project: MakeProject, args: tuple[str, ...], variables: dict[str, str], *, moves: bool, rewrites: bool
) -> None:
    """The cursor moves up on a terminal that may have colours; on a dumb one nothing is rewritten."""
    made = project({"test_it.py": MODELS})
    text = output_on_a_terminal(made, "-m", "perf", *args, **({"LINES": "40"} | variables))
    live = text.partition("= test session")[2].partition("1 passed")[0]
    assert bool(re.search(r"\x1b\[\d+A", live)) == moves, live
    assert bool(re.search(r"\r\[0:0", live)) == rewrites
    assert bool(re.search(r"model: worst 2 of 2, window so far +p95 +requests +errors", live)) == moves


def test_elsewhere_plain_lines(project: MakeProject) -> None:
    """Where output is no terminal a plain line tells now and then how the load goes; the first says where it goes."""
    run = project({"conftest.py": OFTEN, "test_it.py": TESTS}).run("-m", "perf", report=False)
    plain = [line for line in run.out.splitlines() if line.startswith("smload: ")]
    assert re.match(
        r"smload: load on staging \(abalone-mme-staging, us-east-1\), http://127.0.0.1:\d+ set by smload.toml "
        r"\[endpoints.staging\]; credentials from env; transport http$",
        plain[0],
    )
    assert re.match(
        r"smload: \S+ of \S+, \S+.*; last 1s: 2 users, \S+ TPS, p95 .*; whole load: 0 errors; now \d in flight",
        plain[1],
    )
    assert "\r" not in run.out
    assert "captured as ever" not in run.out
