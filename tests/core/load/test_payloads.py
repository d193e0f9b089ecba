"""Bodies of a load: where they come from, how rows join, which mistakes are told, and per-model tables."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from math import lcm
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.load import payload_rows, payloads
from pytest_smload.core.load.payloads import build_payloads, per_model
from pytest_smload.core.request.invocation import Payload
from pytest_smload.errors import ConfigurationError, PayloadError


def load_payloads(
    source: object,
    *,
    root: Path,
    batch: int | None = None,
    content_type: str | None = None,
    target_model: str | None = None,
) -> tuple[Payload, ...]:
    """Return the payloads of one model."""
    return build_payloads(source, names=[target_model], root=root, batch=batch, content_type=content_type)[0]


def bodies(source: object, root: Path, **options: object) -> list[bytes]:
    return [payload.body for payload in load_payloads(source, root=root, **options)]


def refusal(source: object, root: Path, **options: object) -> str:
    with pytest.raises(PayloadError) as raised:
        load_payloads(source, root=root, **options)
    return str(raised.value)


@pytest.fixture
def importable(tmp_path: Path) -> Iterator[Path]:
    """A folder whose modules are forgotten afterwards."""
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.mark.parametrize("name", ["rows.csv", "rows.txt", "ROWS.CSV"])
def test_each_line_of_a_text_file_is_a_request(tmp_path: Path, name: str) -> None:
    """Blank lines, line ends and a byte order mark are no part of any row; everything else is."""
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf1, 2\r\n\r\n  \n 3,\xff\n4")

    assert bodies(name, tmp_path) == [b"1, 2", b" 3,\xff", b"4"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson"])
def test_each_line_of_json_lines_is_a_request(tmp_path: Path, name: str) -> None:
    """JSON lines are sent as they are written."""
    (tmp_path / name).write_text('{"a":  1}\n\n[2]\n')

    assert bodies(name, tmp_path) == [b'{"a":  1}', b"[2]"]


def test_other_files_are_whole_requests(tmp_path: Path) -> None:
    """A file of any other kind is one request, byte for byte."""
    (tmp_path / "image.jpg").write_bytes(b"\xff\xd8\n\n")

    assert bodies("image.jpg", tmp_path) == [b"\xff\xd8\n\n"]


def test_each_file_of_a_folder_is_a_request(tmp_path: Path) -> None:
    """Regular files in the order of their names, whole; hidden files and folders are left out."""
    folder = tmp_path / "images"
    (folder / "deeper").mkdir(parents=True)
    for name in ("b.csv", "a.bin", ".DS_Store"):
        (folder / name).write_text(f"{name}\n2")

    assert bodies(Path("images"), tmp_path) == [b"a.bin\n2", b"b.csv\n2"]


def test_paths_may_be_absolute(tmp_path: Path) -> None:
    """An absolute path is not moved under the root."""
    (tmp_path / "one.bin").write_bytes(b"x")

    assert bodies(str(tmp_path / "one.bin"), Path("/nowhere")) == [b"x"]


def test_literals(tmp_path: Path) -> None:
    """Bytes are one request, a list a request per element, text as UTF-8."""
    assert bodies(b"1,2", tmp_path) == [b"1,2"]
    assert bodies(["é", b"\x00"], tmp_path) == ["é".encode(), b"\x00"]


def test_payloads_carry_their_digest(tmp_path: Path) -> None:
    """The digest is the body's SHA-256 in lower-case hex."""
    (payload,) = load_payloads(b"1,2", root=tmp_path)

    assert (payload.index, payload.sha256) == (0, hashlib.sha256(b"1,2").hexdigest())


@pytest.mark.parametrize(
    ("returned", "expected"),
    [(b"1", [b"1"]), ("é", ["é".encode()]), (["1", b"2"], [b"1", b"2"]), (iter(["1"]), [b"1"]), ({"1"}, [b"1"])],
)
def test_function_returns_bytes_text_or_rows(tmp_path: Path, returned: object, expected: list[bytes]) -> None:
    """What a function returns is one request, or a request per row."""
    assert bodies(lambda model: returned, tmp_path) == expected


