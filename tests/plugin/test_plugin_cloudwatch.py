"""Limits on the server's side, end to end: a load through the plugin, figures by boto3 from the embedded endpoint."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_runs import LIMIT_S, PytestRun

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_runs import MakeProject, Project

POLICY = json.loads((Path(__file__).parents[2] / "examples/iam/cloudwatch.json").read_text())
ALLOWED = sorted(
    action
    for statement in POLICY["Statement"]
    for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
)
SCENARIO = """
endpoint = "abalone"
instances = 2
workers = 8
latency = "5ms"
[hosting]
instance_type = "ml.m5.large"
metrics_period = "1s"
"""
SETTINGS = """
endpoint = "staging"
[endpoints.staging]
name = "abalone"
region = "us-east-1"
endpoint_url = "{url}"
control_url = "{url}"
payload = ["0.455"]
content_type = "text/csv"
[endpoints.looked_at]
name = "abalone"
region = "us-east-1"
endpoint_url = "{url}"
control_url = "{url}"
payload = ["0.455"]
cloudwatch = true
[endpoints.alone]
name = "abalone"
region = "us-east-1"
endpoint_url = "{url}"
payload = ["0.455"]
"""
TESTS = """
import threading
import boto3
import pytest

LOAD = dict(tps=60, duration="2s", warmup="300ms")

@pytest.mark.perf(tps=60, duration="5s", warmup="300ms")
@pytest.mark.perf_budget(cpu_utilization_max="90%", model_latency_p95="500ms", model_latency_mean="200ms",
                         server_5xx=0, server_4xx="1%", invocations_per_instance=2500)
def test_kept(load_result):
    assert load_result.server.foreign == load_result.server.uncounted == 0

@pytest.mark.perf(**LOAD)
@pytest.mark.perf_budget(model_latency_mean="1ms", disk_utilization_max="90%")
def test_broken(load_result): pass

@pytest.mark.perf(**LOAD)
@pytest.mark.perf_budget(gpu_memory_utilization_max="90%")
def test_no_gpu(load_result): pass

@pytest.mark.perf(tps=60, duration="2500ms", warmup="0s")
@pytest.mark.perf_budget(server_5xx=0)
def test_no_whole_periods(load_result): pass

@pytest.mark.perf(**LOAD)
@pytest.mark.perf_budget(server_5xx=0)
def test_others_are_there_too(sm_endpoint, load_profile):
    client = boto3.client("sagemaker-runtime", region_name="us-east-1", endpoint_url=sm_endpoint.url)
    over = threading.Event()

    def others():
        while not over.wait(0.02):
            client.invoke_endpoint(EndpointName="abalone", Body=b"1", ContentType="text/csv")

    thread = threading.Thread(target=others)
    thread.start()
    sm_endpoint.load(load_profile)
    over.set()
    thread.join()
"""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An endpoint whose figures come every second."""
    with started(tmp_path_factory, SCENARIO) as process:
        yield process


def started(factory: pytest.TempPathFactory, scenario: str) -> EmulatorProcess:
    path = factory.mktemp("scenario") / "scenario.toml"
    path.write_text(scenario)
    return EmulatorProcess.start(path)


@pytest.fixture(scope="module")
def make(project: MakeProject) -> Callable[[EmulatorProcess, str], Project]:
    """Make a project whose endpoint is that process."""

    def made(endpoint: EmulatorProcess, tests: str) -> Project:
        return project({"smload.toml": SETTINGS.format(url=endpoint.url), "test_it.py": tests})

    return made


class Finished:
    """A run with limits on the server's side, and what its endpoint saw of it."""

    def __init__(self, run: PytestRun, endpoint: EmulatorProcess) -> None:
        self.run = run
        self.log = endpoint.log()


@pytest.fixture(scope="module")
def finished(make: Callable[[EmulatorProcess, str], Project], figures: EmulatorProcess) -> Finished:
    """All the tests above, run once."""
    return Finished(make(figures, TESTS).run("-m", "perf", "-v"), figures)


def test_outcomes(finished: Finished) -> None:
    """Kept is passed, broken is failed, what cannot be held or trusted is an error."""
    assert {
        "test_kept": "passed",
        "test_broken": "failure",
        "test_no_gpu": "error",
        "test_no_whole_periods": "error",
        "test_others_are_there_too": "error",
    } == {name: outcome for name, (outcome, _) in finished.run.junit().items()}, finished.run.out


