"""Raw samples: what the file has of each request, as pandas and Polars read it back."""

from __future__ import annotations

import gzip
import sys
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from recorded_loads import EPOCH_S

from pytest_smload.errors import ConfigurationError, ReportError
from pytest_smload.exports.sample_columns import COLUMNS, chunks
from pytest_smload.exports.samples import FORMATS, SamplesFile

if TYPE_CHECKING:
    from pathlib import Path

    from recorded_loads import Loads

    from pytest_smload.exports.recorded_load import RecordedLoad

in_every_format = pytest.mark.parametrize("ending", FORMATS)


def written(path: Path, *loads: RecordedLoad) -> Path:
    """The file of *loads*."""
    if path.name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow, which writes Parquet, is not installed")
    file = SamplesFile(path)
    file.check()
    for load in loads:
        file.add(load)
    assert [path] == file.finish()
    assert [path] == list(path.parent.iterdir())
    return path


def by_pandas(path: Path) -> Any:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    return pandas.read_parquet(path) if path.suffix == ".parquet" else pandas.read_csv(path)


@in_every_format
def test_pandas_reads_what_was_recorded(tmp_path: Path, loads: Loads, ending: str) -> None:
    """Times are seconds since 1970, warm-up is told from window, and what was never sent has only a due time."""
    table = by_pandas(written(tmp_path / f"samples{ending}", loads()))
    assert list(COLUMNS) == list(table.columns)
    assert [99.0, 100.0, 100.5, 101.5, 102.0, 103.75, 103.0] == [due - EPOCH_S for due in table["due"]]
    assert [False, *[True] * 6] == list(table["in_window"])
    assert ["ModelError", "ok", "ModelError", "ok", "ok", "Timeout", "Unsent"] == list(table["kind"])
    assert ["b", "a", "b", "b", "a", "a", "c"] == [name[0] for name in table["model"]]
    assert [False] * 6 + [True] == list(table["start"].isna()) == list(table["end"].isna())
    assert [500.0, 250.0, 125.0] == list(((table["end"] - table["due"]) * 1000)[table["kind"] == "ok"])
    assert ({"test_a.py::test_peak"}, {1}, {"load"}, {"abalone"}, {0}) == tuple(
        set(table[name]) for name in ("test", "attempt", "role", "endpoint", "worker")
    )
    assert ["float64"] * 3 == [str(table[name].dtype) for name in ("due", "start", "end")]


@in_every_format
def test_polars_reads_the_same(tmp_path: Path, loads: Loads, ending: str) -> None:
    """Column by column, numbers as numbers."""
    polars = pytest.importorskip("polars", reason="Polars is not installed")
    path = written(tmp_path / f"samples{ending}", loads())
    table = polars.read_parquet(path) if ending == ".parquet" else polars.read_csv(path)
    assert list(COLUMNS) == table.columns
    assert [99.0, 100.0, 100.5, 101.5, 102.0, 103.75, 103.0] == [due - EPOCH_S for due in table["due"].to_list()]
    assert [False, *[True] * 6] == table["in_window"].to_list()
    assert (1, 1) == (table["start"].null_count(), table["end"].null_count())
    ok = table.filter(polars.col("kind").cast(polars.String) == "ok")
    assert [500.0, 250.0, 125.0] == ((ok["end"] - ok["due"]) * 1000).to_list()


@in_every_format
def test_loads_follow_each_other(tmp_path: Path, loads: Loads, ending: str) -> None:
    """Test, attempt, load, role and endpoint tell them apart; models and kinds of each are its own."""
    other = replace(loads.recording(), model_names=("x", "y", "z"))
    several = [loads(), loads(other, load="calm #2", attempt=2, role="control", endpoint="stable")]
    table = by_pandas(written(tmp_path / f"samples{ending}", *several))
    assert [("load", "a.tar.gz", 1), ("control", "x", 2)] == [
        (str(role), str(model), int(attempt))
        for role, model, attempt in table[["role", "model", "attempt"]].iloc[[1, 8]].itertuples(index=False)
    ]
    assert {"calm #2"} == set(table[table["role"] == "control"]["load"])