def test_function_is_called_once_per_model(tmp_path: Path) -> None:
    """A function is given each TargetModel's name, once; None where there is none."""
    called: list[str | None] = []

    def rows(model: str | None) -> list[str]:
        called.append(model)
        return [f"{model},1", f"{model},2"]

    built = build_payloads(rows, names=["a", "b"], root=tmp_path)
    load_payloads(rows, root=tmp_path)

    assert called == ["a", "b", None]
    assert [[p.body for p in of_model] for of_model in built] == [[b"a,1", b"a,2"], [b"b,1", b"b,2"]]


def test_function_is_found_by_name(importable: Path) -> None:
    """module:function is imported from the root, attributes of attributes too, and the import path is left alone."""
    (importable / "smload_rows.py").write_text("class Rows:\n  def make(model): return f'for {model}'\n")
    before = list(sys.path)

    assert bodies("smload_rows:Rows.make", importable, target_model="m") == [b"for m"]
    assert sys.path == before


def test_file_named_like_a_function_is_a_file(tmp_path: Path) -> None:
    """A file that exists is meant, whatever it is called."""
    (tmp_path / "a:b").write_bytes(b"x")

    assert bodies("a:b", tmp_path) == [b"x"]


def test_equal_bodies_are_one_payload(tmp_path: Path) -> None:
    """Payloads are unique within a load, by body, over models and sources; indices count them."""
    (tmp_path / "rows.csv").write_text("1\n2\n1\n")
    source = {"a": "rows.csv", "b": ["2", "3"], "*": Path("rows.csv")}

    a, b, c, d = build_payloads(source, names=["a", "b", "c", "d"], root=tmp_path)

    assert [p.index for p in a] == [0, 1, 0]
    assert [p.index for p in b] == [1, 2]
    assert a[0] is a[2]
    assert a[1] is b[0]
    assert c is d


