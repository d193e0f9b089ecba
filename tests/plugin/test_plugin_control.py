"""Loads held against a control in the same window, end to end on local endpoints."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.reports.json_report import read_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject, PytestRun

AWS = """
[endpoints.{name}]
name = "abalone-{name}"
region = "us-east-1"
endpoint_url = "{url}"
payload = ["0.455,0.365", "0.35,0.265"]
content_type = "text/csv"
models = {{ "a.tar.gz" = 3, "b.tar.gz" = 1 }}
"""
SETTINGS = """
endpoint = "new"
[endpoints.broken]
scenario = "broken.toml"
[endpoints.failing]
scenario = "failing.toml"
[endpoints.frozen]
scenario = "frozen.toml"
[endpoints.variants]
scenario = "variants.toml"
[endpoints.counted]
scenario = "variants.toml"
cloudwatch = true
[endpoints.dead]
name = "dead"
region = "us-east-1"
endpoint_url = "http://127.0.0.1:9"
payload = "x"
"""
FILES = {
    "broken.toml": 'latency = "5ms"\n[[faults]]\nkind = "ModelError"\nrate = 0.5\n',
    "failing.toml": 'latency = "4ms"\n[[faults]]\nkind = "ServiceUnavailable"\nrate = 0.6\n',
    "frozen.toml": 'latency = "4ms"\n[[faults]]\nkind = "freeze"\nat = "500ms"\nfor = "1500ms"\n',
    "variants.toml": 'multi_model = false\n[variants]\nblue = { latency = "4ms" }\ngreen = { latency = "4ms" }\n',
}
COMPARED = """
import pytest
pytestmark = pytest.mark.perf(tps=100, duration="1s", warmup="300ms", invalid_retries=0)

@pytest.mark.perf(control="stable")
@pytest.mark.perf_budget(regression={"p50": "100%", "tps": "90%"}, error_rate="100%")
def test_slower(load_result): pass
"""
TESTS = """
import pytest
pytestmark = pytest.mark.perf(tps=100, duration="1s", warmup="300ms", invalid_retries=0, endpoint="variants")

@pytest.mark.perf(endpoint="counted", control="counted")
@pytest.mark.perf_budget(regression={"p50": "10000%"}, p50="5s")
def test_itself(load_result):
    (comparison,) = load_result.control.comparisons
    assert 0 < comparison.latest.attainable_now < 100
    assert load_result.baseline is None
    assert load_result.control.sent == load_result.sent == 100

@pytest.mark.perf(control="variant:blue", variant="green")
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_variant(load_result):
    assert list(load_result.invoked_variants) == ["green"]

@pytest.mark.perf(control="broken")
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_broken_control(load_result): pass

@pytest.mark.perf(endpoint="failing", control="broken")
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_broken_control_and_limit(load_result): pass

@pytest.mark.perf(endpoint="failing", control="variants")
@pytest.mark.perf_budget(regression={"p50": "10000%"}, error_rate="100%")
def test_mostly_failing(load_result): pass

@pytest.mark.perf(control="frozen", duration="2s")
@pytest.mark.perf_budget(regression={"p50": "10000%"}, error_rate="100%")
def test_frozen_control(load_result): pass

@pytest.mark.perf(control="variants", max_requests=90)
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_capped(load_result):
    sides = load_result, load_result.control
    assert [each.sent + each.warmup.sent for each in sides] == [45, 45]

@pytest.mark.perf(control="dead")
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_dead_control(load_result): pass

@pytest.mark.perf(control="broken")
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_measured_only(sm_endpoint, load_profile):
    assert sm_endpoint.load(load_profile, budget=None).control is None
"""
CHANGED = """
import os, threading
import boto3, pytest

def to_two():
    boto3.client("sagemaker", region_name="us-east-1", endpoint_url=os.environ["CONTROL_URL"]) \\
        .update_endpoint_weights_and_capacities(
            EndpointName="abalone-stable",
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
        )

@pytest.mark.perf(control="stable", tps=50, duration="1s", warmup="100ms")
@pytest.mark.perf_budget(regression={"p50": "10000%"})
def test_changed(sm_endpoint, load_profile):
    timer = threading.Timer(0.5, to_two)
    timer.start()
    sm_endpoint.load(load_profile)
    timer.join()
