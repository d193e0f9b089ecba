"""CSV, samples, OpenMetrics, OTLP and S3 from one run: all of a load, once, and never its verdict."""

from __future__ import annotations

import csv
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from otlp_receiver import otlp_receiver
from side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otlp_receiver import Receiver
    from pytest_runs import MakeProject, PytestRun

TESTS = """
import pytest

@pytest.mark.perf(tps=100, duration="500ms", warmup="200ms")
@pytest.mark.perf_budget(error_rate="100%")  # a machine that stalls leaves arrivals unsent
def test_open(load_result):
    pass

@pytest.mark.perf(users=2, duration="200ms", warmup="0s", models={"a.tar.gz": 1, "broken.tar.gz": 1})
@pytest.mark.perf_budget(error_rate="100%")
def test_labelled(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, label="calm", budget=None)
    sm_endpoint.load(load_profile, label="busy")
"""
EXPORTS = ("--smload-csv", "out/run", "--smload-samples", "out/samples.csv.gz", "--smload-openmetrics", "out/prom.txt")
SECRET = "PLANTED-SECRET"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A collector."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http.metric_exporter", reason="the extra otel is missing")
    with otlp_receiver() as found:
        yield found


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of moto's S3 server, with a bucket called reports."""
    server = pytest.importorskip("moto.server", reason="moto's server needs Flask").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = client_of(url)
    client.create_bucket(Bucket="reports")
    client.close()
    yield url
    server.stop()


def client_of(url: str) -> Any:
    import boto3

    return boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def keys(url: str) -> list[str]:
    """What is in the bucket."""
    client = client_of(url)
    found = [each["Key"] for each in client.list_objects_v2(Bucket="reports").get("Contents", [])]
    client.close()
    return found


@pytest.fixture(scope="module")
def runs(project: MakeProject, staging: str, receiver: Receiver, s3: str) -> dict[str, tuple[PytestRun, str]]:
    """A run with everything in one process, and one with an xdist worker, with the prefix of each."""
    started = []
    for workers in ("-n0", "-n1"):
        head = f'report_to = {{ url = "s3://reports/{workers[1:]}", encryption = "AES256" }}\notel = true\n'
        made = project({"test_it.py": TESTS, "smload.toml": head + staging})
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "AWS_ENDPOINT_URL_S3": s3, "OTEL_SERVICE_NAME": workers}
        started.append(
            partial(made.run, "-m", "perf", workers, *EXPORTS, plugins=["xdist"], env=env, fresh=workers == "-n1")
        )
    found = side_by_side(*started)
    return dict(zip(("-n0", "-n1"), ((run, f"n{number}") for number, run in enumerate(found)), strict=True))


in_both = pytest.mark.parametrize("workers", ["-n0", "-n1"])


@in_both
def test_all_of_it_is_there(runs: dict[str, tuple[PytestRun, str]], workers: str) -> None:
    """The run passes, and each thing done has its line."""
    run, prefix = runs[workers]
    assert "2 passed" == run.summary, run.out
    assert f"smload: wrote {run.folder}/out/run_stats.csv, run_stats_history.csv, run_failures.csv, " in run.out
    assert "samples.csv.gz, prom.txt\n" in run.out
    assert "smload: sent metrics to http://127.0.0.1:" in run.out
    assert "smload: uploaded report.json, " in run.out
    assert f" to s3://reports/{prefix}/test_it.py/abalone-mme-staging/us-east-1/" in run.out
    assert "warning: " not in run.out


@in_both
def test_csv_is_the_report(runs: dict[str, tuple[PytestRun, str]], workers: str) -> None:
    """Counts of each load and model are those of report.json."""
    run, _ = runs[workers]
    with (run.folder / "out" / "run_stats.csv").open(newline="") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    for test, label in (("test_open", None), ("test_labelled", "calm"), ("test_labelled", "busy")):
        (load,) = [load for load in run.loads(test) if load["label"] == label]
        head = " | ".join(filter(None, (f"test_it.py::{test}", label)))
        total = rows[f"{head} | Aggregated"]
        assert load["total"]["requests"] == int(total["Request Count"])
        assert load["total"]["errors"] == int(total["Failure Count"])
        assert round(load["total"]["p95_ms"] or 0) == pytest.approx(int(total["95%"]), abs=1)
        assert load["total"]["tps"] == pytest.approx(float(total["Requests/s"]) - float(total["Failures/s"]))
        counts = {name: stats["requests"] for name, stats in load["models"].items()}
        assert counts == {name: int(rows[f"{head} | {name}"]["Request Count"]) for name in counts}
    with (run.folder / "out" / "run_failures.csv").open(newline="") as file:
        errors = {row["Error"].partition(":")[0] for row in csv.DictReader(file)}
    assert "ModelError" in errors


