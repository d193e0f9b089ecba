"""``smload history``: each load over many runs, from a folder or from S3."""

from __future__ import annotations

import os
import random
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import past_runs as past
import pytest

from pytest_smload.aws import stored_reports
from pytest_smload.core.results.history import history_of
from pytest_smload.reports.json_report import run_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Smload

BUCKET = "smload-reports"


def _runs(count: int, **of: Any) -> list[Any]:
    """Runs a day apart with 2 % of noise between them; *of* says by metric what its value is in run number so many."""
    noise = random.Random(5)
    return [
        past.one_load_run(
            at=at,
            commit=f"commit{number}",
            **{name: (value(number) if callable(value) else value) for name, value in of.items()},
            **({} if "p95_ms" in of else {"p95_ms": 200 * noise.gauss(1, 0.02)}),
        )
        for number, at in enumerate(past.days(count))
    ]


def test_history_is_in_order_of_time(smload: Smload, tmp_path: Path) -> None:
    """Whatever the folders are called, and however deep they lie."""
    for number, run in enumerate(_runs(5, p95_ms=lambda number: 100.0 + number, usd=2.5)):
        past.write(tmp_path / "runs" / str(9 - number) / "deep", run)
    answer = smload("history", "runs")
    assert (0, "") == (answer.code, answer.err)
    assert answer.out.startswith(f"{past.NODEID}: 5 loads\n")
    rows = [line.split() for line in answer.out.splitlines() if line.startswith("  2026-")]
    assert ["2026-01-01", "03:04:05", "commit0", "PASS", "100", "ms", "50", "0%", "2.5"] == rows[0]
    assert [f"{100 + number}" for number in range(5)] == [row[4] for row in rows]


def test_history_is_a_page_too(smload: Smload, tmp_path: Path) -> None:
    """In a file or a folder, beside what the terminal shows; one that cannot be written is one line."""
    for number, run in enumerate(_runs(3)):
        past.write(tmp_path / "runs" / str(number), run)
    plain = smload("history", "runs")
    for out in ("page.html", "."):
        assert plain == smload("history", "runs", "--html", out)
    assert (tmp_path / "page.html").read_text("utf-8") == (tmp_path / "history.html").read_text("utf-8")
    assert past.NODEID in (tmp_path / "page.html").read_text("utf-8").replace("<wbr>", "")
    answer = smload("history", "runs", "--html", "page.html/x.html")
    assert (2, "") == (answer.code, answer.out)
    assert answer.err.startswith("smload: --html: cannot write page.html/x.html: ")


def test_change_of_level_is_named(smload: Smload, tmp_path: Path) -> None:
    """With its size, when it began, and the commit."""
    for number, run in enumerate(_runs(16, p95_ms=lambda number: (200.0 if number < 9 else 250.0) + number % 3)):
        past.write(tmp_path / str(number), run)
    out = smload("history", tmp_path).out
    assert "  change: p95 +24.9 % (201 ms -> 251 ms) from 2026-01-10 03:04:05 on, commit commit9 (p = 0.0005)" in out
    assert 1 == out.count("change: ")
    (row,) = [line for line in out.splitlines() if line.startswith("  2026-01-10")]
    assert row.endswith("p95 +24.9 %")


@pytest.mark.parametrize(
    ("metric", "before", "after"),
    [("tps", 50.0, 40.0), ("usd", 2.0, 2.5), ("errors", 0, 60)],
)
def test_rate_cost_and_errors_are_followed(metric: str, before: float, after: float) -> None:
    """As p95 is; errors by percentage points."""
    (series,) = history_of(_runs(16, **{metric: lambda number: before if number < 8 else after}))
    names = {"tps": "tps", "usd": "cost_per_million", "errors": "error_rate"}
    assert [names[metric]] == [change.metric for change in series.changes]
    assert "commit8" == series.changes[0].point.commit


def test_small_changes_are_not_named() -> None:
    """However clear: 4 % is nobody's business."""
    (series,) = history_of(_runs(40, p95_ms=lambda number: 200.0 if number < 20 else 208.0))
    assert () == series.changes


