"""Writes samples as gzipped CSV."""

from __future__ import annotations

import csv
import gzip
import io
from math import isfinite
from typing import TYPE_CHECKING, BinaryIO, Final

from pytest_smload.exports.plain import encodable
from pytest_smload.exports.sample_columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.exports.recorded_load import RecordedLoad
    from pytest_smload.exports.sample_columns import SampleChunk

_LEVEL: Final = 3
"""Of gzip: a quarter of the time of its default for a tenth more bytes."""


class CsvSamples:
    """Rows of loads in one gzipped file, which it closes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zip = gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_LEVEL, mtime=0)
        self._zip.write((_cells(COLUMNS) + "\n").encode())

    def write(self, load: RecordedLoad, chunk: SampleChunk) -> None:
        """Append the rows of *chunk*."""
        about = _cells([encodable(load.test), str(load.attempt), encodable(load.load), load.role, load.endpoint])
        kinds, models, variants = (list(map(_cell, names.texts)) for names in (chunk.kind, chunk.model, chunk.variant))
        columns = (chunk.due, chunk.start, chunk.end, chunk.kind.codes, chunk.model.codes, chunk.variant.codes)
        facts = (*columns, chunk.worker, chunk.in_window)
        lines = [
            f"{about},{due:.6f},{_time(start)},{_time(end)},{kinds[kind]},{models[model]},{variants[variant]},"
            f"{worker},{'true' if inside else 'false'}\n"
            for due, start, end, kind, model, variant, worker, inside in zip(
                *(column.tolist() for column in facts), strict=True
            )
        ]
        self._zip.write("".join(lines).encode())

    def close(self) -> None:
        """Write what is left, and close the file."""
        try:
            self._zip.close()
        finally:
            self._file.close()


def _time(moment_s: float) -> str:
    return f"{moment_s:.6f}" if isfinite(moment_s) else ""


def _cell(text: str) -> str:
    # A row of one empty cell would be quoted: an empty line reads as no row.
    return _cells([text]) if text else ""


def _cells(texts: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