"""


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, EmulatorProcess]]:
    """Two endpoints, the one under test ten times as slow."""
    running = {}
    try:
        for name, latency in {"new": "60ms", "stable": "6ms"}.items():
            scenario = tmp_path_factory.mktemp(name) / "scenario.toml"
            scenario.write_text(f'latency = "{latency}"')
            running[name] = EmulatorProcess.start(scenario)
        yield running
    finally:
        for process in running.values():
            process.stop()


@pytest.fixture(scope="module")
def compared(project: MakeProject, sides: dict[str, EmulatorProcess]) -> PytestRun:
    """A run against a control that is much faster."""
    tables = "".join(AWS.format(name=name, url=process.url) for name, process in sides.items())
    made = project({"smload.toml": 'endpoint = "new"\n' + tables, "test_it.py": COMPARED})
    for _ in range(4):
        for process in sides.values():
            process.reset()
        run = made.run("-m", "perf", "-v", "--smload-update-baselines")
        # A machine that is busy may leave it undecided; that is not what is asked here.
        if "the client itself may have made it" not in run.out:
            break
    return run


@pytest.fixture(scope="module")
def run(project: MakeProject) -> PytestRun:
    """A run of the others."""
    return project({"smload.toml": SETTINGS.replace("new", "variants", 1), "test_it.py": TESTS, **FILES}).run(
        "-m", "perf"
    )


def load_of(run: PytestRun, test: str) -> dict[str, Any]:
    """The only load of a test in ``report.json``."""
    (load,) = run.loads(test)
    return load


def test_a_regression_against_the_control_fails(compared: PytestRun) -> None:
    """Confirmed by sending both sides again; the check names the control's value, the ratio and its interval."""
    load = load_of(compared, "test_slower")
    check = next(check for check in load["checks"] if check["metric"] == "p50")

    assert load["verdict"] == "fail", compared.out
    assert check["outcome"] == "fail"
    assert check["limit"].startswith("<= 200% of control ")
    (comparison, *_) = load["control"]["comparisons"]
    assert comparison["decision"] == "fail"
    assert comparison["latest"]["lower"] > 2
    assert comparison["rerun"]["lower"] > 2
    said = " ".join(compared.section("test_slower").split())
    assert "confirmed by a rerun: ratio" in said
    assert "against control stable (abalone-stable) in us-east-1, in the same window: p50 " in said


def test_each_endpoint_has_what_is_reported_of_its_side(compared: PytestRun, sides: dict[str, EmulatorProcess]) -> None:
    """Windows, warm-ups and the rerun of either side add up to that endpoint's log, per model, to the request."""
    load = load_of(compared, "test_slower")
    own = Counter({name: stats["requests"] for name, stats in load["models"].items()})
    control = Counter(load["control"]["models"])
    for counted, run, warmup in ((own, load, load["warmup"]), (control, load["control"], load["control"]["warmup"])):
        counted.update(warmup["models"])
        assert run["sent"] == 100
    for rerun in load["reruns"]:
        side = control if rerun["why"] == "control" else own
        side.update(rerun["models"])
        side.update(rerun["warmup"]["models"])

    assert own == sides["new"].log().models
    assert control == sides["stable"].log().models


def test_a_load_with_a_control_is_no_baseline(compared: PytestRun) -> None:
    """``--smload-update-baselines`` records nothing of it, and says why."""
    assert not (compared.folder / ".smload" / "baselines").exists()
    assert "held against its control" in " ".join(load_of(compared, "test_slower")["notes"])


def test_the_report_can_be_read_back(compared: PytestRun) -> None:
    """``report.json`` gives the same result again, the control in it."""
    (test,) = read_report(compared.folder / "report" / "report.json").tests
    control = test.loads[0].control

    assert control is not None
    assert control.name == "stable"
    assert control.total.requests == control.sent == 100
    assert control.comparisons[0].latest.ratio > 2


def test_an_endpoint_can_be_its_own_control(run: PytestRun) -> None:
    """An A/A run passes, and tells the budget that can be held, on the terminal too."""
    assert load_of(run, "test_itself")["verdict"] == "pass", run.out
    assert "smallest budget attainable" in run.out


def test_a_variant_of_the_same_endpoint_is_a_control(run: PytestRun) -> None:
    """The load's requests name one variant, the control's the other."""
    load = load_of(run, "test_variant")

    assert load["verdict"] == "pass", run.out
    assert load["control"]["name"] == "variant:blue"
    assert load["control"]["sent"] == load["sent"] == 100


def test_a_failing_control_is_no_pass(run: PytestRun) -> None:
    """There is nothing to compare with: INVALID, naming the control and its errors."""
    load = load_of(run, "test_broken_control")

    assert load["verdict"] == "invalid", run.out
    check = next(check for check in load["checks"] if check["metric"] == "p50")
    assert (check["outcome"], check["cause"]) == ("invalid", "control")
    assert "control broken: " in check["note"]
    assert "ModelError" in check["note"]
    assert load["control"]["errors"]["ModelError"] > 10


def test_a_failing_control_hides_no_limit(run: PytestRun) -> None:
    """What the load itself breaks fails it, though nothing can be compared."""
    load = load_of(run, "test_broken_control_and_limit")

    assert load["verdict"] == "fail", run.out
    assert {check["metric"]: check["outcome"] for check in load["checks"]} == {"error_rate": "fail", "p50": "invalid"}


def test_latency_of_the_few_that_were_answered_is_no_pass(run: PytestRun) -> None:
    """Most of the endpoint's answers are errors, of which its mark allows any number: nothing is shown by the rest."""
    load = load_of(run, "test_mostly_failing")
    (check,) = (check for check in load["checks"] if check["metric"] == "p50")

    assert load["verdict"] == "invalid", run.out
    assert check["cause"] == "failures"
    assert "60% failed, and 0% of the control's" in check["note"]


