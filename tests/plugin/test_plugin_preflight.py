"""What preflight finds out, refuses and notes, in runs against an endpoint with a control plane."""

from __future__ import annotations

import datetime as dt
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hosted_runs import HEAD, STS, HostedEndpoint, hosted
from scripted_plane import SINGLE_MODEL, ScriptedPlane, endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject

EXAMPLES = Path(__file__).parents[2] / "examples" / "iam"
DESCRIBE = "sagemaker:DescribeEndpoint"
ONE_LOAD = "@perf(users=2, **SHORT)\ndef test_it(): pass\n"
CHANGE = """
import boto3, os, threading, time

def client():
    return boto3.client("sagemaker", region_name="us-east-1", endpoint_url=os.environ["CONTROL_URL"])

def to(instances):
    client().update_endpoint_weights_and_capacities(
        EndpointName="abalone-staging",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": instances}],
    )
"""

SCALABLE = """
@perf(users=2, **SHORT)
def test_it(sm_endpoint, load_profile):
    scaling = boto3.client(
        "application-autoscaling", region_name="us-east-1", endpoint_url=os.environ["CONTROL_URL"]
    )
    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/abalone-staging/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    sm_endpoint.load(load_profile)
"""


def policy(name: str) -> set[str]:
    """The actions that an example's policy allows."""
    statements = json.loads((EXAMPLES / name).read_text())["Statement"]
    actions = [each["Action"] for each in statements]
    return {one for each in actions for one in ([each] if isinstance(each, str) else each)}


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory, project: MakeProject) -> Iterator[HostedEndpoint]:
    """A single-model endpoint of one instance; a new one takes a second and a half."""
    scenario = """
latency = "4ms"
multi_model = false
[hosting]
instance_type = "ml.c5.large"
start_up = "1500ms"
data_capture = 20
"""
    with hosted(scenario, tmp_path_factory.mktemp("single"), project) as running:
        yield running


def test_what_it_learns_is_shown_and_recorded(single: HostedEndpoint) -> None:
    """Account, who asked, instances, kind; in the terminal, in report.json and report.md. Each question is asked once,
    and the endpoint described before and after each load; nothing is asked while requests are sent."""
    run = single.run(ONE_LOAD + ONE_LOAD.replace("test_it", "test_again"))

    assert "2 passed" == run.summary
    assert "smload: load on staging (abalone-staging, us-east-1, account 123456789012), " in run.out
    assert (
        "smload: abalone-staging is InService on 1 x ml.c5.large, single-model, data capture of 20%, configuration "
        in run.out
    )
    assert "; asked as user/smload" in run.out
    (load,) = run.loads("test_it")
    assert "123456789012" == load["endpoint"]["account"]
    assert ("InService", False, 20.0) == tuple(
        load["hosting"][name] for name in ("status", "multi_model", "data_capture_percent")
    )
    assert [("AllTraffic", "ml.c5.large", 1)] == [
        (each["name"], each["instance_type"], each["instances"]) for each in load["hosting"]["variants"]
    ]
    assert [] == load["notes"]
    assert "on 1 x ml.c5.large" in (run.folder / "report" / "report.md").read_text()
    once = ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel", STS]
    each = {DESCRIBE: 5, "application-autoscaling:DescribeScalableTargets": 2}
    assert each | dict.fromkeys(once, 1) == {name: single.asked().count(name) for name in set(single.asked())}
    log = single.process.log()
    times = sorted([(at_s, "request") for at_s in log.received_s] + [(each.received_s, "call") for each in log.calls])
    kinds = [kind for _, kind in times]
    alternations = [kind for place, kind in enumerate(kinds) if place == 0 or kinds[place - 1] != kind]
    assert ["call", "request"] * 2 + ["call"] == alternations