def test_what_cloudwatch_counted_is_what_was_sent_and_what_the_endpoint_saw(finished: Finished) -> None:
    """In the window, in all, and by its own log; of the test with others in it, no less."""
    loads = [load for test in finished.run.tests().values() for load in test["loads"]]
    ours, others = loads[:-1], loads[-1]

    for load in ours:
        server = load["server"]
        assert abs(server["counted"] - server["sent"]) <= server["at_edges"]
        assert server["sent_in_all"] == server["counted_in_all"] == load["warmup"]["sent"] + load["sent"]
        assert (0, 0) == (server["foreign"], server["uncounted"])
    seen = sum(load["server"]["sent_in_all"] for load in loads)
    assert seen < finished.log.requests
    assert others["server"]["counted_in_all"] > others["server"]["sent_in_all"]


def test_figures_are_the_endpoints_own(finished: Finished) -> None:
    """The mean of what its log calls the model's time; the rest of a request's time is network and client."""
    (load,) = finished.run.loads("test_kept")
    server = load["server"]

    assert server["figures"]["model_latency_mean"] == pytest.approx(5.0, rel=0.2)
    assert server["client_ms"] == pytest.approx(server["model_ms"] + server["overhead_ms"] + server["rest_ms"])
    assert server["rest_ms"] > 0
    assert server["agrees"] is True
    variant = {"name": "AllTraffic", "instance_type": "ml.m5.large", "instances": 2, "weight": 1.0}
    assert [{**variant, "vcpus": 2, "gpus": 0}] == server["variants"]
    assert 0 < server["figures"]["cpu_utilization_mean"] <= server["figures"]["cpu_utilization_max"] <= 1


def test_figures_are_there_period_by_period(finished: Finished) -> None:
    """From the begin of the load's own window on, each second; what was counted in them is what was counted in all."""
    (load,) = finished.run.loads("test_kept")
    series = {each["name"]: each for each in load["server"]["series"]}

    assert {"model_latency_mean", "overhead_latency_mean", "cpu_utilization_max", "invocations"} <= set(series)
    assert "model_latency_p95" not in series
    assert {("AllTraffic", 1, 5)} == {
        (each["variant"], each["period_s"], len(each["values"])) for each in series.values()
    }
    assert all(abs(each["begin_s"]) <= 0.1 for each in series.values())
    assert load["server"]["counted"] == sum(filter(None, series["invocations"]["values"]))
    assert [pytest.approx(5.0, rel=0.5)] * 5 == series["model_latency_mean"]["values"]
    busiest = max(filter(None, series["cpu_utilization_max"]["values"]))
    assert pytest.approx(load["server"]["figures"]["cpu_utilization_max"]) == busiest
    page = (finished.run.folder / "report" / "report.html").read_text()
    assert "in CloudWatch&#39;s periods the model&#39;s mean time" in page


def test_the_window_is_whole_periods(finished: Finished) -> None:
    """Of five seconds, from a fifth second on, for its percentile is one period."""
    (load,) = finished.run.loads("test_kept")
    begin, end = load["server"]["window_begin"], load["server"]["window_end"]

    assert 0 == int(begin[17:19]) % 5
    assert 5 == (int(end[17:19]) - int(begin[17:19])) % 60


def test_a_breach_is_told_as_any_other(finished: Finished) -> None:
    """First line, table, whose the time is; properties of JUnit."""
    text = finished.run.section("test_broken")

    assert text.lstrip().startswith("mean ModelLatency was ")
    assert "limit <= 1 ms (the function's perf_budget mark)" in text
    assert "CloudWatch, " in text
    # What is left for network and client is named where it is more than nothing: some microseconds here.
    assert re.search(r"mean client [\d.]+ ms(?:,| =) model [\d.]+ ms \+ overhead ", text)
    properties = dict(finished.run.properties("test_broken"))
    assert ("ms", "fail") == (
        properties["smload.total.model_latency_mean.unit"],
        properties["smload.total.model_latency_mean.verdict"],
    )
    assert ("ratio", "0.2", "pass") == tuple(
        properties[f"smload.total.disk_utilization_max.{key}"] for key in ("unit", "observed", "verdict")
    )


