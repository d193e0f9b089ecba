"""README.md agrees with the code: its first test and its example work, its output is theirs, its commands exist."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
from pages import DOCS, PAGES, README, ROOT

from pytest_smload.options import OPTIONS, SWITCHES
from pytest_smload.settings.file import SettingsFiles

FLAGS = {option.flag for option in (*OPTIONS, *SWITCHES)} | {"--smload"}
blocks = README.sources


@pytest.mark.parametrize("source", blocks("python"))
def test_python_blocks_compile(source: str) -> None:
    """Each is a file, or the part of one."""
    ast.parse(source)


def test_it_is_read_in_five_minutes() -> None:
    """How to install it into one's own project and a start there come first; what has a page of its own is a link."""
    first = ["pytest-smload", "Installation", "Five minutes", "How to read a failure"]
    assert [*first, "An example", "Where everything is", "Limitations"] == README.headings
    assert len(README.text.splitlines()) <= 220


def test_every_page_is_linked() -> None:
    """Nothing of docs is found by the index alone."""
    linked = {(README.path.parent / link).resolve() for link in README.links if link.startswith("docs/")}
    assert {path.resolve() for path in DOCS.rglob("*.md")} == linked


def test_how_to_read_a_failure_is_said_once() -> None:
    """The page of that name begins with the same words."""
    links = re.compile(r"\]\([^)]+\)")
    page = PAGES["how-to/read-a-failure.md"].text
    said = README.section("How to read a failure").strip()
    assert links.sub("]", said) == links.sub("]", page).partition("\n\n## ")[0].partition("\n\n")[2].strip()


def test_shown_test_is_the_example() -> None:
    """The example shown is the file of that name, without its docstring."""
    (block,) = [block for block in blocks("python") if block.startswith("# examples/")]
    name, _, shown = block.partition("\n")
    file = (ROOT / name.removeprefix("# ")).read_text(encoding="utf-8")
    assert file.partition('"""\n\n')[2] == shown


def test_shown_output_is_of_the_shown_test() -> None:
    """One run fails and one passes, both of the example shown, by options that exist."""
    failing, passing = [block for block in blocks("console") if "examples/" in block.partition("\n")[0]]
    for output in (failing, passing):
        command = shlex.split(output.partition("\n")[0].removeprefix("$ "))
        assert command[:4] == ["pytest", "-m", "perf", "examples/test_weighted_multi_model.py"]
        assert {word for word in command if word.startswith("--")} <= FLAGS
    assert re.search(r"^FAIL +xgboost-1.tar.gz +p95 +<= 1 s", failing, re.MULTILINE)
    assert re.search(r"^=+ 1 failed in [\d.]+s =+$", failing, re.MULTILINE)
    assert re.search(r"^FAIL +test_weighted_traffic ", failing, re.MULTILINE)
    assert re.search(r"^PASS +test_weighted_traffic ", passing, re.MULTILINE)
    assert re.search(r"^=+ 1 passed in [\d.]+s =+$", passing, re.MULTILINE)


def test_set_up_lines_are_the_promised_ones() -> None:
    """Two lines, copied from here, do everything on a machine with only python3."""
    venv = "python3 -m venv .venv && .venv/bin/pip install -e"
    lines = [block.strip() for block in blocks("shell")]
    assert f"{venv} '.[emulator]' && .venv/bin/pytest -m perf examples" in lines
    assert f"{venv} '.[test]' && .venv/bin/pytest -n 2 --dist loadfile" in lines


def test_settings_block_is_a_settings_file(tmp_path: Path) -> None:
    """The smload.toml shown is read without a complaint."""
    (block,) = blocks("toml")
    (tmp_path / "smload.toml").write_text(block)
    settings = SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py")
    assert settings is not None
    assert ["staging"] == list(settings.endpoints)


def test_commands_use_files_that_exist() -> None:
    """What is named in commands is there."""
    for path in re.findall(r"(?:benchmarks|examples)/[\w./-]+\w", "\n".join(blocks("shell"))):
        assert (ROOT / path).exists(), path


def test_the_starts_test_is_a_perf_test(pytester: pytest.Pytester) -> None:
    """The first test shown is collected without a complaint, and skipped by a plain pytest."""
    source = blocks("python")[0]
    assert source.startswith("# tests/perf/test_first.py\n")
    pytester.makepyfile(test_first=source)
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)