@pytest.mark.parametrize(("watch", "during"), [("", []), ('watch = "10s"', [DESCRIBE])])
def test_nothing_is_asked_while_requests_are_sent_but_what_watch_asks(
    watch: str, during: list[str], tmp_path: Path, project: MakeProject
) -> None:
    """With pinned instances, limits on the server's side and a cost to hold: no call without watch, one every ten
    seconds with it."""
    scenario = 'latency = "4ms"\n[hosting]\nmetrics_period = "1s"\nstart_up = "100ms"\n'
    duration = "11s" if watch else "1s"
    tests = f"""
@perf(users=1, duration="{duration}", warmup="300ms", pinned=2)
@perf_budget(cpu_utilization_max="99%", server_5xx=0)
def test_it(load_result): pass
"""
    rest = '[safety]\nproduction = ["never"]\nmax_cost_usd = 5\n[prices]\n"ml.m5.large" = 0.1\n'
    with hosted(scenario, tmp_path, project) as endpoint:
        run = endpoint.run(tests, endpoint.settings(watch, rest))
        log = endpoint.process.log()

    assert "1 passed" == run.summary, run.out
    first, last = min(log.received_s), max(log.answered_s)
    assert during == [call.action for call in log.calls if first < call.received_s < last]
    assert "cloudwatch:GetMetricData" in {call.action for call in log.calls}


def test_with_leave_to_invoke_only(tmp_path: Path, project: MakeProject) -> None:
    """The load runs and passes; one note says what was not checked, and by which action it would be."""
    allowed = json.dumps(sorted(policy("invoke-only.json")))
    scenario = f'latency = "4ms"\n[hosting]\nallow = {allowed}\n'
    with hosted(scenario, tmp_path, project) as running:
        run = running.run(
            "@perf(tps=40, models={'a.tar.gz': 1}, **SHORT)\n@perf_budget(p50='60s', error_rate='20%')\n"
            "def test_it(): pass\n"
        )
        assert [DESCRIBE] == running.refused()
        assert [DESCRIBE, STS] == running.asked()

    assert "1 passed" == run.summary
    (load,) = run.loads("test_it")
    assert "hosting" not in load
    (note,) = load["notes"]
    assert note.startswith(
        f"{DESCRIBE} is not allowed: the endpoint's status and instances are not known, nor whether they"
    )


def test_the_example_policy_is_what_preflight_needs(tmp_path: Path, project: MakeProject) -> None:
    """With exactly the actions of examples/iam/preflight.json nothing is denied, and none of them is there in vain."""
    allowed = json.dumps(sorted(policy("preflight.json")))
    multi_model = f"""
latency = "4ms"
multi_model = true
models = ["a.tar.gz", "b.tar.gz"]
[hosting]
allow = {allowed}
tags = {{ env = "staging" }}
"""
    components = f"""
latency = "4ms"
[components]
llm = "4ms"
[hosting]
allow = {allowed}
"""
    asked: set[str] = set()
    loads = ((multi_model, "models={'a.tar.gz': 1, 'b.tar.gz': 1}"), (components, "component='llm'"))
    for number, (scenario, load) in enumerate(loads):
        folder = tmp_path / str(number)
        folder.mkdir()
        with hosted(scenario, folder, project) as running:
            settings = running.settings(rest='[safety]\nproduction = ["*prod*"]\n')
            run = running.run(f"@perf(users=2, {load}, **SHORT)\ndef test_it(): pass\n", settings)
            assert "1 passed" == run.summary, run.out
            assert [] == run.loads("test_it")[0]["notes"]
            assert [] == running.refused()
            asked.update(running.asked())

    with hosted('latency = "4ms"\nmulti_model = false\n', tmp_path, project) as running:
        run = running.run(CHANGE + SCALABLE, env={"CONTROL_URL": running.process.url})
        assert "1 passed" == run.summary, run.out
        asked.update(running.asked())
    asked.remove("application-autoscaling:RegisterScalableTarget")  # the test's own
    assert policy("preflight.json") == {*asked, "sagemaker:InvokeEndpoint"} - {STS}


