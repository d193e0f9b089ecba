"""Two perf runs at once in one checkout keep out of each other's way."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from perf_project import PerfProject
from side_by_side import side_by_side

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
    import json, pathlib, time, urllib.request
    import pytest

    pytestmark = pytest.mark.perf(duration="500ms", warmup="200ms")

    def meet(name, other):
        pathlib.Path(f"{name}.there").touch()
        deadline = time.monotonic() + 60
        while not pathlib.Path(f"{other}.there").exists():
            assert time.monotonic() < deadline, f"{other} did not come"
            time.sleep(0.01)

    def keep_log(name, sm_endpoint):
        request = urllib.request.Request(sm_endpoint.url + "/_emulator/log", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            log = json.load(answer)
        pathlib.Path(f"{name}.log").write_text(json.dumps({"url": sm_endpoint.url, "requests": log["requests"]}))

    @pytest.mark.perf(users=3)
    def test_one(sm_endpoint, load_profile):
        meet("one", "two")
        sm_endpoint.load(load_profile)
        keep_log("one", sm_endpoint)

    @pytest.mark.perf(tps=40)
    def test_two(sm_endpoint, load_profile):
        meet("two", "one")
        sm_endpoint.load(load_profile)
        keep_log("two", sm_endpoint)
"""


@pytest.mark.parametrize("folders", [("report-one", "report-two"), ("report", "report")], ids=["apart", "shared"])
def test_two_runs_at_once(tmp_path: Path, folders: tuple[str, str]) -> None:
    """Both end, each with an endpoint and a log of its own; a report holds one run, whole."""
    project = PerfProject(tmp_path, {"test_it.py": TESTS})
    runs = [
        partial(project.run, "-k", f"test_{name}", "--smload-report", folder)
        for name, folder in zip(("one", "two"), folders, strict=True)
    ]
    codes, outs = zip(*side_by_side(*runs), strict=True)

    logs = {name: json.loads((tmp_path / f"{name}.log").read_text()) for name in ("one", "two")}
    assert logs["one"]["url"] != logs["two"]["url"]
    exit_code = {"pass": 0, "invalid": 1}
    found = {}
    for folder in set(folders):
        assert [] == [path.name for path in (tmp_path / folder).iterdir() if path.name.startswith(".")]
        (test,) = json.loads((tmp_path / folder / "report.json").read_text())["tests"]
        name = test["nodeid"].partition("::test_")[2]
        (load,) = test["loads"]
        assert logs[name]["requests"] == load["sent"] + load["warmup"]["sent"]
        assert logs[name]["url"] == load["endpoint"]["url"]
        found[name] = (folder, test["verdict"])
    if folders[0] != folders[1]:
        assert {"one": folders[0], "two": folders[1]} == {name: folder for name, (folder, _) in found.items()}
    for name, code, out in zip(("one", "two"), codes, outs, strict=True):
        # A machine that lags may make a run invalid; that is said, and is no fault of the other run.
        assert code in exit_code.values(), out
        assert "Traceback" not in out
        assert [logs[name]["url"]] == re.findall(r"smload: load on .*?(http://127\.0\.0\.1:\d+)", out)
        if name in found:
            assert exit_code[found[name][1]] == code
