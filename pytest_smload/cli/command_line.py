"""Reads the arguments of ``smload``, has its command answer, and says mistakes in one line each."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.errors import ConfigurationError, SmloadError
from pytest_smload.version import __version__

if TYPE_CHECKING:
    from pytest_smload.cli.said import Said

_REFUSED = 2
_INTERRUPTED = 130
_EXIT_CODES = """
exit codes: 0 done; 1 a demand of compare --fail-on is broken or undecided; 2 something cannot be read or written."""
_ALL = "Reports, comparisons, merges and histories of runs of pytest-smload, from their report.json."
_EPILOG = f"""
examples:
  smload report smload-report                      the run's tables, as pytest ends with them
  smload report smload-report --markdown
  smload compare before/ after/ --fail-on "p95 +10%"
  smload merge leg-1/ leg-2/ -o smload-report/
  smload history s3://bucket/smload
  smload baselines list
{_EXIT_CODES}"""
_REPORT = """
Draws a run from its report.json: as pytest ends with it (-v: every table, -q: only what must be known), as markdown,
or as a page."""
_COMPARE = """
Compares runs with the first one, load by load: matched by test id and label, of the last attempt of each test.

A ratio has an interval where the records carry one: percentiles, TPS and the error rate of loads of 20 s or more; what
has a limit or a regression budget in both runs, a mean as well, has a narrower one, and from less. It holds both runs'
sampling and the noise between runs. What differs in profile, endpoint, hosting, transport and version is named. A load
that is INVALID, interrupted, simulated or ended early is not compared.

--fail-on "METRIC CHANGE", repeatable, is a regression budget: METRIC is one of p50, p90, p95, p99, p99_9, mean, tps and
error_rate; CHANGE is the most it may be worse by: "p95 +10%", "p95 +10% floor 5ms" (so much is allowed in any case),
"tps -5%", "error_rate +0.5%" (of requests). It is held against the whole of every load of A:
  kept       shown by the interval
  broken     worse by more than that, and shown to be worse
  undecided  all else: no interval, not compared, no partner, asked for otherwise, failures, a slow client; says why
Broken and undecided ones make the exit code 1: what is not shown to be kept does not pass. With --allow-undecided one
passes whose intervals reach over the budget; what was not compared, or has no interval, still does not."""
_MERGE = """
Writes the reports of a CI matrix as one. Its verdict is the worst of theirs. A test that is in several of them stays a
test of each, TEST @ REPORT, named by what tells the paths apart."""
_HISTORY = """
Follows p95, TPS, errors and cost of each load over the runs of every report.json below a folder or an S3 prefix, in
order of time; loads of another endpoint or profile are another series. Credentials and region come from boto3's own
chain. Shifts of level are named: 4 runs or more whose ranks stand out from the others as in 0.5 % of random orders, by
5 % or more (errors: 0.2 % of requests), among the latest 200. Runs that are INVALID, interrupted or ended early are
shown and count in none. A report that cannot be read is named, and makes the exit code 2."""
_BASELINES = """
What pytest --smload-update-baselines recorded in .smload/baselines, in this folder or the nearest above it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments*, those of the process by default, ask for, and return the exit code."""
    asked = parser().parse_args(arguments)
    from pytest_smload.cli.said import close_quietly, complain, write

    code = 0
    try:
        said = _answer(asked)
        code = said.exit_code
        return write(said)
    except BrokenPipeError:
        close_quietly()
        return code
    except SmloadError as error:
        for problem in error.problems if isinstance(error, ConfigurationError) else [str(error)]:
            complain(problem)
    except OSError as error:
        complain(f"cannot read or write: {error}")
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _REFUSED


def _answer(asked: argparse.Namespace) -> Said:
    module: str = asked.command
    command: Callable[[argparse.Namespace], Said] = getattr(import_module(f"pytest_smload.cli.{module}"), module)
    return command(asked)


def parser() -> argparse.ArgumentParser:
    parser = _described(argparse.ArgumentParser(prog="smload", allow_abbrev=False), _ALL, _EPILOG)
    parser.add_argument("--version", action="version", version=f"pytest-smload {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, line, text, adds in (
        ("report", "the tables of a run, as text, markdown or a page", _REPORT, _add_report),
        ("compare", "runs held against an earlier one, with intervals", _COMPARE, _add_compare),
        ("merge", "the reports of a CI matrix as one", _MERGE, _add_merge),
        ("history", "figures over many runs, and where their level shifted", _HISTORY, _add_history),
        ("baselines", "what is recorded in .smload/baselines", _BASELINES, _add_baselines),
    ):
        adds(_described(commands.add_parser(name, help=line, allow_abbrev=False), text, _EXIT_CODES))
    return parser


def _described(parser: argparse.ArgumentParser, text: str, epilog: str) -> argparse.ArgumentParser:
    parser.formatter_class = _Paragraphs
    parser.description, parser.epilog = text.strip(), epilog.strip()
    return parser


class _Paragraphs(argparse.HelpFormatter):
    """Lays text out for the terminal's width; lines that are indented stay lines, and go on below themselves."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = []
        for line in _unwrapped(text):
            begun = re.match(r" +(?:\S+ )*?\S+ {2,}| *", line)
            below = " " * (begun.end() if begun is not None else 0)
            filled.append(textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent + below))
        return "\n".join(filled)


