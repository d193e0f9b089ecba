"""``smload report``, and what all commands say of input that is none."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import past_runs as past
import pytest

from pytest_smload import __version__
from pytest_smload.cli.command_line import main
from pytest_smload.cli.said import Said, write
from pytest_smload.core.results.result import OtherFailure
from pytest_smload.reports import registry
from pytest_smload.reports.markdown.report import run_markdown
from pytest_smload.reports.text.terminal import run_lines

if TYPE_CHECKING:
    from conftest import Smload

HOSTILE = "evil\x1b[31m\u202e\n::error::owned | `x` <script>\u2028 \ud800"
ROOT = Path(__file__).parents[2]


def test_report_is_what_pytest_ends_with(smload: Smload, tmp_path: Path) -> None:
    """The lines are those of pytest's summary, after the run's verdict and commit."""
    run = past.run(past.attempt(past.load()))
    past.write(tmp_path, run)
    answer = smload("report", tmp_path)
    assert (0, "") == (answer.code, answer.err)
    header, *lines = answer.out.splitlines()
    assert "PASS  started 2026-01-02T03:04:00+00:00, commit abc123" == header
    assert list(run_lines(run, 180)) == lines


@pytest.mark.parametrize(("option", "verbosity"), [("-v", 1), ("-q", -1)])
def test_report_tells_more_or_less(smload: Smload, tmp_path: Path, option: str, verbosity: int) -> None:
    """-v and -q are pytest's."""
    run = past.run(
        past.attempt(past.load()), past.attempt(past.load(client=past.client(valid=False)), nodeid="t.py::x")
    )
    answer = smload("report", option, past.write(tmp_path, run))
    assert list(run_lines(run, 180, verbosity=verbosity)) == answer.out.splitlines()[1:]


def test_report_names_what_failed_besides(smload: Smload, tmp_path: Path) -> None:
    """A test that failed for something other than its measurement is in the run's verdict, and said."""
    run = past.run(past.attempt(past.load()), failures=(OtherFailure("t.py::setup", "fixture 'x' not found"),))
    answer = smload("report", past.write(tmp_path, run))
    assert answer.out.startswith("FAIL  ")
    assert "t.py::setup failed besides its measurement: fixture 'x' not found" in answer.out


def test_markdown_is_report_md(smload: Smload, tmp_path: Path) -> None:
    """--markdown is the file pytest writes."""
    run = past.run(past.attempt(past.load()))
    answer = smload("report", past.write(tmp_path, run), "--markdown")
    assert run_markdown(run, report_dir=str(tmp_path)) == answer.out


def test_comment_is_a_shorter_report_md(smload: Smload, tmp_path: Path) -> None:
    """GitHub takes 65,536 characters of a comment; a thousand models are more."""
    models = {f"models-of-a-tenant/{number:04}.tar.gz": past.stats() for number in range(1000)}
    file = past.write(tmp_path, past.run(past.attempt(past.load(models=models))))
    assert len(smload("report", file, "--markdown").out) > 65_536
    answer = smload("report", file, "--comment")
    assert (0, "") == (answer.code, answer.err)
    assert len(answer.out) < 65_536
    assert answer.out.startswith("## smload: 1 PASS\n")