@in_every_format
def test_text_is_text_whatever_it_says(tmp_path: Path, loads: Loads, ending: str) -> None:
    """Separators, quotes, newlines and lone surrogates of names come back as they were, or written out."""
    hostile = ['a,"b"\nc', "\ud800", "'; DROP"]
    found = replace(loads.recording(), model_names=hostile)
    table = by_pandas(written(tmp_path / f"samples{ending}", loads(found, test='t["\udcff,\n"]')))
    assert {'a,"b"\nc', "\\ud800", "'; DROP"} == set(table["model"])
    assert {'t["\\udcff,\n"]'} == set(table["test"])


def test_chunks_are_the_whole(loads: Loads) -> None:
    """However many rows a chunk has, together they are all samples in their order."""
    load = loads()
    for rows in (1, 2, 3, 100):
        parts = list(chunks(load, rows))
        assert max(map(len, parts)) <= rows
        assert [99.0, 100.0, 100.5, 101.5, 102.0, 103.75, 103.0] == [
            due - EPOCH_S for part in parts for due in part.due.tolist()
        ]


def test_worker_and_variant(loads: Loads) -> None:
    """Who sent it, from 1 as report.json lists them, and which variant answered."""
    found = loads.recording(sent_by=array("H", [0, 1, 0, 1, 1, 0]), variant_names=("", "blue", "green"))
    found.samples.variant_index.extend([1, 4])
    found.samples.variant_code.extend([2, 1])
    sent, unsent = chunks(loads(found))
    assert [1, 2, 1, 2, 2, 1] == sent.worker.tolist()
    assert ["", "green", "", "", "blue", ""] == [sent.variant.texts[code] for code in sent.variant.codes]
    assert [0] == unsent.worker.tolist()


def test_a_closed_load_counts_from_its_start(loads: Loads) -> None:
    """A request begun before the window is warm-up, whenever it was due."""
    found = loads.recording(open_model=False, unsent=[])
    found.samples.start[1] = 99.9
    (chunk,) = chunks(loads(found))
    assert [False, False, True, True, True, True] == chunk.in_window.tolist()


def test_models_are_empty_without_weights(loads: Loads) -> None:
    """What a request without a TargetModel went to is the endpoint."""
    sent, _ = chunks(loads(loads.recording(multi_model=False)))
    assert ("",) == sent.model.texts


@in_every_format
def test_no_load_is_a_table_without_rows(tmp_path: Path, ending: str) -> None:
    """A reader of the file finds its columns."""
    table = by_pandas(written(tmp_path / f"samples{ending}"))
    assert (list(COLUMNS), 0) == (list(table.columns), len(table))


@in_every_format
def test_an_abandoned_file_leaves_the_earlier_one(tmp_path: Path, loads: Loads, ending: str) -> None:
    """Until it is finished there is nothing of it at its place."""
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow, which writes Parquet, is not installed")
    path = tmp_path / f"samples{ending}"
    path.write_text("an earlier run's")
    file = SamplesFile(path)
    file.add(loads())
    file.abandon()
    assert ("an earlier run's", [path]) == (path.read_text(), list(tmp_path.iterdir()))


def test_a_disk_that_fills_up_is_one_line(tmp_path: Path, loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says of the file, with the option and the place."""
    file = SamplesFile(tmp_path / "samples.csv.gz")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gzip.GzipFile, "write", full)
    with pytest.raises(ReportError, match=r"^--smload-samples: cannot write .*samples.csv.gz: the disk is full; "):
        file.add(loads())
    monkeypatch.undo()
    file.abandon()
    assert [] == list(tmp_path.iterdir())


def test_a_name_of_no_format_is_refused(tmp_path: Path) -> None:
    """It says which there are."""
    with pytest.raises(
        ConfigurationError, match=r"^--smload-samples: s.xlsx ends neither in .csv.gz nor in .parquet; "
    ):
        SamplesFile(tmp_path / "s.xlsx").check()


def test_a_missing_extra_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that mends it, and the way to do without."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError) as raised:
        SamplesFile(tmp_path / "s.parquet").check()
    assert (
        "--smload-samples: s.parquet needs pyarrow, which is not installed: pip install 'pytest-smload[parquet]', or "
        "name it .csv.gz"
    ) == str(raised.value)
    SamplesFile(tmp_path / "s.csv.gz").check()