def test_shared_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand models that share a file cost one reading and one tuple."""
    (tmp_path / "rows.csv").write_text("1\n2\n")
    read: list[object] = []
    monkeypatch.setattr(payloads, "read_rows", lambda *args: read.append(args) or payload_rows.read_rows(*args))

    built = build_payloads("rows.csv", names=[f"m-{n}" for n in range(10_000)], root=tmp_path)

    assert len(read) == 1
    assert all(rows is built[0] for rows in built)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30))
def test_batch_joins_rows_in_cycles(rows: int, batch: int) -> None:
    """lcm(rows, batch) / batch requests of batch rows each, together every row equally often, in order."""
    source = [f"r{number}" for number in range(rows)]

    joined = bodies(source, Path(), batch=batch)

    assert len(joined) == lcm(rows, batch) // batch
    assert b"\n".join(joined).decode().split("\n") == source * (lcm(rows, batch) // rows)


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("rows.csv", "text/csv", b"1\n2"),
        ("rows.csv", "application/json", b"1\n2"),
        ("rows.jsonl", None, b"1\n2"),
        ("rows.jsonl", "application/jsonlines", b"1\n2"),
        ("rows.jsonl", "application/json", b"[1,2]"),
        ("rows.jsonl", "Application/JSON; charset=utf-8", b"[1,2]"),
        ([b"1", "2"], None, b"1\n2"),
        ([b"1", "2"], "application/json", b"[1,2]"),
    ],
)
def test_batch_joins_by_newline_or_as_a_json_array(
    tmp_path: Path, name: object, content_type: str | None, expected: bytes
) -> None:
    """Only JSON becomes an array, and only where the request says it is application/json."""
    (tmp_path / "rows.csv").write_text("1\n2\n")
    (tmp_path / "rows.jsonl").write_text("1\n2\n")

    assert bodies(name, tmp_path, batch=2, content_type=content_type) == [expected]


def test_batch_and_content_type_may_differ_per_model(tmp_path: Path) -> None:
    """The same rows, joined for each model as its own fields say."""
    a, b, c = build_payloads(
        ["1", "2"],
        names=["a", "b", "c"],
        root=tmp_path,
        batch={"a": 2, "b": 2},
        content_type={"a": "application/json"},
    )

    assert [[p.body for p in rows] for rows in (a, b, c)] == [[b"[1,2]"], [b"1\n2"], [b"1", b"2"]]


def explode(model: str) -> bytes:
    raise LookupError("no such row")


def explode_midway(model: str) -> Iterator[bytes]:
    yield b"1"
    raise LookupError("no such row")


async def make_later(model: str) -> bytes:
    return b"1"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (explode, r"payload explode() for 'm' raised LookupError: no such row (test_payloads.py, line "),
        (explode_midway, r"payload explode_midway() for 'm' raised LookupError: no such row (test_payloads.py, line "),
        (make_later, "payload make_later() is async; write a plain function"),
        (dict, "payload dict() for 'm' raised ValueError"),
        (lambda: b"", "but 1 was given; it is called with one argument, the TargetModel or None"),
        (lambda model: None, "for 'm' returned NoneType; it must return bytes, text, or an iterable of them"),
        (lambda model: {"a": 1}, "for 'm' returned dict; it must return bytes"),
        (lambda model: [], "for 'm' gave no rows; it must give at least one"),
        (lambda model: [1], "for 'm', row 1 is int, neither bytes nor text; encode it"),
        ([], "payload: the literal payload is an empty list"),
        (["a", {"b": 1}], "payload: the literal payload, row 2 is dict, neither bytes nor text; encode it, with"),
        (["\ud800"], "row 1 cannot be sent as UTF-8: surrogates not allowed; give bytes"),
        (7, "payload: 7 is neither a path, bytes, a list nor a function"),
        (None, "no payload for model 'm'; set payload to a path"),
        ("", "payload '' does not exist"),
        ("1,2,3", """'1,2,3' does not exist: no '1,2,3' in """),
        ("1,2,3", """a literal payload is bytes or a list, b"..." or ["..."]"""),
        ("1,2,3\n" * 2_000, "payload '1,2,3"),
        ("nul\0", "does not exist"),
        ("payload/abalone.csv", "no 'payload' in "),
        ("payload/abalone.csv", "did you mean 'payloads'?"),
        ("payloads/abalon.csv", "payload 'payloads/abalon.csv' does not exist: no 'abalon.csv' in "),
        ("payloads/abalon.csv", "did you mean 'abalone.csv'?"),
        ("empty.csv", "payload 'empty.csv' is empty; each of its lines would be a request"),
        ("empty.bin", "payload 'empty.bin' is empty; put the request's body into it"),
        ("blank.jsonl", "payload 'blank.jsonl' is empty"),
        ("bad.jsonl", "payload 'bad.jsonl', line 3 is not JSON: Expecting value"),
        ("folder", "payload 'folder' is a folder without files"),
        ("folder_of_empty", "payload 'folder_of_empty', file 'a.bin' is empty"),
        ("no_such_module:rows", "there is no module 'no_such_module'; put no_such_module.py into /"),
        ("json:dump_all", "payload 'json:dump_all': 'json' has no 'dump_all'; did you mean 'dump"),
        ("json:__name__", "payload 'json:__name__' is str, not a function"),
    ],
)
def test_mistakes_name_the_source_and_the_next_step(tmp_path: Path, source: object, message: str) -> None:
    """One sentence says which source is wrong, where, and what would be right."""
    for folder in ("payloads", "folder", "folder_of_empty"):
        (tmp_path / folder).mkdir()
    files = {"payloads/abalone.csv": "1", "folder/.hidden": "1", "folder_of_empty/a.bin": "", "empty.bin": ""}
    files |= {"empty.csv": "", "blank.jsonl": "\n \n", "bad.jsonl": "1\n\nx\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    told = refusal(source, tmp_path, target_model="m")

    assert message in told
    assert "Traceback" not in told
    assert len(told) < 700


def test_module_that_fails_is_told(importable: Path) -> None:
    """An import that fails says why: the error, or the module that is missing within."""
    (importable / "smload_broken.py").write_text("1 / 0\n")
    (importable / "smload_needy.py").write_text("import no_such_package\n")

    assert "'smload_broken:f': importing it failed: ZeroDivisionError: division by zero" in refusal(
        "smload_broken:f", importable
    )
    assert "importing it failed: No module named 'no_such_package'; install what it needs" in refusal(
        "smload_needy:f", importable
    )


def test_module_of_another_folder_is_not_mistaken(importable: Path) -> None:
    """Two folders with a module of one name: the second is not silently given the first's rows."""
    for name in ("one", "two"):
        (importable / name).mkdir()
        (importable / name / "smload_same.py").write_text(f"def rows(model): return {name!r}\n")

    assert bodies("smload_same:rows", importable / "one") == [b"one"]
    assert "'smload_same' is already imported from" in refusal("smload_same:rows", importable / "two")


