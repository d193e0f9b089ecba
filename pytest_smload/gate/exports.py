"""Keeps what other tools read of a run's loads, in the process that measures, and says what is to be sent where."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from pytest_smload.core.baselines.runs import load_key
from pytest_smload.core.quoting import quoted
from pytest_smload.errors import ConfigurationError, ReportError
from pytest_smload.exports.recorded_load import RecordedLoad
from pytest_smload.files import WholeFile
from pytest_smload.options import OTEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smload.aws.report_place import ReportPlace
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.exports.recorded_load import Role
    from pytest_smload.gate.perf_run import PerfRun
    from pytest_smload.settings.sources import Overrides
    from pytest_smload.settings.tables import FileSettings

CSV, SAMPLES, OPENMETRICS = "csv", "samples", "openmetrics"


class Left(TypedDict):
    """What the process that measures leaves to the one that reports, under xdist another; plain values only.

    Attributes:
        files: Written, absolute.
        warnings: Why others were not, a line each.
        openmetrics: Where the figures go as text, or None.
        otel: Whether they go to a collector.
        places: `ReportPlace` of each place that reports go to.
    """

    files: list[str]
    warnings: list[str]
    openmetrics: str | None
    otel: bool
    places: list[dict[str, Any]]


class _Sink(Protocol):
    """Files that loads are added to."""

    def check(self) -> None: ...
    def add(self, load: RecordedLoad) -> None: ...
    def finish(self) -> list[Path]: ...
    def abandon(self) -> None: ...


class Exports:
    """The files of ``--smload-csv`` and ``--smload-samples``, and where else the run's figures go.

    Args:
        folder: What relative paths are relative to.
    """

    def __init__(self, overrides: Overrides, folder: Path) -> None:
        self._overrides = overrides
        self._folder = folder
        self._sinks: dict[str, _Sink] = {}
        self._warnings: list[str] = []
        self._occurrences: Counter[tuple[str, int, Role, str | None]] = Counter()
        self._openmetrics: Path | None = None
        self._otel = False
        self._places: dict[ReportPlace, None] = {}

    def check(self, files: Sequence[FileSettings]) -> None:
        """Make sure that all of it can be written and sent, before any load.

        Args:
            files: The settings files of the tests that run.

        Raises:
            ConfigurationError, ReportError: it cannot be, in one line.
        """
        if (prefix := self._overrides.text(CSV)) is not None:
            from pytest_smload.exports.locust_csv import LocustCsv

            if prefix.endswith("/") or Path(prefix).name in ("", ".."):
                within = prefix.rstrip("/") + "/load"
                raise ConfigurationError(
                    f"--smload-csv: {quoted(prefix)} is a folder; give what names begin with, like {quoted(within)}"
                )
            self._sinks["--smload-csv"] = LocustCsv(self._folder / prefix)
        if (name := self._overrides.text(SAMPLES)) is not None:
            from pytest_smload.exports.samples import SamplesFile

            self._sinks["--smload-samples"] = SamplesFile(self._folder / name)
        for sink in self._sinks.values():
            sink.check()
        if (name := self._overrides.text(OPENMETRICS)) is not None:
            self._openmetrics = self._folder / name
            openmetrics_file(self._openmetrics).try_folder()
        asked = self._overrides.otel
        self._otel = any(file.otel for file in files) if asked is None else asked
        if self._otel:
            from pytest_smload.exports.otel import check_otel

            source = next((f"{file.label}: otel" for file in files if file.otel), "")
            check_otel(source if asked is None else self._overrides.source(OTEL.name))
        places = self._overrides.report_to
        if places is None:
            places = [file.report_to for file in files if file.report_to is not None]
        self._places = dict.fromkeys(places)

    @contextmanager
    def hearing(self, run: PerfRun, request: LoadRequest, role: Role) -> Iterator[LoadRequest]:
        """Give *request* as it is to be conducted, and keep what was recorded once that is over, however it ended."""
        if not self._sinks:
            yield request
            return
        heard: list[tuple[Role, str, Recording]] = []

        def on_judged(judged: Assessment) -> None:
            heard.append((role, request.target.endpoint_name, judged.recording))
            if request.heard is not None:
                request.heard(judged)

        def on_control(recording: Recording) -> None:
            control = request.control
            heard.append(("control", control.target.endpoint_name if control is not None else "", recording))

        try:
            yield replace(request, heard=on_judged, heard_beside=on_control)
        finally:
            load = self._key(run, request.label, role) if heard else ""
            for each, endpoint, recording in heard:
                self._add(
                    RecordedLoad(
                        test=run.nodeid,
                        attempt=run.attempt,
                        load=load,
                        role=each,
                        endpoint=endpoint,
                        recording=recording,
                        users=request.profile.users,
                    )
                )

    def finish(self) -> Left:
        """Put the files in their places, and return what is left to do."""
        written: list[Path] = []
        for option, sink in self._sinks.items():
            try:
                written += sink.finish()
            except Exception as error:
                sink.abandon()
                self._warnings.append(_said(error, option))
        self._sinks.clear()
        return Left(
            files=[str(path.absolute()) for path in written],
            warnings=self._warnings,
            openmetrics=str(self._openmetrics) if self._openmetrics is not None else None,
            otel=self._otel,
            places=[asdict(place) for place in self._places],
        )

    def close(self) -> None:
        """Leave nothing of files that were not finished."""
        for sink in self._sinks.values():
            sink.abandon()
        self._sinks.clear()

    def _key(self, run: PerfRun, label: str | None, role: Role) -> str:
        place = (run.nodeid, run.attempt, role, label)
        self._occurrences[place] += 1
        number = self._occurrences[place]
        if role == "probe":
            return " ".join(filter(None, (label, f"probe {number}")))
        return load_key(label, number)

    def _add(self, load: RecordedLoad) -> None:
        """Add *load* to every file; one that fails is given up, and said once."""
        for option, sink in list(self._sinks.items()):
            try:
                sink.add(load)
            except Exception as error:  # whatever befalls a file, the load was measured
                del self._sinks[option]
                sink.abandon()
                self._warnings.append(f"{_said(error, option)}; nothing of it is kept")


def _said(error: Exception, option: str) -> str:
    return str(error) if isinstance(error, ReportError) else f"{option} failed: {error!r}"


def openmetrics_file(path: Path) -> WholeFile:
    """Return the file of ``--smload-openmetrics``."""
    return WholeFile(path, "--smload-openmetrics", " or name another file")
