"""The examples run as README.md says, on the embedded endpoint, and leave the record they promise."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from example_runs import ROOT, WEIGHTED

if TYPE_CHECKING:
    from example_runs import ExampleRuns, ExamplesRun

LOADS = {
    "examples/locust_listener/test_with_listener.py::test_every_request_is_heard": [None],
    "examples/locustfile/test_own_users.py::test_single_endpoint": [None],
    "examples/locustfile/test_own_users.py::test_weighted_models": [None],
    "examples/moto/test_wiring.py::test_wiring": [None],
    "examples/ten_thousand_models/test_ten_thousand_models.py::test_who_waits_for_memory": [None],
    "examples/test_many_models.py::test_popular_models_stay_loaded": [None],
    "examples/test_phases.py::test_endpoint_recovers_from_overload": ["before", "overload", "after"],
    "examples/test_single_model.py::test_answers_are_right_before_they_are_fast": [None],
    "examples/test_single_model.py::test_classification_speed": [None],
    "examples/test_stages.py::test_noon": [None],
    WEIGHTED: [None],
}
"""Every example, and the labels of its loads."""
PARTS_OF_A_LIMIT_THAT_MAY_BE_USED = 0.7


@pytest.fixture(scope="module")
def run(example_runs: ExampleRuns) -> ExamplesRun:
    """``pytest -m perf examples``."""
    return example_runs.healthy.ended()


def test_every_example_passes(run: ExamplesRun) -> None:
    """All of them, and nothing else, in terminal, JUnit and exit code."""
    assert {"passed": len(LOADS)} == run.outcomes, run.out
    assert pytest.ExitCode.OK == run.exit_code
    assert f"{len(LOADS)} passed" in run.out


def test_report_has_every_load(run: ExamplesRun) -> None:
    """report.json has each example once, its loads under their labels, all measured on this machine or mocked."""
    loads = {nodeid: [load["label"] for load in test["loads"]] for nodeid, test in run.tests.items()}
    assert loads == LOADS
    assert {"pass"} == {test["verdict"] for test in run.tests.values()}
    urls = {load["endpoint"]["url"].rpartition(":")[0] for load in _loads(run) if load["client"]["judged"]}
    assert {"http://127.0.0.1"} == urls


def test_the_mocked_load_reached_nothing(run: ExamplesRun) -> None:
    """moto answered through the SDK, without a connection; time was not judged, and everything else was."""
    (load,) = [load for load in _loads(run) if not load["client"]["judged"]]
    assert (load["transport"], load["connects"]) == ("boto3", 0)
    assert ["error_rate", "requests"] == [check["metric"] for check in load["checks"]]
    assert "https://runtime.sagemaker.us-east-1.amazonaws.com" == load["endpoint"]["url"]


def test_every_window_fits_a_minute(run: ExamplesRun) -> None:
    """The loads ask for less than 40 s together, so that all examples end within a minute."""
    windows_s = sum(load["window_s"] for test in run.tests.values() for load in test["loads"])
    assert windows_s < 40


def test_limits_leave_room(run: ExamplesRun) -> None:
    """No latency comes near its limit: an example must not fail on a busy machine."""
    checks = [check for load in _loads(run) for check in load["checks"]]
    timed = [check for check in checks if check["metric"].startswith("p")]
    near = [
        check for check in timed if check["observed"] > PARTS_OF_A_LIMIT_THAT_MAY_BE_USED * _limit_ms(check["limit"])
    ]
    assert [] == near
    assert len(timed) >= len(LOADS)


def test_weighted_example_splits_three_to_one(run: ExamplesRun) -> None:
    """The open model's counts follow the weights to within one request."""
    (load,) = run.tests[WEIGHTED]["loads"]
    requests = {name: stats["requests"] for name, stats in load["models"].items()}
    assert abs(requests["xgboost-0.tar.gz"] - 3 / 4 * load["scheduled"]) <= 1
    assert load["scheduled"] == sum(requests.values())


def test_own_users_are_told_apart_by_name(run: ExamplesRun) -> None:
    """The published scripts, run unchanged: each name of theirs has figures, and all together are the total's."""
    (load,) = run.tests["examples/locustfile/test_own_users.py::test_weighted_models"]["loads"]
    requests = {name: stats["requests"] for name, stats in load["names"].items()}
    assert {"InvokeEndpoint xgboost-0", "InvokeEndpoint xgboost-1"} == set(requests)
    assert load["total"]["requests"] == sum(requests.values()) > 20
    assert "locustfile" == load["transport"]
    assert {} == load["mix"] == load["models"]


