"""Loads from scripts: the same conduct as under pytest, without it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_smload import ConfigurationError, Endpoint, LoadProfile
from pytest_smload.scripting.shown import ShownResult

PROFILE = LoadProfile(tps=60, duration="2s", warmup="0s", models={"a.tar.gz": 3, "b.tar.gz": 1})


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("scripting")
    (folder / "smload.toml").write_text('endpoint = "local"\n[endpoints.local]\n')
    with Endpoint(folder=folder, quiet=True) as found:
        yield found


@pytest.fixture(scope="module")
def result(endpoint: Endpoint) -> ShownResult:
    """Of a load inside a running event loop, as a notebook's is."""

    async def cell() -> ShownResult:
        return endpoint.load(PROFILE, budget={"p95": "0.001ms", "requests": 100}, label="<b>calm</b>")

    return asyncio.run(cell())


def test_a_broken_budget_is_a_verdict(endpoint: Endpoint, result: ShownResult) -> None:
    """Nothing is raised; the checks say what broke, and the counts are the schedule's."""
    assert (result.verdict, result.requests, result.label) == ("fail", 120, "<b>calm</b>")
    assert {check.metric: check.outcome for check in result.checks} == {
        "p95": "fail",
        "requests": "pass",
        "error_rate": "pass",
    }
    assert endpoint.results == [result]


def test_without_a_budget_it_only_measures(endpoint: Endpoint) -> None:
    """A load without limits has no checks."""
    assert endpoint.load(PROFILE.replace(duration="1s")).checks == ()


def test_a_notebook_shows_it(result: ShownResult) -> None:
    """Verdict, checks and figures, with every text escaped and no script."""
    shown = result._repr_html_()

    assert "FAIL" in shown
    assert "a.tar.gz" in shown
    assert "&lt;b&gt;calm&lt;/b&gt;" in shown
    assert "<b>calm" not in shown
    assert "<script" not in shown
    assert "2 seconds" in result.timeline._repr_html_()  # type: ignore[attr-defined]
    assert "0 seconds" in result.warmup_timeline._repr_html_()  # type: ignore[attr-defined]


def test_tables_for_pandas(result: ShownResult) -> None:
    """A row per scope, check or second."""
    pytest.importorskip("pandas", reason="pandas is not installed")

    assert list(result.to_pandas().index) == ["total", "a.tar.gz", "b.tar.gz"]
    assert list(result.to_pandas().requests) == [120, 90, 30]
    assert len(result.to_pandas("checks")) == 3
    assert list(result.to_pandas("timeline").index) == [0.0, 1.0]
    with pytest.raises(ConfigurationError, match="none of"):
        result.to_pandas("figure")  # type: ignore[arg-type]


def test_without_pandas_one_line_says_so(result: ShownResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install does not have it."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigurationError, match="pip install pandas"):
        result.to_pandas()


def test_no_endpoint_says_what_a_script_may_write(tmp_path: Path) -> None:
    """Not an option of pytest's."""
    with pytest.raises(ConfigurationError) as raised:
        Endpoint(folder=tmp_path)
    assert str(raised.value).endswith('or load the embedded one on this machine: Endpoint("local")')


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda endpoint: endpoint.load({"tps": 5}), "takes a LoadProfile"),
        (lambda endpoint: endpoint.load(LoadProfile(duration="1s")), "gives none of users, tps and stages"),
        (lambda endpoint: endpoint.load(PROFILE, label=5), "label is text"),
        (lambda endpoint: endpoint.load(PROFILE, budget={"p59": "1s"}), "p59"),
        (lambda endpoint: endpoint.load(PROFILE, budget={"regression": {"p95": "10%"}}), "smload compare"),
        (lambda endpoint: endpoint.capacity(PROFILE, budget={"p95": "1s"}, at_least=-1), "at_least"),
        (lambda _: Endpoint("stagin", quiet=True), "Endpoint"),
        (lambda _: Endpoint("local", processes=0), "from 1 on"),
        (lambda _: Endpoint("local", ui=True), r"Endpoint\(ui=...\): .* write a port, such as 8089"),
        (lambda _: Endpoint("local", ui=65536), r"Endpoint\(ui=...\): .* write a port, such as 8089"),
    ],
)
def test_mistakes_are_one_line(endpoint: Endpoint, call, said: str) -> None:
    """Nothing is sent for what cannot be a load."""
    before = len(endpoint.results)
    with pytest.raises(ConfigurationError, match=said) as raised:
        call(endpoint)

    assert len(str(raised.value).splitlines()) == 1
    assert len(endpoint.results) == before


def test_it_is_watched_in_locusts_web_ui(capsys: pytest.CaptureFixture[str]) -> None:
    """By the rules of the option: on this machine, said where; Stop makes the load INVALID; nothing of it is left."""
    with Endpoint("local", ui=0) as endpoint:
        address = str(endpoint.ui_url).removeprefix("http://").strip("/")
        presses = threading.Thread(target=stop_once_it_counts, args=(address,))
        presses.start()
        result = endpoint.load(PROFILE.replace(duration="60s"), label="watched")
        presses.join()
    assert address.startswith("127.0.0.1:")
    assert f"smload: Locust's web UI of the running load: http://{address}/\n" in capsys.readouterr().err
    assert (result.verdict, result.requests > 0) == ("invalid", True)
    with socket.create_server(("127.0.0.1", int(address.partition(":")[2]))):
        pass


def stop_once_it_counts(address: str) -> None:
    for _ in range(600):
        if json.loads(ask(address, "GET", "/stats/requests"))["stats"][-1]["num_requests"]:
            break
        time.sleep(0.05)
    assert "watched" in ask(address, "GET", "/smload")
    ask(address, "POST", "/stop")


def ask(address: str, method: str, path: str) -> str:
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request(method, path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


SCRIPT = """
import os, signal, sys, threading
from pytest_smload import Endpoint, LoadProfile

with Endpoint("local") as endpoint:
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        endpoint.load(LoadProfile(tps=50, duration="60s", warmup="0s", prime=False))
    except KeyboardInterrupt:
        print(endpoint.results[-1].verdict, endpoint.results[-1].requests > 0)
"""


def test_ctrl_c_ends_the_load_and_keeps_what_was_measured(tmp_path: Path) -> None:
    """It raises KeyboardInterrupt, so that a script's loop of loads ends too."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "interrupted True\n" == done.stdout, done.stderr
    assert "smload: load on local" in done.stderr


def test_the_example_notebook_runs() -> None:
    """Every cell of it, as in a browser, ends without an error; the verdict is shown."""
    nbclient = pytest.importorskip("nbclient", reason="the extra test has it")
    nbformat = pytest.importorskip("nbformat", reason="the extra test has it")
    folder = Path(__file__).parents[2] / "examples" / "notebook"
    notebook = nbformat.read(folder / "load.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    shown = json.dumps(notebook)

    assert "'pass'" in shown
    assert 'class=\\"pill pass\\"' in shown.replace('\\\\"', '\\"')
