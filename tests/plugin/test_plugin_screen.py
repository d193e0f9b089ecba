"""What a run with loads prints: little by default, all of it on -v, and with -q what must not be missed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

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


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """One run of all the tests above in 80 columns."""
    return project({"test_it.py": TESTS}).run("-m", "perf", env={"COLUMNS": "80"}, report=False)


def test_ten_passing_tests_fit_in_fifteen_lines(project: MakeProject) -> None:
    """A line each, below one header."""
    run = project({"test_it.py": TESTS}).run("-m", "perf", "-k", "kept", report=False)
    assert "10 passed, 6 deselected" == run.summary
    assert len(section(run)) <= 15
    assert 10 == sum(line.startswith("PASS ") for line in section(run))


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


def test_q_keeps_what_must_not_be_missed(project: MakeProject) -> None:
    """-q says nothing of loads that passed; a missing baseline and INVALID stay; -qq says nothing."""
    made = project({"test_it.py": TESTS})
    choice = ("-m", "perf", "-k", "kept or unrecorded or invalid")
    lines = section(made.run(*choice, "-q", env={"COLUMNS": "240"}, report=False))
    assert ["verdict", "PASS", "note:", "INVALID"] == [line.split()[0] for line in lines]
    assert "no baseline" in lines[2]
    assert "smload ==" not in made.run(*choice, "-qq", report=False).out


@pytest.mark.parametrize(
    ("args", "env", "coloured"),
    [
        (("--color=yes",), {}, True),
        (("--color=no",), {}, False),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {}, False),
    ],
)
def test_verdicts_are_coloured_as_pytest_colours(
    project: MakeProject, args: tuple[str, ...], env: dict[str, str], coloured: bool
) -> None:
    """By --color, NO_COLOR and FORCE_COLOR; never where output is no terminal."""
    run = project({"test_it.py": TESTS}).run("-m", "perf", "-k", "kept and 0", *args, env=env, report=False)
    assert coloured == ("\x1b[32mPASS\x1b[0m" in run.out)


def test_names_are_no_commands_and_hide_nothing(project: MakeProject) -> None:
    """A label that GitHub's runner would obey, or that turns text round, is printed as plain text."""
    test = """
    import pytest
    @pytest.mark.perf(users=2, duration="100ms", warmup="0s")
    def test_it(sm_endpoint, load_profile):
        sm_endpoint.load(load_profile, label="::error::\\u202eowned\\u200b", budget={"p50": "1us"})
    """
    run = project({"test_it.py": test}).run("-m", "perf", env={"COLUMNS": "60"})
    properties = "\n".join(f"{name}={value}" for name, value in run.properties("test_it"))
    texts = [run.out, properties + "\n" + run.junit()["test_it"][1], (run.folder / "report" / "report.md").read_text()]
    for text in texts:
        assert "owned" in text
        assert not re.search("[\u202a-\u202e\u200b-\u200f]", text)
        assert [] == [line for line in text.splitlines() if line.lstrip().startswith("::")]
