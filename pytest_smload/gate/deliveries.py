"""Sends a finished run's figures and reports where they are to go, once, and says in a line each what came of it."""

from __future__ import annotations

import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.aws.report_place import ReportPlace
from pytest_smload.core.wording import some
from pytest_smload.errors import ReportError
from pytest_smload.gate.exports import openmetrics_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_smload.core.results.result import RunResult
    from pytest_smload.gate.exports import Left
    from pytest_smload.reports.registry import Written

_WARNING = "smload: warning: "


def deliver(
    run: RunResult, left: Left, reports: Sequence[Path], write_reports: Callable[[Path], Written]
) -> Iterator[str]:
    """Yield a line on each thing done, or why it was not; none of it changes the verdict of the run.

    Args:
        left: What the process that measured left to do.
        reports: Written already.
        write_reports: Writes the reports into the folder it is given.
    """
    files = [Path(name) for name in left["files"]]
    yield from (_WARNING + line for line in left["warnings"])
    if left["openmetrics"] is not None:
        yield from _attempted(
            "--smload-openmetrics", lambda: _write_openmetrics(run, Path(str(left["openmetrics"])), files)
        )
    if files:
        yield f"smload: wrote {files[0]}" + "".join(f", {_beside(path, files[0])}" for path in files[1:])
    if left["otel"]:
        yield from _attempted("--smload-otel", lambda: _send_metrics(run))
    if left["places"]:
        places = [ReportPlace(**place) for place in left["places"]]
        yield from _attempted("report_to", lambda: _upload(run, places, reports, files, write_reports))


def _beside(path: Path, first: Path) -> str:
    """*path* by its name alone where it is in the folder of *first*."""
    return path.name if path.parent == first.parent else str(path)


def _attempted(what: str, deed: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Yield the lines of *deed*, and in one why it failed: the run is over and judged, whatever becomes of it."""
    try:
        yield from deed()
    except KeyboardInterrupt:
        yield f"{_WARNING}interrupted while reports were written and sent"
    except Exception as error:
        yield _WARNING + (str(error) if isinstance(error, ReportError) else f"{what} failed: {error!r}")


def _write_openmetrics(run: RunResult, path: Path, files: list[Path]) -> Iterable[str]:
    from pytest_smload.exports.openmetrics import openmetrics

    openmetrics_file(path).write(openmetrics(run))
    files.append(path)
    return ()


def _send_metrics(run: RunResult) -> Iterable[str]:
    from pytest_smload.exports.otel import collector, send_metrics

    if not send_metrics(run, now_ns=time.time_ns()):
        return [f"{_WARNING}metrics were not sent: OTEL_SDK_DISABLED says so"]
    return [f"smload: sent metrics to {collector()}"]


def _upload(
    run: RunResult,
    places: Sequence[ReportPlace],
    reports: Sequence[Path],
    files: Sequence[Path],
    write_reports: Callable[[Path], Written],
) -> Iterator[str]:
    """Upload the reports, made for this where they are nowhere yet, and *files* to each of *places*."""
    from pytest_smload.aws.report_upload import upload
    from pytest_smload.core.results.run_folder import run_folder

    folder = run_folder(run, secrets.token_hex(3))
    with tempfile.TemporaryDirectory(prefix="smload-") as made:
        drawn = list(reports)
        if not drawn:
            drawn, problems, _ = write_reports(Path(made))
            yield from (_WARNING + problem for problem in problems)
        every = [*drawn, *files]
        for place in places:
            try:
                url = upload(every, place, folder)
            except ReportError as error:
                yield f"{_WARNING}{error}"
            else:
                yield f"smload: uploaded {some([path.name for path in every])} to {url}"