def test_foreign_traffic_is_invalid_by_name(finished: Finished) -> None:
    """Planted by the test itself."""
    text = finished.run.section("test_others_are_there_too")

    assert "INVALID" in text
    assert "invocations CloudWatch counted in the window" in text
    assert "were not sent by this load" in text
    assert "keep others off the endpoint" in text


@pytest.mark.parametrize(
    ("test", "line"),
    [
        (
            "test_no_gpu",
            "the function's perf_budget mark: gpu_memory_utilization_max: ml.m5.large has no GPU; leave the limit out",
        ),
        (
            "test_no_whole_periods",
            (
                "the function's perf_budget mark: server_5xx: CloudWatch has this endpoint's figures in periods of 1s, "
                "and a window of 2.5s is not a multiple of it; let the load last 3s"
            ),
        ),
    ],
)
def test_what_cannot_be_held_is_one_line_and_no_load(finished: Finished, test: str, line: str) -> None:
    """Known before the first request."""
    assert line == finished.run.section(test).strip()
    assert [] == finished.run.loads(test)


def test_a_report_says_whose_the_time_was_and_what_explains_it(finished: Finished) -> None:
    """Of a load that passed too: it is over-provisioned."""
    text = (finished.run.folder / "report" / "report.md").read_text()

    # What is left for network and client is named where it is more than nothing: some microseconds here.
    assert re.search(r"mean client [\d.]+ ms(?:,| =) model [\d.]+ ms \+ overhead ", text)
    assert "diagnosis: the endpoint is over" in text.replace("\\", "")
    (load,) = finished.run.loads("test_kept")
    assert ["over-provisioned"] == [each["name"] for each in load["diagnosis"]]


PLAIN = """
import pytest

@pytest.mark.perf(tps=60, duration="1s", warmup="200ms")
@pytest.mark.perf_budget(p50="500ms")
def test_plain(load_result): pass
"""
LIMITED = """
import pytest

@pytest.mark.perf(tps=60, duration="1s", warmup="200ms")
@pytest.mark.perf_budget(p50="500ms", server_5xx=0)
def test_limited(load_result): pass
"""


def test_without_such_limits_cloudwatch_is_not_asked(
    make: Callable[[EmulatorProcess, str], Project], figures: EmulatorProcess
) -> None:
    """No call of any kind, and no key of it in the report."""
    figures.reset()

    run = make(figures, PLAIN).run("-m", "perf")

    assert "1 passed" == run.summary
    assert [] == [call.action for call in figures.log().calls if call.action.startswith("cloudwatch")]
    assert "server" not in run.loads("test_plain")[0]


def test_an_endpoint_may_ask_to_be_looked_at(
    make: Callable[[EmulatorProcess, str], Project], figures: EmulatorProcess
) -> None:
    """cloudwatch = true: counted and compared, and a load that passed stays one line."""
    run = make(figures, PLAIN).run("-m", "perf", "--smload-endpoint", "looked_at")

    assert "1 passed" == run.summary
    assert run.loads("test_plain")[0]["server"]["foreign"] == 0
    section = run.out.partition(" smload ")[2].partition("smload: wrote")[0]
    assert 1 == sum(line.startswith("PASS") for line in section.splitlines())
    assert "CloudWatch" not in section


@pytest.mark.parametrize("how", ["option", "variable"])
def test_forbidden_to_ask_is_refused_before_any_load(
    make: Callable[[EmulatorProcess, str], Project], figures: EmulatorProcess, how: str
) -> None:
    """A usage error in one line: not looking is not keeping the limit."""
    figures.reset()
    option, env = ("--smload-no-cloudwatch", {}) if how == "option" else (None, {"SMLOAD_NO_CLOUDWATCH": "1"})

    run = make(figures, LIMITED).run("-m", "perf", *filter(None, [option]), env=env, report=False)

    (line,) = [line for line in run.out.splitlines() if "server_5xx" in line]
    assert 4 == run.exit_code
    assert line == (
        "ERROR: smload: test_it.py::test_limited: the function's perf_budget mark: server_5xx is CloudWatch's to say, "
        f"and {option or 'SMLOAD_NO_CLOUDWATCH'} forbids asking; run without it, or leave the limit out"
    )
    assert 0 == figures.log().requests