@pytest.mark.parametrize(
    "changes",
    [
        {"client": past.client(valid=False)},
        {"interrupted": True},
        {"client": past.client(judged=False)},
        {"checks": (past.check("error_rate", 1.0, None, None, source="first requests", outcome="fail"),)},
    ],
)
def test_untrusted_runs_are_shown_and_not_counted(changes: dict[str, Any]) -> None:
    """Eight of them, all slow, are no change."""
    sound = _runs(10, p95_ms=lambda number: 200.0 + number % 3)
    slow = [past.one_load_run(at=at, p95_ms=900.0, **changes) for at in past.days(8, month=3)]
    (series,) = history_of([*sound, *slow])
    assert ((), 18, 8) == (series.changes, len(series.points), sum(bool(point.unfit) for point in series.points))


def test_other_profiles_and_endpoints_are_other_series() -> None:
    """Their figures are not the same figure."""
    loads = [
        past.load(),
        past.load(profile={**past.PROFILE, "tps": 5}),
        past.load(endpoint=replace(past.STAGING, endpoint_name="other")),
    ]
    assert 3 == len(history_of([past.run(past.attempt(each)) for each in loads]))


def test_a_load_in_two_reports_is_one() -> None:
    """A copy, or a merged report beside its parts."""
    run = past.one_load_run()
    (series,) = history_of([run, run])
    assert 1 == len(series.points)


def test_loads_of_one_second_are_two() -> None:
    """Legs of a matrix begin together; the slower one must not be lost to the order of folders."""
    (series,) = history_of([past.one_load_run(p95_ms=200.0), past.one_load_run(p95_ms=900.0)])
    assert [200.0, 900.0] == [point.figures["p95"] for point in series.points]


def test_last_and_test_choose_what_is_shown(smload: Smload, tmp_path: Path) -> None:
    """Statistics are over all runs."""
    for number, run in enumerate(_runs(16, p95_ms=lambda number: 200.0 if number < 8 else 250.0)):
        past.write(tmp_path / str(number), run)
    out = smload("history", tmp_path, "--last", "2").out
    assert ("  14 earlier not shown (--last 16 shows all)" in out, 2) == (True, out.count("\n  2026-"))
    assert "change: p95 +25 %" in out
    assert 0 == smload("history", tmp_path, "--test", "weighted").code
    answer = smload("history", tmp_path, "--test", "nothing")
    assert 2 == answer.code
    assert f"smload: the reports below {tmp_path} hold no load of a test with 'nothing' in its name\n" == answer.err
    assert (2, "smload: --last 0: show one run or more\n") == smload("history", tmp_path, "--last", "0")[::2]


def test_damaged_report_is_named_and_the_others_are_shown(smload: Smload, tmp_path: Path) -> None:
    """With exit code 2."""
    past.write(tmp_path / "good", past.one_load_run())
    past.write(tmp_path / "bad", past.one_load_run()).write_text("{", encoding="utf-8")
    past.write(tmp_path / "odd", past.one_load_run(at="yesterday"))
    past.write(tmp_path / "out", past.one_load_run(at="9999-12-31T23:59:59-14:00"))
    answer = smload("history", tmp_path)
    assert 2 == answer.code
    assert answer.out.startswith(f"{past.NODEID}: 1 load\n")
    lines = answer.err.splitlines()
    assert 3 == len(lines)
    assert lines[0].startswith(f"smload: {tmp_path / 'bad' / 'report.json'} is no report: it is not JSON: ")
    assert "'yesterday' is no time in ISO 8601" in lines[1]
    assert "'9999-12-31T23:59:59-14:00' is no time in ISO 8601" in lines[2]


def test_what_is_no_file_is_no_report(smload: Smload, tmp_path: Path) -> None:
    """A folder or a pipe of that name is passed by; nobody writes into the pipe."""
    past.write(tmp_path / "good", past.one_load_run())
    (tmp_path / "folder" / "report.json").mkdir(parents=True)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "report.json")
    answer = smload("history", tmp_path)
    assert (0, "") == (answer.code, answer.err)
    assert answer.out.startswith(f"{past.NODEID}: 1 load\n")


