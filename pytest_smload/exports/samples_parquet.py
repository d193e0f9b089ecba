"""Writes samples as Parquet; the only importer of pyarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from pytest_smload.exports.plain import encodable
from pytest_smload.exports.sample_columns import COLUMNS

if TYPE_CHECKING:
    from pytest_smload.exports.recorded_load import RecordedLoad
    from pytest_smload.exports.sample_columns import Names, SampleChunk

PACKAGE: Final = "pyarrow"


class ParquetSamples:
    """Rows of loads in one Parquet file, a row group per chunk, which it closes."""

    def __init__(self, file: BinaryIO) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        text = pa.dictionary(pa.int32(), pa.string())
        number, moment = pa.uint16(), pa.float64()
        kinds = [text, number, text, text, text, moment, moment, moment, text, text, text, number, pa.bool_()]
        self._file = file
        self._schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
        self._writer: Any = ParquetWriter(file, self._schema, compression="zstd")

    def write(self, load: RecordedLoad, chunk: SampleChunk) -> None:
        """Append the rows of *chunk*."""
        import pyarrow as pa

        def same(text: str) -> Any:
            codes = pa.array(np.zeros(len(chunk), np.int32))
            return pa.DictionaryArray.from_arrays(codes, pa.array([encodable(text)], pa.string()))

        def named(names: Names) -> Any:
            return pa.DictionaryArray.from_arrays(
                pa.array(names.codes.astype(np.int32)), pa.array(names.texts, pa.string())
            )

        columns = [
            same(load.test),
            pa.array(np.full(len(chunk), load.attempt, np.uint16)),
            *(same(text) for text in (load.load, load.role, load.endpoint)),
            # NaN is what was never sent: null.
            *(pa.array(moments, from_pandas=True) for moments in (chunk.due, chunk.start, chunk.end)),
            *(named(names) for names in (chunk.kind, chunk.model, chunk.variant)),
            pa.array(chunk.worker.astype(np.uint16)),
            pa.array(chunk.in_window),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        """Write the footer, without which it cannot be read, and close the file."""
        try:
            self._writer.close()
        finally:
            self._file.close()