def test_message_names_the_model_of_a_table(tmp_path: Path) -> None:
    """In a table, the model whose payload is wrong is named."""
    with pytest.raises(PayloadError, match=r"^payload of model 'b' 'rows\.csv' does not exist"):
        build_payloads({"a": b"1", "b": "rows.csv"}, names=["a", "b"], root=tmp_path)


def test_models_without_payload_are_named(tmp_path: Path) -> None:
    """All models a table leaves out are named together."""
    names = ["a", *(f"m-{number}" for number in range(8))]

    with pytest.raises(PayloadError, match=r"^no payload for models 'm-0', 'm-1', 'm-2', 'm-3', 'm-4' and 3 more; set"):
        build_payloads({"a": b"1"}, names=names, root=tmp_path)
    with pytest.raises(PayloadError, match=r"^no payload; set payload"):
        build_payloads(None, names=[None], root=tmp_path)


@pytest.mark.parametrize("source", ["whole.bin", "folder"])
def test_whole_files_cannot_be_batched(tmp_path: Path, source: str) -> None:
    """Joining whole files would make nonsense; the message says what can be joined."""
    (tmp_path / "folder").mkdir()
    for name in ("whole.bin", "folder/a.bin"):
        (tmp_path / name).write_bytes(b"x")

    assert f"payload {source!r}: batch=4 joins rows, and whole files are not rows" in refusal(source, tmp_path, batch=4)
    assert bodies(source, tmp_path, batch=1) == [b"x"]


def test_literals_in_a_json_array_are_json(tmp_path: Path) -> None:
    """Rows that are not JSON are not put into an array of JSON."""
    assert "row 2 is not JSON" in refusal(["1", "x"], tmp_path, batch=2, content_type="application/json")


@pytest.mark.parametrize(
    ("source", "batch", "message"),
    [
        ("whole.bin", 1, "payload 'whole.bin' is 26.0 MB; real-time endpoints accept at most 25 MB a request"),
        ("folder", 1, "payload 'folder', file 'a.bin' is 26.0 MB"),
        ("rows.csv", 1, "payload 'rows.csv', line 2 is 26.0 MB"),
        ([bytes(26 << 20)], 1, "the literal payload, row 1 is 26.0 MB"),
        (lambda model: bytes(26 << 20), 1, "row 1 is 26.0 MB"),
        ([bytes(9 << 20)], 3, "a request of 3 rows is 27.0 MB; real-time endpoints accept at most 25 MB a request: "),
    ],
)
def test_bodies_over_25_mb_are_refused(tmp_path: Path, source: object, batch: int, message: str) -> None:
    """What no real-time endpoint accepts is refused before the load, naming the row."""
    (tmp_path / "folder").mkdir()
    if source in ("whole.bin", "folder"):
        for name in ("whole.bin", "folder/a.bin"):
            with (tmp_path / name).open("wb") as file:
                file.truncate(26 << 20)
    (tmp_path / "rows.csv").write_bytes(b"1\n" + b"2" * (26 << 20) if source == "rows.csv" else b"1")

    assert message in refusal(source, tmp_path, batch=batch)


def test_largest_body_is_allowed(tmp_path: Path) -> None:
    """25 MB exactly is sent."""
    assert len(bodies(bytes(25 << 20), tmp_path)[0]) == 25 << 20