def test_page_is_drawn_by_the_registry(smload: Smload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--html writes what the report "html" makes of the run, to a file or into a folder."""
    page = registry.Report("report.html", lambda finished: f"<p>{finished.run.verdict} {finished.report_dir}</p>")
    monkeypatch.setitem(registry.REPORTS, "html", page)
    file = past.write(tmp_path / "in", past.run(past.attempt(past.load())))
    assert (0, f"wrote {tmp_path / 'page.html'}\n", "") == smload("report", file, "--html", tmp_path / "page.html")
    smload("report", file, "--html", tmp_path)
    written = [(tmp_path / name).read_text(encoding="utf-8") for name in ("page.html", "report.html")]
    assert [f"<p>pass {tmp_path / 'in'}</p>"] * 2 == written


def test_page_that_cannot_be_drawn_or_written(smload: Smload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so."""
    file = past.write(tmp_path, past.run(past.attempt(past.load())))
    monkeypatch.setitem(registry.REPORTS, "html", registry.Report("report.html", lambda _: ""))
    answer = smload("report", file, "--html", tmp_path / "report.json" / "page.html")
    assert (2, "") == (answer.code, answer.out)
    assert answer.err.startswith("smload: --html: cannot write ")
    assert 1 == answer.err.count("\n")
    lacking = registry.Report("report.html", lambda _: "", lambda: ["plotly"])
    monkeypatch.setitem(registry.REPORTS, "html", lacking)
    answer = smload("report", file, "--html", tmp_path / "x.html")
    assert (2, "smload: --html: the page needs plotly; pip install 'pytest-smload[report]'\n") == answer[::2]


BAD = {
    "missing": (None, "cannot read {}: No such file or directory"),
    "truncated": ('{"schema": 1, "tests": [', "{} is no report: it is not JSON: "),
    "newer": ('{"schema": 2}', "{} is of schema 2, and this version of pytest-smload reads schema 1; use the version"),
    "long schema": (json.dumps({"schema": "x" * 9999}), "{} is of schema 'xxxx"),
    "other": ("[1, 2]", "{} is no report of this version: "),
    "field": ('{"schema": 1, "started_at": 5}', "{} is no report of this version: started_at: "),
    "deep": ("[" * 200_000, "{} is no report: it is "),
    "binary": (b"\x00\xff\xfe", "{} is no report: it is not JSON: "),
    "empty": ("", "{} is no report: it is not JSON: "),
}


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"duration": "soon"}, "duration: 'soon' is not a duration"),
        ({"warmup": 5}, "warmup: 5 needs a unit"),
        ({"tps": "fast"}, "tps: 'fast' is no number"),
        ({"users": [1]}, "users: [1] is no number"),
        ({"stages": [{"tps": 5, "duration": "5s"}, 7]}, "stages.1.: 7 is no stage"),
        ({"stages": {"entries": "many", "first": {"duration": "5s"}}}, "stages.entries: 'many' is no number"),
    ],
    ids=["duration", "warmup", "tps", "users", "stage", "entries"],
)
def test_edited_profile_is_one_line(smload: Smload, tmp_path: Path, profile: dict[str, Any], said: str) -> None:
    """What a load was asked for is in every report's first line."""
    file = past.write(tmp_path, past.run(past.attempt(past.load(profile={**past.PROFILE, **profile}))))
    answer = smload("report", file)
    assert (2, "", 1) == (answer.code, answer.out, answer.err.count("\n"))
    assert f"is no report of this version: profile of {past.NODEID}: {said}" in answer.err


@pytest.mark.parametrize("content", BAD)
@pytest.mark.parametrize("command", ["report", "compare", "merge", "history"])
def test_no_report_is_one_line(smload: Smload, tmp_path: Path, command: str, content: str) -> None:
    """Whatever is wrong with a report is said in one line on standard error, with exit code 2."""
    text, expected = BAD[content]
    file = tmp_path / "bad" / "report.json"
    file.parent.mkdir()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    good = past.write(tmp_path / "good", past.run(past.attempt(past.load())))
    besides = {"compare": [good], "merge": [good, "-o", tmp_path / "out"]}
    answer = smload(command, file, *besides.get(command, []))
    assert (2, "") == (answer.code, answer.out)
    assert answer.err.startswith(f"smload: {expected.format(file)}")
    assert 1 == answer.err.count("\n")
    assert not (tmp_path / "out").exists()


def test_folder_without_a_report(smload: Smload, tmp_path: Path) -> None:
    """A folder is said to hold none."""
    answer = smload("report", tmp_path)
    assert (
        f"smload: {tmp_path} holds no report.json; give a folder that pytest --smload-report DIR wrote, or a file\n"
        == answer.err
    )
    assert 2 == answer.code