@in_both
def test_samples_are_what_was_sent(runs: dict[str, tuple[PytestRun, str]], workers: str) -> None:
    """Warm-up and window of each load, as report.json counts them."""
    run, _ = runs[workers]
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.read_csv(run.folder / "out" / "samples.csv.gz", keep_default_na=False)
    for test in ("test_open", "test_labelled"):
        for load in run.loads(test):
            own = table[(table["test"] == f"test_it.py::{test}") & (table["load"] == (load["label"] or ""))]
            inside = own[own["in_window"]]
            assert load["total"]["requests"] == len(inside)
            assert load["total"]["ok"] == int((inside["kind"] == "ok").sum())
            assert load["warmup"]["sent"] == len(own) - len(inside)
            assert {"abalone-mme-staging"} == set(own["endpoint"])
    assert {"load"} == set(table["role"])


@in_both
def test_openmetrics_is_the_report(runs: dict[str, tuple[PytestRun, str]], workers: str) -> None:
    """A family's sample of each load has the report's number."""
    run, _ = runs[workers]
    text = (run.folder / "out" / "prom.txt").read_text()
    (load,) = run.loads("test_open")
    labels = 'test="test_it.py::test_open",endpoint="abalone-mme-staging"'
    assert f"smload_requests{{{labels}}} {float(load['total']['requests'])}\n" in text
    assert 'load="busy"' in text


@in_both
def test_metrics_are_sent_once(runs: dict[str, tuple[PytestRun, str]], receiver: Receiver, workers: str) -> None:
    """By the process that reports, with the run's figures."""
    run, _ = runs[workers]
    own = [request for request in receiver.requests if workers in str(request.resource_metrics[0].resource)]
    (request,) = own
    metrics = {metric.name: metric for metric in request.resource_metrics[0].scope_metrics[0].metrics}
    points = metrics["smload.requests"].gauge.data_points
    totals = [p.as_double for p in points if "model" not in {pair.key for pair in p.attributes}]
    every = [load["total"]["requests"] for test in ("test_open", "test_labelled") for load in run.loads(test)]
    assert every == totals


@in_both
def test_reports_are_in_s3_once(runs: dict[str, tuple[PytestRun, str]], s3: str, workers: str) -> None:
    """Under test, endpoint, region and time; what this run wrote and nothing else, encrypted as asked for."""
    run, prefix = runs[workers]
    found = [key for key in keys(s3) if key.startswith(f"{prefix}/")]
    (folder,) = {key.rpartition("/")[0] for key in found}
    time = run.report["started_at"].replace("-", "").replace(":", "").removesuffix("+0000")
    assert folder.startswith(f"{prefix}/test_it.py/abalone-mme-staging/us-east-1/{time}Z-")
    names = {"run_stats.csv", "run_stats_history.csv", "run_failures.csv", "samples.csv.gz", "prom.txt"}
    assert {"report.json", "report.md", *names} <= {key.rpartition("/")[2] for key in found}
    assert len(found) == len(list((run.folder / "report").iterdir())) + len(list((run.folder / "out").iterdir()))
    client = client_of(s3)
    record = client.get_object(Bucket="reports", Key=f"{folder}/report.json")
    assert run.report == json.loads(record["Body"].read())
    assert "AES256" == record["ServerSideEncryption"]
    client.close()


def test_failures_change_nothing(project: MakeProject, staging: str, s3: str) -> None:
    """A bucket that is not there and a collector that does not answer are a line each; no report folder is needed."""
    made = project({"test_it.py": TESTS, "smload.toml": 'report_to = "s3://elsewhere/p"\n' + staging})
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "0.1",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}",
        "AWS_ENDPOINT_URL_S3": s3,
    }
    run = made.run("-m", "perf", "-k", "open", "--smload-otel", env=env, report=False)
    assert pytest.ExitCode.OK == run.exit_code
    assert "smload: warning: metrics were not sent to http://127.0.0.1:9: " in run.out
    assert "smload: warning: the reports were not uploaded to s3://elsewhere/p/test_it.py-test_open/" in run.out
    assert "NoSuchBucket: The specified bucket does not exist" in run.out
    assert SECRET not in run.out


def test_reports_are_made_for_s3_where_they_are_nowhere_else(project: MakeProject, staging: str, s3: str) -> None:
    """Without --smload-report they are in the bucket alone; SMLOAD_OTEL=0 switches the file's otel off."""
    made = project({"test_it.py": TESTS, "smload.toml": 'report_to = "s3://reports/alone"\notel = true\n' + staging})
    env = {"AWS_ENDPOINT_URL_S3": s3, "SMLOAD_OTEL": "0"}
    run = made.run("-m", "perf", "-k", "open", env=env, report=False)
    assert {"report.json", "report.md"} <= {key.rpartition("/")[2] for key in keys(s3) if key.startswith("alone/")}
    assert "sent metrics" not in run.out
    assert not list(run.folder.rglob("report.json"))