def test_forbidden_to_ask_is_heeded_where_no_limit_stands(
    make: Callable[[EmulatorProcess, str], Project], figures: EmulatorProcess
) -> None:
    """Even where the endpoint's table asks for it."""
    figures.reset()

    run = make(figures, PLAIN).run("-m", "perf", "--smload-endpoint", "looked_at", "--smload-no-cloudwatch")

    assert "1 passed" == run.summary
    assert [] == [call.action for call in figures.log().calls if call.action.startswith("cloudwatch")]


def test_a_loopback_address_without_control_plane_is_refused(
    make: Callable[[EmulatorProcess, str], Project], figures: EmulatorProcess
) -> None:
    """One line, nothing sent."""
    figures.reset()

    run = make(figures, LIMITED).run("-m", "perf", "--smload-endpoint", "alone")

    text = run.section("test_limited").strip()
    assert text == (
        f"the function's perf_budget mark: server_5xx is CloudWatch's to say: of endpoint 'abalone' at {figures.url} "
        "no control plane is known; set control_url in the endpoint's table to where it is"
    )
    assert 0 == figures.log().requests


MOCKED = """
import pytest
from moto import mock_aws

@pytest.fixture
def mock():
    with mock_aws():
        yield

@pytest.mark.perf(users=2, duration="1s", warmup="0s")
@pytest.mark.perf_budget(server_5xx=0)
def test_mocked(mock, load_result): pass
"""


def test_on_motos_mock_it_is_refused(project: MakeProject) -> None:
    """A mock has no figures."""
    settings = 'endpoint = "mocked"\n[endpoints.mocked]\nname = "mocked"\nregion = "us-east-1"\npayload = ["1"]\n'

    run = project({"smload.toml": settings, "test_it.py": MOCKED}).run("-m", "perf")

    assert run.section("test_mocked").strip() == (
        "the function's perf_budget mark: server_5xx is CloudWatch's to say, and moto's mock has no figures of a load; "
        "load the embedded endpoint, or leave the limit out"
    )


def restricted(factory: pytest.TempPathFactory, *actions: str) -> EmulatorProcess:
    return started(factory, f"{SCENARIO}allow = {json.dumps(['sagemaker:InvokeEndpoint', *actions])}\n")


def test_the_policy_names_exactly_the_calls_made(
    make: Callable[[EmulatorProcess, str], Project], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With credentials that may do only what it says, and of which nothing is left over; what preflight asks besides
    may be refused."""
    with restricted(tmp_path_factory, *ALLOWED) as endpoint:
        run = make(endpoint, LIMITED).run("-m", "perf")

        assert "1 passed" == run.summary, run.out
        calls = {call.action: call.code for call in endpoint.log().calls}
        # Which nobody needs a permission for.
        assert "" == calls.pop("sts:GetCallerIdentity")
        assert ALLOWED == sorted(action for action, code in calls.items() if not code)


def test_denied_is_known_before_the_bill(
    make: Callable[[EmulatorProcess, str], Project], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One line naming the permission; no request was sent."""
    with restricted(tmp_path_factory, *[action for action in ALLOWED if "cloudwatch" not in action]) as endpoint:
        run = make(endpoint, LIMITED).run("-m", "perf")

        text = run.section("test_limited").strip()
        assert text.startswith(
            "the function's perf_budget mark: server_5xx is CloudWatch's to say: cloudwatch:GetMetricData is not "
            "allowed"
        )
        assert text.endswith("; allow it, or leave the limit out")
        assert "\n" not in text
        assert 0 == endpoint.log().requests


def test_ctrl_c_ends_the_wait_and_keeps_what_was_measured(
    make: Callable[[EmulatorProcess, str], Project], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """CloudWatch may take minutes; the load is over, and its record is written."""
    with started(tmp_path_factory, f'{SCENARIO}metrics_delay = "5m"\n') as endpoint:
        project = make(endpoint, LIMITED)
        with project.under_way("-m", "perf") as process:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "waiting for CloudWatch" in line:
                    break
            asked_s = time.monotonic()
            process.send_signal(signal.SIGINT)
            said += process.stdout.read()
            code = process.wait(LIMIT_S)
            took_s = time.monotonic() - asked_s

    run = PytestRun(code, said, project.folder)
    assert "waiting for CloudWatch: 0 of " in said
    assert (2, "interrupted") == (code, run.loads("test_limited")[0]["verdict"])
    assert took_s < 20
    figures: dict[str, Any] = run.loads("test_limited")[0]
    assert figures["total"]["requests"] == 60