def test_an_endpoint_that_changes_during_a_load_is_invalid(single: HostedEndpoint) -> None:
    """A second instance that is asked for while it is loaded, whether it has come or not."""
    body = """
@perf(users=2, duration="1s", warmup="100ms")
@perf_budget(p95="60s")
def test_it(sm_endpoint, load_profile):
    timer = threading.Timer(0.5, to, [2])
    timer.start()
    sm_endpoint.load(load_profile)
    timer.join()
"""
    run = single.run(CHANGE + body, None, env={"CONTROL_URL": single.process.url})

    assert "invalid" == run.tests()["test_it"]["verdict"]
    (load,) = run.loads("test_it")
    (reason,) = load["client"]["reasons"]
    assert reason["cause"].startswith(
        "the endpoint changed during the load: its status went from InService to Updating; "
    )
    assert "variant 'AllTraffic' is on its way from 1 to 2 instances" in reason["cause"]
    assert 1 == load["hosting"]["variants"][0]["instances"]


def test_an_endpoint_that_is_being_updated_is_waited_for(single: HostedEndpoint) -> None:
    """Before the first load and before a later one; what it has become is what is measured."""
    body = """
@perf(users=2, **SHORT)
def test_it(sm_endpoint, load_profile):
    to(2)
    assert sm_endpoint.load(load_profile).hosting.instances_by_type() == {"ml.c5.large": 2}
    to(1)
    assert sm_endpoint.load(load_profile).hosting.instances_by_type() == {"ml.c5.large": 1}
"""
    run = single.run(CHANGE + body, env={"CONTROL_URL": single.process.url})

    assert "1 passed" == run.summary, run.out
    assert "smload: endpoint 'abalone-staging' is Updating, waited 0s of 10m for InService" in run.out


def test_ctrl_c_ends_waiting(single: HostedEndpoint, project: MakeProject) -> None:
    """At once: nothing was sent."""
    single.process.reset()
    with ScriptedPlane(SINGLE_MODEL | {DESCRIBE: endpoint("Updating")}) as plane:
        settings = single.settings().replace(
            f'control_url = "{single.process.url}"', f'control_url = "{plane.url}"\nwait_in_service = "1h"'
        )
        made = project({"test_it.py": HEAD + ONE_LOAD, "smload.toml": settings})
        with made.under_way("-m", "perf") as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "is Updating, waited" in line:
                    process.send_signal(signal.SIGINT)
                    break
            rest = process.stdout.read()
            process.wait()

    assert pytest.ExitCode.INTERRUPTED == process.returncode, rest
    assert 0 == single.sent()


def test_waiting_ends(single: HostedEndpoint) -> None:
    """At once where the endpoint's table says so."""
    body = """
@perf(users=2, **SHORT)
def test_it(sm_endpoint, load_profile):
    to(2)
    sm_endpoint.load(load_profile)
"""
    settings = single.settings('wait_in_service = "0s"')
    run = single.run(CHANGE + body, settings, env={"CONTROL_URL": single.process.url})

    assert "endpoint 'abalone-staging' is still Updating after 0s; run again once it is InService" in run.out
    assert 0 == single.sent()


def test_what_the_endpoint_does_not_have_is_refused(single: HostedEndpoint) -> None:
    """Nothing is sent; one line each."""
    tests = """
@perf(users=2, models={"a.tar.gz": 1}, **SHORT)
def test_model(): pass
@perf(users=2, variant="AllTrafic", **SHORT)
def test_variant(): pass
@perf(users=2, component="llm", **SHORT)
def test_component(): pass
"""
    run = single.run(tests)

    assert "3 errors" == run.summary
    assert 0 == single.sent()
    (model,) = run.section("test_model").strip().splitlines()
    assert model.startswith("endpoint 'abalone-staging': it is not a multi-model endpoint")
    (variant,) = run.section("test_variant").strip().splitlines()
    assert "there is no variant 'AllTrafic'; did you mean 'AllTraffic'? (known: AllTraffic); correct variant" in variant
    (component,) = run.section("test_component").strip().splitlines()
    assert "it hosts no inference components" in component