def test_nothing_below(smload: Smload, tmp_path: Path) -> None:
    """No folder, and none with a report, are told apart."""
    assert "holds no report.json, nor does a folder below it\n" in smload("history", tmp_path).err
    answer = smload("history", tmp_path / "none")
    assert (2, "", f"smload: cannot read {tmp_path / 'none'}: No such file or directory\n") == answer


def test_markdown(smload: Smload, tmp_path: Path) -> None:
    """Changes above the table they are found in."""
    for number, run in enumerate(_runs(16, p95_ms=lambda number: 200.0 if number < 8 else 250.0)):
        past.write(tmp_path / str(number), run)
    out = smload("history", tmp_path, "--markdown").out
    assert out.startswith("## smload history\n\n### ")
    assert out.index("- change: p95 +25 %") < out.index("| began (UTC) |")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto's S3, with a bucket of reports."""
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto.mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def test_s3_is_read_page_by_page(smload: Smload, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the keys of one answer, and nothing but reports below the prefix."""
    monkeypatch.setattr(stored_reports, "PAGE_KEYS", 2)
    for number in range(5):
        s3.put_object(Bucket=BUCKET, Key=f"team/a/{number:04}.txt", Body=b"")
    for number, run in enumerate(_runs(3)):
        s3.put_object(Bucket=BUCKET, Key=f"team/z{number}/report.json", Body=run_json(run).encode())
    s3.put_object(Bucket=BUCKET, Key="team-b/report.json", Body=b"another team's")
    answer = smload("history", f"s3://{BUCKET}/team/")
    assert (0, "") == (answer.code, answer.err)
    assert answer.out.startswith(f"{past.NODEID}: 3 loads\n")
    assert answer.out == smload("history", f"s3://{BUCKET}/team").out


def test_s3_that_cannot_be_read(smload: Smload, s3: Any) -> None:
    """One line says where and why."""
    s3.put_object(Bucket=BUCKET, Key="x/report.json", Body=b"{")
    expected = {
        "s3://no-such-bucket-at-all/x": "cannot read s3://no-such-bucket-at-all/x: there is no such bucket",
        f"s3://{BUCKET}/none": f"s3://{BUCKET}/none holds no report.json",
        f"s3://{BUCKET}/x": f"s3://{BUCKET}/x/report.json is no report: it is not JSON",
        "s3:///x": "s3:///x is no place in S3; write s3://bucket/prefix",
        "s3://Not A Bucket/x": "cannot read s3://Not A Bucket/x: Parameter validation failed",
    }
    for place, message in expected.items():
        answer = smload("history", place)
        assert (2, "", 1) == (answer.code, answer.out, answer.err.count("\n"))
        assert answer.err.startswith(f"smload: {message}")


def test_s3_without_credentials(smload: Smload, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are boto3's own chain's to find."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    answer = smload("history", "s3://bucket/x")
    assert (2, "", "smload: cannot read s3://bucket/x: Unable to locate credentials\n") == answer


def test_s3_at_no_url_is_one_line(smload: Smload, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of S3's address is botocore's to refuse, and ours to tell."""
    for name, value in (("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_ENDPOINT_URL_S3", "ht!p://x")):
        monkeypatch.setenv(name, value)
    assert (2, "", "smload: cannot read s3://bucket/x: Invalid endpoint: ht!p://x\n") == smload(
        "history", "s3://bucket/x"
    )


def test_silent_s3_is_waited_for_within_bounds(smload: Smload, monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore would try five times, a minute each."""
    monkeypatch.setattr("pytest_smload.aws.report_upload.READ_TIMEOUT_S", 0.2)
    monkeypatch.setattr("pytest_smload.aws.report_upload.ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name, value in (
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.getsockname()[1]}"),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
        ):
            monkeypatch.setenv(name, value)
        answer = smload("history", "s3://bucket/x")
    assert (2, "") == (answer.code, answer.out)
    assert answer.err.startswith("smload: cannot read s3://bucket/x: Read timeout on endpoint URL")


def test_a_file_is_a_history_of_one(smload: Smload, tmp_path: Path) -> None:
    """As a folder of one report is."""
    file = past.write(tmp_path, past.one_load_run())
    assert smload("history", file).out.startswith(f"{past.NODEID}: 1 load\n")
