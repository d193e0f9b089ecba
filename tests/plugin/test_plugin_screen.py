"""What a run with loads prints: little by default, all of it on -v, and with -q what must not be missed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest
pytestmark = pytest.mark.perf(users=2, duration="100ms", warmup="0s")

@pytest.mark.parametrize("number", range(10))
def test_kept(load_result, number): pass

def test_two(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, label="first")
    sm_endpoint.load(load_profile, label="second")

@pytest.mark.perf_budget(p50="1us")
def test_breached(load_result): pass

@pytest.mark.perf_budget(p50="1us")
@pytest.mark.xfail
def test_expected(load_result): pass

@pytest.mark.perf(models={"broken.tar.gz": 1})
def test_broken(load_result): pass

@pytest.mark.perf_budget(regression={"p50": "10%"})
def test_unrecorded(load_result): pass

@pytest.mark.perf(models={"a.tar.gz": 1e9, "rare.tar.gz": 1})
@pytest.mark.perf_budget(model="rare.tar.gz", requests=1)
def test_invalid(load_result): pass
"""
TABLE_ROW = r"FAIL\??  +total  p50 "
"""Of the table of checks; whether so short a load proves anything is the machine's affair."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def section(run: PytestRun) -> list[str]:
    """The lines of the section "smload"."""
    rest = COLOUR.sub("", run.out).partition(" smload ==")[2].partition("\n")[2]
    return re.split(r"^=+ .*$", rest, maxsplit=1, flags=re.MULTILINE)[0].splitlines()


NAMES = """
import pytest
@pytest.mark.perf(users=2, duration="100ms", warmup="0s")
def test_it(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, label="::error::\\u202eowned\\u200b", budget={"p50": "1us"})
"""
COLOURS = {
    "--color=yes": (("--color=yes",), {}, True),
    "--color=no": (("--color=no",), {}, False),
    "NO_COLOR": ((), {"NO_COLOR": "1"}, False),
    "FORCE_COLOR": ((), {"FORCE_COLOR": "1"}, True),
    "neither": ((), {}, False),
}
"""Arguments and environment of a run, and whether its verdicts are coloured."""


@dataclass(frozen=True)
class Screens:
    """Runs of the tests above.

    Attributes:
        every: All of them in 80 columns.
        kept: Those that pass.
        quiet: One that passes, and the two of which -q has something to say, with -q.
        silent: The same with -qq.
        names: `NAMES`.
        coloured: One that passes, by the names of `COLOURS`.
    """

    every: PytestRun
    kept: PytestRun
    quiet: PytestRun
    silent: PytestRun
    names: PytestRun
    coloured: dict[str, PytestRun]


@pytest.fixture(scope="module")
def screens(project: MakeProject) -> Screens:
    """All runs of this module."""

    def run(*args: str, env: dict[str, str] | None = None) -> partial[PytestRun]:
        return partial(project({"test_it.py": TESTS}).run, "-m", "perf", *args, env=env, report=False)

    few = ("-k", "kept and 0 or unrecorded or invalid")
    every, kept, quiet, silent, names, *coloured = side_by_side(
        run(env={"COLUMNS": "80"}),
        run("-k", "kept"),
        run(*few, "-q", env={"COLUMNS": "240"}),
        run(*few, "-qq"),
        partial(project({"test_it.py": NAMES}).run, "-m", "perf", env={"COLUMNS": "60"}),
        *(run("-k", "kept and 0", *args, env=env) for args, env, _ in COLOURS.values()),
    )
    return Screens(every, kept, quiet, silent, names, dict(zip(COLOURS, coloured, strict=True)))


@pytest.fixture
def run(screens: Screens) -> PytestRun:
    """One run of all the tests above in 80 columns."""
    return screens.every


def test_ten_passing_tests_fit_in_fifteen_lines(screens: Screens) -> None:
    """A line each, below one header."""
    run = screens.kept
    assert "10 passed, 6 deselected" == run.summary
    assert len(section(run)) <= 15
    assert 10 == sum(line.startswith("PASS ") for line in section(run))
    assert section(run)[0].startswith("verdict ")


def test_an_endpoint_is_announced_once(run: PytestRun) -> None:
    """However many loads go there."""
    assert 1 == run.out.count("smload: load on staging")


def test_a_failure_prints_its_table_once(run: PytestRun) -> None:
    """The failure has it, the section a line; a breach that pytest does not print is told in the section."""
    assert re.search(TABLE_ROW, run.section("test_breached"))
    lines = section(run)
    assert 1 == sum("test_breached" in line for line in lines)
    expected = lines[lines.index("FAIL test_it.py::test_expected") :]
    assert any(re.match(rf"  {TABLE_ROW}", line) for line in expected)
    assert 2 == len(re.findall(TABLE_ROW, run.out)), run.out


def test_every_table_fits_the_terminal(run: PytestRun) -> None:
    """No line of the section is wider than the 80 columns asked for."""
    assert [] == [line for line in section(run) if len(line) > 80]
    rows = [line for line in run.section("test_breached").splitlines() if re.match(r"(verdict|FAIL|PASS)", line)]
    assert rows
    assert [] == [row for row in rows if len(row) > 80]


def test_the_cause_is_the_headline(run: PytestRun) -> None:
    """Where every request failed, the first line has the error, its message and its count."""
    first = run.section("test_broken").strip().splitlines()[0]
    assert re.match(r"all \d+ requests failed with ModelError: .*out of memory.*; error rate was 100%", first)


def test_q_keeps_what_must_not_be_missed(screens: Screens) -> None:
    """-q says nothing of loads that passed; a missing baseline and INVALID stay; -qq says nothing."""
    lines = section(screens.quiet)
    assert ["verdict", "PASS", "note:", "INVALID"] == [line.split()[0] for line in lines]
    assert "no baseline" in lines[2]
    assert "smload ==" not in screens.silent.out


@pytest.mark.parametrize("by", COLOURS)
def test_verdicts_are_coloured_as_pytest_colours(screens: Screens, by: str) -> None:
    """By --color, NO_COLOR and FORCE_COLOR; never where output is no terminal."""
    *_, coloured = COLOURS[by]
    run = screens.coloured[by]
    assert "1 passed" in run.summary
    assert coloured == ("\x1b[32mPASS\x1b[0m" in run.out)


def test_names_are_no_commands_and_hide_nothing(screens: Screens) -> None:
    """A label that GitHub's runner would obey, or that turns text round, is printed as plain text."""
    run = screens.names
    properties = "\n".join(f"{name}={value}" for name, value in run.properties("test_it"))
    texts = [run.out, properties + "\n" + run.junit()["test_it"][1], (run.folder / "report" / "report.md").read_text()]
    for text in texts:
        assert "owned" in text
        assert not re.search("[\u202a-\u202e\u200b-\u200f]", text)
        assert [] == [line for line in text.splitlines() if line.lstrip().startswith("::")]
