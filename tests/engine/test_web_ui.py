"""Locust's web UI in its own process: what it shows, what it lets through, and what is left of it."""

from __future__ import annotations

import http.client
import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pytest_smload.core.samples.ended import Ended
from pytest_smload.core.samples.progress import Progress
from pytest_smload.engine.web_ui.address import Address
from pytest_smload.engine.web_ui.guard import Guard
from pytest_smload.engine.web_ui.messages import Messages, message
from pytest_smload.engine.web_ui.process import WebUi
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def ui() -> Iterator[WebUi]:
    served = WebUi(Address.parse("0", "--smload-ui"))
    yield served
    served.close()


def port_of(ui: WebUi) -> int:
    return int(ui.url.rpartition(":")[2].strip("/"))


def ask(ui: WebUi, path: str, method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(ui), timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        response = connection.getresponse()
        return response.status, response.read().decode(), {name.lower(): text for name, text in response.getheaders()}
    finally:
        connection.close()


def progress(elapsed_s: float, names: list[str], took_ms: list[float], kind: int = 0) -> Progress:
    count = len(took_ms)
    ended = Ended.of(
        took_ms=np.array(took_ms),
        kind=np.full(count, kind, dtype="u1"),
        route=np.full(count, len(names) - 1, dtype="u2"),
        in_window=np.ones(count, dtype=bool),
        kinds=("ok", "Timeout", "ModelError"),
        messages={"ModelError": HOSTILE},
        names=names,
    )
    return Progress(elapsed_s, 60.0, "window", 7, None, 1.0, 1.0, 0, 1, ended=ended)


def stats_when(ui: WebUi, requests: int) -> dict[str, Any]:
    """The statistics once they have so many requests: what was told is on its way for a moment."""
    for _ in range(500):
        found: dict[str, Any] = json.loads(ask(ui, "/stats/requests")[1])
        if found["stats"][-1]["num_requests"] == requests:
            return found
        time.sleep(0.01)
    raise AssertionError(found)


def test_it_shows_the_load_as_it_is_told(ui: WebUi) -> None:
    """Counts, percentiles, users and failures by model; names may come later; another run begins anew."""
    with ui.showing("https://runtime.example", "test_it.py::test_load"):
        ui.hear(progress(1.0, ["a"], [10.0] * 99 + [500.0]))
        ui.hear(progress(2.0, ["a", HOSTILE], [20.0] * 50, kind=2))
        found = stats_when(ui, 150)
        rows = {row["name"]: row for row in found["stats"]}
        assert rows["a"]["num_requests"] == 100
        assert rows["a"]["median_response_time"] == pytest.approx(10, rel=0.01)
        assert rows["a"]["max_response_time"] == pytest.approx(500, rel=0.01)
        assert rows[HOSTILE]["num_failures"] == 50
        assert (found["state"], found["user_count"]) == ("running", 7)
        assert [(each["error"], each["occurrences"]) for each in found["errors"]] == [(f"ModelError: {HOSTILE}", 50)]
        status, page, headers = ask(ui, "/")
        assert (status, HOSTILE in page) == (200, False)
        assert "https://runtime.example" in page
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers
        assert ask(ui, "/stats/report")[0] == 200

        ui.hear(progress(0.5, ["a"], [10.0]))
        stats_when(ui, 1)
    for _ in range(500):
        if json.loads(ask(ui, "/stats/requests")[1])["state"] == "stopped":
            break
        time.sleep(0.01)
    else:
        raise AssertionError("it still runs")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/swarm"), ("GET", "/stats/reset"), ("POST", "/stats/reset"), ("POST", "/user"), ("GET", "/login")],
)
def test_nothing_can_be_started_or_changed(ui: WebUi, method: str, path: str) -> None:
    """The test that describes the load is the only one to."""
    status, said, _ = ask(ui, path, method)
    assert status == 403
    assert not json.loads(said)["success"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8089"},
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_pages_from_elsewhere_can_neither_read_nor_stop(ui: WebUi, headers: dict[str, str]) -> None:
    """A browser that has such a page open reaches loopback too."""
    with ui.showing("", ""):
        assert ask(ui, "/stats/requests", **headers)[0] == 403
        assert ask(ui, "/stop", "POST", **headers)[0] == 403
        assert not ui.wants_end()


def test_stop_is_heard_once_and_by_the_load_that_runs(ui: WebUi) -> None:
    """Without a load there is nothing to stop, and the next load runs."""
    with ui.showing("", ""):
        ui.hear(progress(1.0, ["a"], [10.0]))
        stats_when(ui, 1)
        assert not ui.wants_end()
        assert json.loads(ask(ui, "/stop", "POST")[1]) == {"success": True, "message": "Test stopped"}
        assert ask(ui, "/stop", "POST")[0] == 409
        assert [ui.wants_end(), ui.wants_end()] == [True, True]
    with ui.showing("", ""):
        assert not ui.wants_end()


def test_a_port_that_is_taken_is_refused_before_anything_starts() -> None:
    """In one line, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}: Address already in use; name another port"):
            WebUi(Address.parse(str(port), "--smload-ui"))


@pytest.mark.parametrize("text", ["", "x", "-1", "65536", ":8089", "8089:", "1.5", "٣"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """The message says what to write."""
    with pytest.raises(ConfigurationError, match=r"SMLOAD_UI: .* write a port, such as 8089"):
        Address.parse(text, "SMLOAD_UI")


def test_elsewhere_than_on_loopback_is_warned_of() -> None:
    """Nothing guards the page there."""
    assert Address.parse("8089", "x") == Address("127.0.0.1", 8089, "x")
    assert Address.parse("[::1]:0", "x").warning == Address.parse("localhost:0", "x").warning == ""
    assert "open to the network" in Address.parse("0.0.0.0:8089", "--smload-ui").warning


def test_a_page_served_elsewhere_is_read_by_any_name() -> None:
    """Who asked for it knows by which names it is reached; what changes the load is kept out all the same."""
    said: list[str] = []
    guard = Guard(lambda _environ, start: start("200 OK", []) or [b"page"], lambda: False, "0.0.0.0")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "box.example:8089"}
    assert guard(environ, lambda status, _headers: said.append(status)) == [b"page"]
    guard(environ | {"PATH_INFO": "/swarm"}, lambda status, _headers: said.append(status))
    assert said == ["200 OK", "403 Forbidden"]


def test_messages_come_whole_however_they_are_cut() -> None:
    """One byte at a time, bodies with newlines in them."""
    told = message("a", b"one\ntwo", x=1) + message("b")
    messages = Messages()
    found = [each for place in range(len(told)) for each in messages.take(told[place : place + 1])]
    assert found == [({"kind": "a", "bytes": 7, "x": 1}, b"one\ntwo"), ({"kind": "b", "bytes": 0}, b"")]


def test_nothing_is_left_of_it() -> None:
    """Neither process nor socket; a UI that was killed meanwhile disturbs no load."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    served = WebUi(Address.parse("0", "--smload-ui"))
    port, process = port_of(served), served._process
    process.kill()
    process.wait()
    with served.showing("", ""):
        for _ in range(3):
            served.hear(progress(1.0, ["a"], [10.0]))
        assert not served.wants_end()
    served.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with socket.create_server(("127.0.0.1", port)):
        pass