def test_target_models_that_do_not_exist(tmp_path: Path, project: MakeProject) -> None:
    """They are looked for before the first request, and named with the nearest that exists."""
    scenario = 'latency = "4ms"\nmulti_model = true\nmodels = ["abalone-0.tar.gz", "abalone-1.tar.gz"]\n'
    tests = """
@perf(users=2, models={"abalone-1.tar.gz": 1}, **SHORT)
def test_there(): pass
@perf(users=2, models={"abalone-1.tar.gz": 1, "abalone-2.tar.gz": 1}, **SHORT)
def test_missing(): pass
@perf(users=2, **SHORT)
def test_none(): pass
"""
    with hosted(scenario, tmp_path, project) as running:
        run = running.run(tests)
        assert 1 == running.asked().count("s3:ListBucket")

    assert "1 passed, 2 errors" == run.summary
    assert "for TargetModel 'abalone-2.tar.gz' (did you mean 'abalone-" in run.section("test_missing")
    assert "it is a multi-model endpoint, and the load names no TargetModel" in run.section("test_none")


def test_an_endpoint_that_does_not_exist(tmp_path: Path, project: MakeProject) -> None:
    """One line with what to correct; nothing is sent."""
    with hosted('endpoint = "abalone"\nlatency = "4ms"\n', tmp_path, project) as running:
        run = running.run(ONE_LOAD, running.settings(name="abalon"))
        assert 0 == running.sent()

    (line,) = run.section("test_it").strip().splitlines()
    assert line.startswith(
        "there is no endpoint 'abalon' in us-east-1 for the credentials from env; correct name or region"
    )


def test_the_wrong_account(single: HostedEndpoint) -> None:
    """It is found out before anything else is asked."""
    run = single.run(ONE_LOAD, single.settings('account = "999988887777"'))

    assert "must be in account 999988887777, but the credentials (env) are of account 123456789012" in run.out
    assert [STS] == single.asked()


def test_one_call_of_sts_serves_account_and_report(single: HostedEndpoint) -> None:
    """The right account is asked for once."""
    run = single.run(ONE_LOAD, single.settings('account = "123456789012"'))

    assert "1 passed" == run.summary
    assert 1 == single.asked().count(STS)


def test_credentials_that_end_before_the_load_does(single: HostedEndpoint) -> None:
    """Refused, where the environment says when they end."""
    end = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    tests = "@perf(users=2, duration='20h', warmup='0s')\ndef test_it(): pass\n"
    run = single.run(tests, env={"AWS_CREDENTIAL_EXPIRATION": end})

    (line,) = run.section("test_it").strip().splitlines()
    assert line.startswith("endpoint 'abalone-staging': the credentials expire in ")
    assert line.endswith("and the load takes 20h1m10s; get new ones, or shorten the load")
    assert [] == single.asked()


def test_the_embedded_endpoint_is_not_asked(project: MakeProject) -> None:
    """Nothing hosts it: no client is made, no call is waited for."""
    files = {
        "test_it.py": "from pytest_smload import perf\n"
        "@perf(users=2, duration='300ms', warmup='0s')\n"
        "def test_it(load_result): assert load_result.hosting is None\n"
    }
    run = project(files).run("-m", "perf", "--smload-endpoint", "local")

    assert "1 passed" == run.summary
    assert " is InService" not in run.out


def test_a_loopback_address_without_control_plane_is_not_asked(project: MakeProject) -> None:
    """Somebody's own server: AWS knows nothing of it."""
    files = {"test_it.py": "from pytest_smload import perf\n@perf(users=2, duration='300ms')\ndef test_it(): pass\n"}
    run = project(files).run("-m", "perf")

    assert "1 passed" == run.summary
    assert [] == run.loads("test_it")[0]["notes"]
    assert "hosting" not in run.loads("test_it")[0]