def test_overload_is_measured_without_a_budget(run: ExamplesRun) -> None:
    """The phase with ``budget=None`` sheds load and has no checks; those around it have."""
    before, overload, after = run.tests["examples/test_phases.py::test_endpoint_recovers_from_overload"]["loads"]
    assert [] == overload["checks"]
    assert overload["errors"]["ServiceUnavailable"] > 0
    assert [check["metric"] for check in before["checks"]] == [check["metric"] for check in after["checks"]]


def test_regressed_endpoint_fails_as_the_readme_shows(example_runs: ExampleRuns) -> None:
    """Against the endpoint with a slow model the same test fails on p95, in all and of that model, and only there."""
    run = example_runs.regressed.ended()
    assert {"failure": 1} == run.outcomes, run.out
    assert pytest.ExitCode.TESTS_FAILED == run.exit_code
    (load,) = run.tests[WEIGHTED]["loads"]
    failed = {(check["scope"], check["metric"]) for check in load["checks"] if check["outcome"] == "fail"}
    assert {("total", "p95"), ("xgboost-1.tar.gz", "p95")} == failed


def test_instances_that_are_held_and_scaled(example_runs: ExampleRuns) -> None:
    """Four ways to host a model are each held to both sides' limits; a second instance arrives, and all is put back."""
    run = example_runs.scaled.ended()
    assert pytest.ExitCode.OK == run.exit_code, run.out
    loads = {nodeid.rpartition("::")[2]: test["loads"] for nodeid, test in run.tests.items()}
    steps, scaled = loads.pop("test_what_one_instance_carries_and_two_do_better")
    hosts = [load["hosting"]["variants"][0]["instance_type"] for (load,) in loads.values()]
    assert ["ml.c5.xlarge", "ml.c5.2xlarge", "ml.g4dn.xlarge", "ml.c5.xlarge"] == hosts
    assert all(load["server"]["counted_in_all"] == load["server"]["sent_in_all"] for (load,) in loads.values())
    assert steps["stages"]["20 TPS"]["p95_ms"] < 200 < steps["stages"]["100 TPS"]["p95_ms"]
    assert [1, 2] == [count["instances"] for count in scaled["scaling"]["instances"]]
    assert not list((example_runs.scaled.folder / "examples").rglob(".smload/journal/*.json"))


def test_instances_are_sized_by_what_one_holds(example_runs: ExampleRuns) -> None:
    """One instance of 8 workers at 36 ms holds some 220 requests/s, and fails with 5xx beyond; five hold 1,000."""
    run = example_runs.sized.ended()
    assert pytest.ExitCode.OK == run.exit_code, run.out
    test = run.tests["examples/sizing/test_sizing.py::test_instances_for_1000"]
    (found,), (load,) = test["capacities"], test["loads"]
    assert 195 <= found["tps"] <= 249
    assert (1, True) == (found["instances"], found["instances_known"])
    assert load["hosting"]["variants"][0]["instances"] == -(-1000 // found["tps"])
    assert load["cost"]["hourly_usd"] == pytest.approx(0.204 * load["hosting"]["variants"][0]["instances"])


def test_configurations_are_compared_by_price(example_runs: ExampleRuns) -> None:
    """Four of them, each confirmed at what it is rated for; report.md has them in one table and names the cheapest."""
    run = example_runs.sized.ended()
    found = [test["capacities"][0] for nodeid, test in run.tests.items() if "rated_for" in nodeid]
    assert ["c5-large", "c5-xlarge", "c5-2xlarge", "g4dn-xlarge"] == [capacity["label"] for capacity in found]
    assert {True} == {capacity["confirmed"] for capacity in found}
    assert [0.102, 0.204, 0.408, 0.736] == [capacity["hourly_usd"] for capacity in found]
    text = (example_runs.sized.folder / "report" / "report.md").read_text()
    assert "cheapest that keeps its budget (they are held to different ones): c5-xlarge" in text


def test_rare_models_wait_for_memory(run: ExamplesRun) -> None:
    """Of ten thousand models a hundred are in memory: more than one request in twenty waits the 400 ms of a load."""
    (load,) = run.tests["examples/ten_thousand_models/test_ten_thousand_models.py::test_who_waits_for_memory"]["loads"]
    assert 10_000 == len(load["models"])
    assert load["total"]["cold"]["touched"] > 100
    assert load["total"]["p95_ms"] > 400


def test_plain_pytest_does_not_collect_examples() -> None:
    """``pytest`` without arguments runs the tests, and the code in the pages, only."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["pytest"]["ini_options"]["testpaths"] == ["tests", "docs"]


def _loads(run: ExamplesRun) -> list[dict[str, Any]]:
    return [load for test in run.tests.values() for load in test["loads"]]


def _limit_ms(text: str) -> float:
    number, unit = text.removeprefix("<= ").split()
    return float(number) * {"ms": 1.0, "s": 1000.0}[unit]