def test_a_control_that_stops_answering_is_no_pass(run: PytestRun) -> None:
    """It froze for a second and more, which makes any load look fast."""
    load = load_of(run, "test_frozen_control")
    (check,) = (check for check in load["checks"] if check["metric"] == "p50")

    assert load["verdict"] == "invalid", run.out
    assert "control frozen: it answered nothing for " in check["note"], run.out


def test_a_control_that_changes_during_the_load_is_invalid(
    project: MakeProject, sides: dict[str, EmulatorProcess]
) -> None:
    """A second instance is asked for meanwhile, of the control alone."""
    stable = sides["stable"].url
    tables = AWS.format(name="new", url=sides["new"].url) + AWS.format(name="stable", url=stable)
    files = {"smload.toml": f'endpoint = "new"\n{tables}control_url = "{stable}"\n', "test_it.py": CHANGED}
    run = project(files).run("-m", "perf", env={"CONTROL_URL": stable})
    load = load_of(run, "test_changed")

    assert load["verdict"] == "invalid", run.out
    (reason,) = load["client"]["reasons"]
    assert reason["cause"].startswith("control stable changed during the load: ")


def test_a_cap_on_requests_is_of_both_sides(run: PytestRun) -> None:
    """Warm-up included, half of it to each."""
    assert load_of(run, "test_capped")["verdict"] == "pass", run.out


def test_a_control_that_nobody_answers_for_is_an_error(run: PytestRun) -> None:
    """Nothing is sent to either side."""
    assert "test_dead_control" not in run.tests() or not run.loads("test_dead_control")
    assert "127.0.0.1:9" in run.section("test_dead_control")


def test_cloudwatch_is_not_asked_about_both_sides_together(run: PytestRun) -> None:
    """Where the control is on the same endpoint its figures would be of both."""
    load = load_of(run, "test_itself")

    assert "server" not in load
    assert "would be of both" in " ".join(load["notes"])


def test_a_load_that_is_only_measured_has_no_control(run: PytestRun) -> None:
    """Nothing is sent to it."""
    assert load_of(run, "test_measured_only")["verdict"] == "pass", run.out


WRONG = {
    "unknown": ('control="stabel"', 'regression={"p50": "10%"}', "did you mean 'stable'?"),
    "nothing to compare": ('control="stable"', 'p95="1s"', "no regression budget says what is compared"),
    "users": ('control="stable", users=3', 'regression={"p50": "10%"}', "both sides are sent one schedule"),
    "extension": ('control="stable", max_duration="120s"', 'regression={"p50": "10%"}', "leave max_duration out"),
    "no variant": ('control="variant:blue"', 'regression={"p50": "10%"}', "names no variant of its own"),
    "empty variant": ('control="variant:"', 'regression={"p50": "10%"}', "names no variant; write"),
    "required": ('control="stable"', 'regression={"p50": "10%"}, baseline_required=True', "control takes its place"),
    "models": ('control="few"', 'regression={"p50": "10%"}', "[endpoints.few] lacks model 'b.tar.gz'"),
    "server": ('control="new"', 'regression={"p50": "10%"}, cpu_utilization_max="90%"', "would be of both sides"),
    "production": ('control="live"', 'regression={"p50": "10%"}', "endpoint 'live' is production"),
    "rate": ('control="stable", tps=60', 'regression={"p50": "10%"}', "the load is 120 TPS, both sides together"),
    "one request": ('control="stable", max_requests=1', 'regression={"p50": "10%"}', "ask for 2 or more"),
    "not text": ("control=3", 'regression={"p50": "10%"}', "control: 3 is not the name"),
    "autoscaled": (
        'control="stable", autoscaled={"max": 2}',
        'regression={"p50": "10%"}',
        "an autoscaled endpoint is not the same from run to rerun",
    ),
}
WRONG_SETTINGS = """
endpoint = "new"
[safety]
max_tps = 100
[endpoints.new]
scenario = "s.toml"
models = { "a.tar.gz" = 3, "b.tar.gz" = 1 }
[endpoints.stable]
scenario = "s.toml"
[endpoints.few]
scenario = "s.toml"
models = { "a.tar.gz" = 1 }
[endpoints.live]
name = "live"
production = true
payload = "x"
"""


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_forms_are_refused_before_anything_is_sent(project: MakeProject, wrong: str) -> None:
    """One line each, with what to do; no endpoint is started."""
    marks, budget, expected = WRONG[wrong]
    shape = "" if "users" in marks or "tps" in marks else "tps=10, "
    test = f"import pytest\n@pytest.mark.perf({shape}{marks})\n@pytest.mark.perf_budget({budget})\n"
    files = {
        "smload.toml": WRONG_SETTINGS,
        "s.toml": 'latency = "1ms"',
        "test_it.py": test + "def test_x(load_result): pass\n",
    }
    done = project(files).run("-m", "perf", report=False)

    assert done.exit_code != 0
    assert expected in " ".join(done.out.split()), done.out
    assert "smload: load on" not in done.out
