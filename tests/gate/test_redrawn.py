"""Lines that are drawn over on a terminal, as one that obeys them shows it."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest

from pytest_smload import console as console_module
from pytest_smload.console import Console
from pytest_smload.core.live.standing import RouteRow, Standing
from pytest_smload.core.live.view import LiveView
from pytest_smload.core.samples.progress import Progress
from pytest_smload.redrawn import Redrawn


class FakeTerminal:
    """A screen that obeys what is written to it; it has no bottom, and knows the sequences that are used."""

    def __init__(self, *, columns=80, rows=30, rewrites=True):
        self.columns, self.rows, self.rewrites = columns, rows, rewrites
        self.lines = ["test_it.py"]
        self.place = [0, len("test_it.py")]
        self.newline_due = True

    def ensure_newline(self):
        if self.newline_due:
            self.write("\n")
        self.newline_due = False

    def write_line(self, line):
        self.ensure_newline()
        self.write(f"{line}\n")

    def flush(self):
        pass

    def write(self, text):
        for piece in re.findall(r"\x1b\[\d*[AJ]|[^\x1b]", text):
            self._obey(piece)

    def _obey(self, piece):
        row, column = self.place
        if piece == "\r":
            self.place = [row, 0]
        elif piece == "\n":
            self.place = [row + 1, 0]
            if row + 1 == len(self.lines):
                self.lines.append("")
        elif piece.endswith("A"):
            self.place = [max(0, row - int(piece[2:-1])), column]
        elif piece.endswith("J"):
            self.lines[row:] = [self.lines[row][:column]]
        else:
            assert column < self.columns, "it would wrap"
            line = self.lines[row].ljust(column)
            self.lines[row] = line[:column] + piece + line[column + 1 :]
            self.place = [row, column + 1]

    @property
    def shown(self):
        return [line.rstrip() for line in self.lines]


def view(elapsed_s=1.0, rows=0):
    progress = Progress(elapsed_s, 70.0, "window", 2, None, 10.0, 20.0, 0, 2)
    routes = tuple(RouteRow(f"m{place}", 10, 5.0, 0) for place in range(rows))
    return LiveView(progress, Standing(rows=routes, routes=rows))


def console_on(terminal):
    return Console(lambda: nullcontext(terminal))


@pytest.mark.parametrize("rows", [1, 30])
def test_what_is_drawn_is_drawn_over_and_erased(rows):
    """pytest's own line stays, and the cursor ends where the lines began."""
    terminal = FakeTerminal(rows=rows)
    console = console_on(terminal)
    for second in range(5):
        console.progress(view(second, rows=second))
    assert len(terminal.shown) == (2 if rows == 1 else 7)
    assert terminal.shown[0] == "test_it.py"

    console.end_load()
    assert terminal.shown == ["test_it.py", ""]
    assert terminal.place == [1, 0]


def test_one_line_takes_no_escape_sequence():
    """Where colours are off, nothing but a carriage return and spaces is written."""
    terminal = FakeTerminal(rows=1)
    written = []
    terminal.write = written.append
    console = console_on(terminal)
    console.progress(view(1, rows=3))
    console.waiting("a wait")
    console.end_load()
    assert "\x1b" not in "".join(written)


def test_a_line_that_stays_is_written_below_nothing_of_the_load():
    """What is drawn goes first."""
    terminal = FakeTerminal()
    console = console_on(terminal)
    console.progress(view(1, rows=3))
    console.tell("smload: probe 2")
    console.progress(view(1, rows=3))
    console.end_load()
    assert terminal.shown == ["test_it.py", "smload: probe 2", ""]


def test_a_terminal_made_narrower_loses_no_line_of_others():
    """Lines may take more rows than they did: those are left, and others drawn below."""
    terminal = FakeTerminal()
    drawn = Redrawn()
    drawn.draw(terminal, ["one", "two", "three"])
    terminal.columns = 60
    drawn.draw(terminal, ["four", "five"])
    drawn.draw(terminal, ["six", "seven"])
    assert terminal.shown == ["test_it.py", "one", "two", "", "six", "seven"]


def test_a_terminal_made_lower_gets_one_line():
    """And a taller one more of them again."""
    terminal = FakeTerminal()
    console = console_on(terminal)
    console.progress(view(1, rows=3))
    terminal.rows = 10
    console.progress(view(2, rows=3))
    assert len(terminal.shown) == 2
    terminal.rows = 40
    console.progress(view(3, rows=3))
    assert len(terminal.shown) == 6


def test_elsewhere_lines_are_sparse(monkeypatch):
    """One in ten seconds of each load, and of each run of one."""
    monkeypatch.setattr(console_module, "PLAIN_LINE_EVERY_S", 10.0)
    terminal = FakeTerminal(rewrites=False, columns=500)
    console = console_on(terminal)
    for second in [*range(31), *range(12)]:
        console.progress(view(float(second)))
    console.end_load()
    assert [line[:11] for line in terminal.shown if line.startswith("smload")] == [
        "smload: 10s", "smload: 20s", "smload: 30s", "smload: 10s",
    ]  # fmt: skip


def test_where_there_is_no_terminal_nothing_is_written():
    """``-q``, and xdist's workers."""
    console = Console(lambda: nullcontext(None))
    console.progress(view())
    console.end_load()