def _unwrapped(text: str) -> Iterator[str]:
    """Yield the paragraphs of *text*, the empty lines between them, and each line that is indented."""
    held: list[str] = []
    for line in text.splitlines():
        if line and not line.startswith(" "):
            held.append(line)
            continue
        if held:
            yield " ".join(held)
            held = []
        yield line
    if held:
        yield " ".join(held)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a report.json, or the folder that holds it")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="write report.md to standard output")
    form.add_argument("--comment", action="store_true", help="the same, short enough for a pull request's comment")
    form.add_argument("--html", metavar="OUT", help="write the page to this file, or into this folder")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="every test with its tables")
    parser.add_argument("-q", "--quiet", action="count", default=0, help="only what must be known")


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", metavar="A", help="the report the others are held against: a file or its folder")
    parser.add_argument("others", metavar="B", nargs="+", help="reports to compare with it")
    parser.add_argument(
        "--fail-on", metavar="DEMAND", action="append", default=[], help="exit with 1 unless this is kept; see above"
    )
    parser.add_argument(
        "--allow-undecided", action="store_true", help="pass where all that is missing is more requests; see above"
    )
    parser.add_argument("--markdown", action="store_true", help="for a pull request's comment")
    parser.add_argument("--html", metavar="OUT", help="write the comparison as a page into this file or folder, too")


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="reports, or the folders that hold them")
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help="the file to write, or a folder for it")


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="DIR|s3://BUCKET/PREFIX", help="where the reports are, at any depth")
    parser.add_argument("--test", metavar="TEXT", help="only loads with this in their test's id or label")
    parser.add_argument("--last", metavar="N", type=int, default=20, help="runs shown of each load (default: 20)")
    parser.add_argument("--markdown", action="store_true", help="as markdown")
    parser.add_argument("--html", metavar="OUT", help="write a page into this file or folder, too: every run in charts")


def _add_baselines(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", metavar="DIR", type=Path, help="the folder of smload.toml, instead of the nearest")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="a line for each recorded load")
    show = actions.add_parser("show", help="the recorded runs of a test, and the facts that make runs comparable")
    show.add_argument("test", metavar="TEST", help="its id, a part of it, or the name of its file")
    prune = actions.add_parser("prune", help="remove baselines of test files that do not exist")
    prune.add_argument("--older-than", metavar="DAYS", type=int, help="those last recorded so many days ago, too")
    prune.add_argument("--dry-run", action="store_true", help="only say what would be removed")