@pytest.mark.parametrize(
    ("arguments", "files", "said"),
    [
        (
            ["--smload-csv", "taken/x"],
            {},
            "--smload-csv: cannot write to {folder}/taken: {folder}/taken is, or lies under, a file",
        ),
        (["--smload-samples", "taken/x.csv.gz"], {}, "--smload-samples: cannot write to {folder}/taken: "),
        (["--smload-openmetrics", "taken/x"], {}, "--smload-openmetrics: cannot write to {folder}/taken: "),
        (["--smload-csv", "."], {}, "--smload-csv: '.' is a folder; give what names begin with, like './load'"),
        (["--smload-csv", "out/"], {}, "--smload-csv: 'out/' is a folder; give what names begin with, like 'out/load'"),
        (["--smload-samples", "x.json"], {}, "--smload-samples: x.json ends neither in .csv.gz nor in .parquet"),
        ([], {"head": 'report_to = "bucket"\n'}, "smload.toml: report_to: 'bucket' is no place in S3"),
        ([], {"head": "otel = 1\n"}, "smload.toml: otel: must be true or false"),
        (
            ["--smload-samples", "x.parquet"],
            {"conftest.py": "import sys\nsys.modules['pyarrow'] = None\n"},
            "--smload-samples: x.parquet needs pyarrow, which is not installed: pip install 'pytest-smload[parquet]'",
        ),
        (
            ["--smload-otel"],
            {"conftest.py": "import sys\nsys.modules['opentelemetry.exporter.otlp.proto.http'] = None\n"},
            "--smload-otel: the exporter of OpenTelemetry is not installed: pip install 'pytest-smload[otel]'",
        ),
    ],
    ids=["csv", "samples", "openmetrics", "here", "folder", "format", "place", "switch", "parquet", "otel"],
)
def test_what_cannot_work_is_told_before_any_load(
    project: MakeProject, staging: str, arguments: list[str], files: dict[str, str], said: str
) -> None:
    """One line, a usage error, no load."""
    given = dict(files)
    made = project({"test_it.py": TESTS, "taken": "a file", "smload.toml": given.pop("head", "") + staging, **given})
    run = made.run("-m", "perf", *arguments, report=False)
    assert pytest.ExitCode.USAGE_ERROR == run.exit_code
    assert said.format(folder=run.folder) in run.out
    assert 1 == len([line for line in run.out.splitlines() if line.startswith("ERROR: ")])
    assert "smload: load on" not in run.out


def test_probes_controls_and_repetitions(project: MakeProject, staging: str) -> None:
    """Probes of a search and what a control was sent are samples, by their role; a repeated attempt has its number."""
    pytest.importorskip("pandas", reason="pandas is not installed")
    tests = """
    import pytest

    @pytest.mark.perf(tps=100, duration="500ms", warmup="0s", control="staging")
    @pytest.mark.perf_budget(error_rate="100%", regression={"p95": "90%"})
    def test_pair(load_result): pass

    @pytest.mark.perf(tps=40, duration="500ms", warmup="0s", max_duration="500ms")
    @pytest.mark.perf_budget(error_rate="50%", p50="10s")
    def test_search(sm_endpoint, load_profile):
        sm_endpoint.capacity(load_profile, max_tps=40)

    tries = []

    @pytest.mark.flaky(reruns=1)
    @pytest.mark.perf(users=1, duration="100ms", warmup="0s")
    @pytest.mark.perf_budget(error_rate="100%")
    def test_again(load_result):
        tries.append(1)
        assert len(tries) == 2
    """
    made = project({"test_it.py": tests})
    run = made.run("-m", "perf", "--smload-samples", "s.csv.gz", "--smload-csv", "c", plugins=["rerunfailures"])
    import pandas as pd

    table = pd.read_csv(run.folder / "s.csv.gz", keep_default_na=False)
    roles = {name: set(part["role"]) for name, part in table.groupby("test")}
    assert {"load", "control"} == roles["test_it.py::test_pair"], run.out
    assert {"probe"} == roles["test_it.py::test_search"]
    assert "probe 1" in set(table[table["role"] == "probe"]["load"])
    assert {1, 2} == set(table[table["test"] == "test_it.py::test_again"]["attempt"])
    assert "control" not in (run.folder / "c_stats.csv").read_text()


def test_workers_are_told_apart(project: MakeProject, staging: str) -> None:
    """Of a load that two processes sent, each sample says which; as many as report.json says of each."""
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    made = project({"test_it.py": TESTS})
    run = made.run("-m", "perf", "-k", "open", "--smload-processes", "2", "--smload-samples", "s.csv.gz")
    table = pd.read_csv(run.folder / "s.csv.gz", keep_default_na=False)
    counts = table[table["in_window"] & (table["worker"] > 0)]["worker"].value_counts()
    (load,) = run.loads("test_open")
    assert [worker["sent"] for worker in load["workers"]] == [counts.get(1, 0), counts.get(2, 0)]


def test_no_command_repeats_where_files_go(project: MakeProject, staging: str) -> None:
    """What a failure says to type next loads the same, and overwrites nothing."""
    tests = """
    import pytest

    @pytest.mark.perf(users=1, duration="100ms", warmup="0s")
    @pytest.mark.perf_budget(p50="1us")
    def test_slow(load_result): pass
    """
    run = project({"test_it.py": tests}).run("-m", "perf", "--smload-seed", "3", "--smload-csv", "out", report=False)
    (line,) = [line for line in run.out.splitlines() if line.strip().startswith("pytest -m perf")]
    assert "--smload-seed 3" in line
    assert "--smload-csv" not in line