@pytest.mark.parametrize("command", ["report", "history"])
def test_unreadable_report(smload: Smload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A file without permission is said to be one; root, who may run this, reads everything."""
    file = past.write(tmp_path, past.run(past.attempt(past.load())))

    def refused(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert (2, "", f"smload: cannot read {file}: Permission denied\n") == smload(command, file)


def test_full_disk_is_one_line(smload: Smload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is said, with exit code 2."""
    file = past.write(tmp_path, past.run(past.attempt(past.load())))

    def full(_: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys.stdout, "write", full)
    answer = smload("report", file)
    assert (2, "smload: cannot read or write: [Errno 28] No space left on device\n") == (answer.code, answer.err)


@pytest.mark.parametrize("form", [[], ["-v"], ["--markdown"]])
@pytest.mark.parametrize("command", ["report", "compare", "history"])
def test_hostile_text_is_text(smload: Smload, tmp_path: Path, command: str, form: list[str]) -> None:
    """Control, bidi and surrogate characters are gone, and no line is a command to GitHub's runner."""
    load = past.load(
        label=HOSTILE,
        endpoint=replace(past.STAGING, name=HOSTILE),
        profile={**past.PROFILE, "payload": HOSTILE},
        errors=5,
        examples={"ModelError": HOSTILE},
        notes=(HOSTILE,),
    )
    changed = replace(load, profile={**load.profile, "payload": f"{HOSTILE} 2"})
    for name, each in (("a", load), ("b", changed)):
        document = past.run(past.attempt(each, nodeid=f"t.py::{HOSTILE}"), commit=HOSTILE, branch=HOSTILE)
        (tmp_path / name).mkdir()
        text = json.dumps(past.record(document))  # escaped, as JSON may have a surrogate
        (tmp_path / name / "report.json").write_text(text, encoding="utf-8")
    given = {"report": [tmp_path / "a"], "compare": [tmp_path / "a", tmp_path / "b", "--fail-on", "p95 +10%"]}
    form = [each for each in form if command == "report" or each != "-v"]
    answer = smload(command, *given.get(command, [tmp_path]), *form)
    assert (answer.code, answer.err) in ((0, ""), (1, ""))
    assert "owned" in answer.out
    assert not set(answer.out) & set("\x1b\u202e\u2028\ud800\r")
    assert not any(line.lstrip().startswith("::") for line in answer.out.splitlines())
    if form == ["--markdown"]:
        assert not [
            line
            for line in answer.out.splitlines()
            if "<script>" in line and r"\<script>" not in line and "`" not in line
        ]


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts are coloured on a terminal, and neither elsewhere nor under NO_COLOR or TERM=dumb."""
    said = Said(["PASS  a", "a  FAIL  b", "PASSED"])
    plain, coloured = "PASS  a\na  FAIL  b\nPASSED\n", "\x1b[32mPASS\x1b[0m  a\na  \x1b[31mFAIL\x1b[0m  b\nPASSED\n"
    monkeypatch.setenv("TERM", "xterm")
    write(said)
    assert plain == capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    write(said)
    assert coloured == capsys.readouterr().out
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            write(said)
        assert plain == capsys.readouterr().out


@pytest.mark.parametrize(
    "command", [[], ["report"], ["compare"], ["merge"], ["history"], ["baselines"], ["baselines", "prune"]]
)
@pytest.mark.parametrize("columns", [64, 120])
def test_help_says_how(
    command: list[str], columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command explains itself, within the terminal's columns; what stands in columns goes on below itself."""
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    out = capsys.readouterr().out
    assert 0 == ended.value.code
    assert out.startswith(f"usage: {' '.join(['smload', *command])}")
    assert max(map(len, out.splitlines())) <= columns
    if command == ["compare"] and columns == 64:
        assert "  undecided  all else: no interval, not compared, no partner,\n             asked for otherwise," in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version is the package's."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (0, f"pytest-smload {__version__}\n") == (ended.value.code, capsys.readouterr().out)


def _run(*arguments: str | Path, **changes: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | changes
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "pytest_smload", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_closed_pipe_is_quiet(tmp_path: Path) -> None:
    """Who reads the first line and leaves, as head does, is told nothing."""
    tests = [past.attempt(past.load(timeline=()), nodeid=f"t.py::test_{number}") for number in range(300)]
    with _run("report", "-v", past.write(tmp_path, past.run(*tests))) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("PASS")
        process.stdout.close()
        assert "" == process.stderr.read()
        assert 0 == process.wait(60)


@pytest.mark.parametrize("closed", ["1", "2"])
def test_closed_stream_keeps_the_exit_code(tmp_path: Path, closed: str) -> None:
    """Where standard output or error is closed, a mistake is 2, never the 1 of a demand that is not kept."""
    place = past.write(tmp_path, past.run(past.attempt(past.load()))) if closed == "1" else tmp_path / "none"
    script = f'exec {closed}>&-; exec "$0" -m pytest_smload report "$1"'
    done = subprocess.run(["sh", "-c", script, sys.executable, place], capture_output=True, text=True, check=False)
    said = "smload: cannot read or write: [Errno 9] Bad file descriptor\n" if closed == "1" else ""
    assert (2, "", said) == (done.returncode, done.stdout, done.stderr)


def test_ascii_stream_is_written_to(tmp_path: Path) -> None:
    """A character the stream has no code for is written as Python would write it."""
    file = past.write(tmp_path, past.run(past.attempt(past.load(), nodeid="t.py::test_\u00e4")))
    with _run("report", file, PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0") as process:
        out, err = process.communicate(timeout=60)
    assert (0, "") == (process.returncode, err)
    assert r"test_\xe4" in out