def test_files_over_the_total_are_refused_unread(tmp_path: Path) -> None:
    """Files that would not fit in 512 MB are refused by their size."""
    (tmp_path / "folder").mkdir()
    for name in ("rows.csv", *(f"folder/{number}" for number in range(21))):
        with (tmp_path / name).open("wb") as file:
            file.truncate(600 << 20 if name == "rows.csv" else 25 << 20)

    assert "payload 'rows.csv' is larger than 512 MB" in refusal("rows.csv", tmp_path)
    assert "payload 'folder' holds more than 512 MB" in refusal("folder", tmp_path)


def test_distinct_bodies_over_the_total_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on all distinct bodies of the load together; equal ones count once."""
    monkeypatch.setattr(payloads, "MAX_TOTAL_BYTES", 1_000)

    assert len(build_payloads(bytes(600), names=["a", "b"], root=tmp_path)) == 2
    with pytest.raises(PayloadError, match=r"the load's distinct bodies exceed 512 MB in memory"):
        build_payloads({"a": bytes(600), "b": b"x" * 600}, names=["a", "b"], root=tmp_path)


def test_batches_over_the_total_are_refused_unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and batch without a common divisor multiply; the message says which number of rows does not."""
    monkeypatch.setattr(payloads, "MAX_TOTAL_BYTES", 1_000)

    assert "make the number of rows a multiple of 10" in refusal([f"{n:010}" for n in range(11)], tmp_path, batch=10)
    assert len(bodies([f"{n:010}" for n in range(20)], tmp_path, batch=10)) == 2


def test_endless_function_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator that never ends is told, not collected until memory is gone."""
    monkeypatch.setattr(payload_rows, "MAX_FUNCTION_ROWS", 1_000)

    assert "gave more than 1,000 rows; rows cycle, so give fewer" in refusal(lambda model: iter(str, 1), tmp_path)


def test_unreadable_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says about a file that cannot be read is passed on."""
    (tmp_path / "rows.csv").write_text("1")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)

    assert "payload 'rows.csv' cannot be read: Permission denied" in refusal("rows.csv", tmp_path)


def test_table_gives_each_model_its_own() -> None:
    """A table's own entry, else the one for the others, else None; expansions are one entry for many."""
    table = {"m-{0..1}": "x", "a": "y", "*": "z"}

    assert per_model(table, ["m-1", "b", "a", "m-0"]) == ["x", "z", "y", "x"]
    assert per_model({"a": 1}, ["a", "b"]) == [1, None]
    assert per_model("text/csv", ["a", "b"]) == ["text/csv"] * 2
    assert per_model(None, ["a"]) == [None]
    assert per_model({"*": 4}, [None]) == [4]


@pytest.mark.parametrize(
    ("table", "names", "problem"),
    [
        ({"xgboost-1": 1}, ["xgboost-0"], "accept: no traffic goes to model 'xgboost-1'; did you mean 'xgboost-0'?"),
        ({"m-{0..9}": 1}, ["m-0", "m-1"], "accept: no traffic goes to models 'm-2', 'm-3', 'm-4', 'm-5', 'm-6' and 3"),
        ({"zzz": 1}, ["b", "a"], "accept: no traffic goes to model 'zzz'; its models are 'a', 'b'"),
        ({"a": 1}, [None], "accept: the table is by name, but this load has no weights; write one"),
        ({"a": 1, "{a}": 2}, ["a"], "accept: '{a}': {a} is not a range"),
        ({"m-{0..1}": 1, "m-1": 2}, ["m-0", "m-1"], "accept: 'm-1' names model 'm-1' a second time; name each once"),
    ],
)
def test_tables_that_do_not_fit_the_models_are_refused(
    table: dict[str, int], names: list[str | None], problem: str
) -> None:
    """A key that reaches no model, or one twice, is a mistake, told with the field."""
    with pytest.raises(ConfigurationError) as raised:
        per_model(table, names, "accept")

    assert problem in str(raised.value)


def test_json_payload_is_sent_as_written(tmp_path: Path) -> None:
    """A .json file is one request, not parsed."""
    (tmp_path / "one.json").write_text(json.dumps({"instances": [1]}, indent=2))

    assert bodies("one.json", tmp_path) == [b'{\n  "instances": [\n    1\n  ]\n}']
