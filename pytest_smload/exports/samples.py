"""The file of ``--smload-samples``: grows by each load, and is there, whole, once it is finished."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from pytest_smload.errors import ConfigurationError
from pytest_smload.exports.sample_columns import chunks
from pytest_smload.exports.samples_csv import CsvSamples
from pytest_smload.exports.samples_parquet import PACKAGE, ParquetSamples
from pytest_smload.files import WholeFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_smload.exports.recorded_load import RecordedLoad
    from pytest_smload.exports.sample_columns import SampleChunk

PARQUET: Final = ".parquet"
_OPTION: Final = "--smload-samples"


class SampleWriter(Protocol):
    """Writes rows in one format."""

    def write(self, load: RecordedLoad, chunk: SampleChunk) -> None:
        """Append the rows of *chunk*, of *load*."""

    def close(self) -> None:
        """Complete the file, and close it."""


FORMATS: Final[dict[str, Callable[[BinaryIO], SampleWriter]]] = {".csv.gz": CsvSamples, PARQUET: ParquetSamples}
"""By the ending of the file's name."""


class SamplesFile:
    """One file of samples.

    Attributes:
        path: Where it will be.
        rows: Written so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._whole = WholeFile(path, _OPTION, " or name another file")
        self._writer: SampleWriter | None = None

    def check(self) -> None:
        """Make sure that it can be written, before any load.

        Raises:
            ConfigurationError: of what format it is to be is not known, or what writes that is not installed.
            ReportError: its folder cannot be written.
        """
        ending = self._ending()
        if ending is None:
            raise ConfigurationError(
                f"{_OPTION}: {self.path.name} ends neither in {' nor in '.join(FORMATS)}; name it so"
            )
        if ending == PARQUET:
            try:
                import pyarrow.parquet  # noqa: F401
            except ImportError:
                raise ConfigurationError(
                    f"{_OPTION}: {self.path.name} needs {PACKAGE}, which is not installed: "
                    "pip install 'pytest-smload[parquet]', or name it .csv.gz"
                ) from None
        self._whole.try_folder()

    def add(self, load: RecordedLoad) -> None:
        """Append the samples of *load*.

        Raises:
            ReportError: they cannot be written.
        """
        with self._whole.explained():
            writer = self._open()
            for chunk in chunks(load):
                writer.write(load, chunk)
                self.rows += len(chunk)

    def finish(self) -> list[Path]:
        """Put the file in its place, one without rows where there was no load, and return it.

        Raises:
            ReportError: it cannot be written.
        """
        with self._whole.explained():
            writer, self._writer = self._open(), None
            writer.close()
            self._whole.partial.replace(self.path)
        return [self.path]

    def abandon(self) -> None:
        """Leave nothing of it."""
        writer, self._writer = self._writer, None
        if writer is not None:
            # What is wrong with it was said before, or is about to be.
            with suppress(Exception):
                writer.close()
        self._whole.partial.unlink(missing_ok=True)

    def _open(self) -> SampleWriter:
        if self._writer is None:
            self._whole.partial.parent.mkdir(parents=True, exist_ok=True)
            file = self._whole.partial.open("wb")
            try:
                self._writer = FORMATS[self._ending() or PARQUET](file)
            except BaseException:
                file.close()
                raise
        return self._writer

    def _ending(self) -> str | None:
        return next((ending for ending in FORMATS if self.path.name.endswith(ending)), None)
