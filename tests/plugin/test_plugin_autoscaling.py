"""The embedded endpoint's own control plane: pinned, scaled out under load, and as it was afterwards."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session

from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY
from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from pytest_runs import MakeProject, Project, PytestRun

SCENARIO = """
endpoint = "abalone"
latency = "20ms"
workers = 1
instances = {instances}
[hosting]
start_up = "300ms"
[autoscaling]
speed = 60
"""
LOCAL = """
endpoint = "local"
[endpoints.local]
name = "abalone"
scenario = "scenario.toml"
"""
STORY = """
import pytest

SCALED = {"min": 1, "max": 3, "invocations_per_instance": 2400}

@pytest.mark.perf(tps=70, duration="12s", warmup="0s", autoscaled=SCALED)
@pytest.mark.perf_budget(scaled_to=2, scale_out_within="11s", p95="60s")
def test_scales_out(load_result):
    scaling = load_result.scaling
    first, second, *_ = scaling.instances
    assert (1, 2) == (first.instances, second.instances)
    assert scaling.activities[0].from_instances == 1 and "AlarmHigh" in scaling.activities[0].cause
    before, during, after = scaling.phases
    assert after.p50_ms < during.p50_ms and before.ok and during.ok and after.ok

@pytest.mark.perf(tps=70, duration="6s", warmup="0s", pinned=1)
@pytest.mark.perf_budget(p95="60s", error_rate="100%")
def test_pinned(load_result):
    assert [1] == [each.instances for each in load_result.scaling.instances]

@pytest.mark.perf(tps=20, duration="5s", warmup="0s", autoscaled=SCALED)
@pytest.mark.perf_budget(scaled_to=2, scale_out_within="4s")
def test_has_no_need_to(load_result): pass

@pytest.mark.perf(tps=20, duration="1s", warmup="0s", autoscaled=SCALED)
def test_wants_the_impossible(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile, budget={"scaled_to": 4})
"""


@pytest.fixture(scope="module")
def story(project: MakeProject) -> PytestRun:
    """One run of `STORY`, on the embedded endpoint."""
    made = project(
        {"smload.toml": LOCAL, "scenario.toml": SCENARIO.format(instances=1), "test_story.py": STORY},
    )
    return made.run("-m", "perf", "-v")


def outcome(run: PytestRun, test: str) -> str:
    """The verdict in ``report.json``."""
    found: str = run.tests()[test]["verdict"]
    return found


def test_a_second_instance_arrives(story: PytestRun) -> None:
    """The load is told by its limits, its record and its terminal lines, which latencies stand before and after."""
    assert "pass" == outcome(story, "test_scales_out"), story.out
    (load,) = story.loads("test_scales_out")
    checks = {each["metric"]: each for each in load["checks"]}
    assert ("pass", "instances") == (checks["scaled_to"]["outcome"], checks["scaled_to"]["unit"])
    assert "pass" == checks["scale_out_within"]["outcome"]
    assert ["before", "during", "after"] == [each["name"] for each in load["scaling"]["phases"]]
    assert "scaling: autoscaled 1..3 at 2,400 invocations per instance and minute; AllTraffic ran on 1" in story.out
    assert "1 -> 2 instances: begun" in story.out
    assert "latency before scaling p50" in story.out
    report = (story.folder / "report/report.md").read_text()
    assert "latency before scaling p50" in report


def test_a_pin_stays(story: PytestRun) -> None:
    """As much load scales nothing where the instances are pinned."""
    assert "pass" == outcome(story, "test_pinned"), story.out


def test_limits_on_scaling_fail(story: PytestRun) -> None:
    """Where nothing scaled, each says so; a limit out of reach is refused before anything is sent."""
    assert "fail" == outcome(story, "test_has_no_need_to")
    section = story.section("test_has_no_need_to")
    assert re.search(r"FAIL +total +scaled_to +>= 2 instances +1 ", section), section
    assert "no scale-out was completed during the load" in section
    assert "scaled_to >= 4 instances cannot be reached: the load is autoscaled 1..3" in story.out
    assert [] == story.loads("test_wants_the_impossible")


WITHOUT = """
import pytest

@pytest.mark.perf(tps=20, duration="1s", warmup="0s")
@pytest.mark.perf_budget(scaled_to=2)
def test_it(load_result): pass
"""


def test_limits_on_scaling_need_scaling(project: MakeProject) -> None:
    """A limit that nothing could keep is refused at collection."""
    run = project({"test_it.py": WITHOUT}).run("-m", "perf")

    assert run.exit_code == 4, run.out
    assert "scaled_to >= 2 instances: nothing may scale during this load; give the test perf(autoscaled=" in run.out


@pytest.fixture
def served(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """An endpoint that outlives the runs which load it: two instances, a target, a policy."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SCENARIO.format(instances=2))
    with EmulatorProcess.start(scenario) as process:
        yield process


def client_of(served: EmulatorProcess, service: str = "application-autoscaling") -> Any:
    """botocore's client of a service of *served*."""
    return get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=served.url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


@pytest.fixture
def autoscaling(served: EmulatorProcess) -> Iterator[Any]:
    """A client with which a target and a policy are set up."""
    client = client_of(served)
    client.register_scalable_target(**RESOURCE, MinCapacity=2, MaxCapacity=3)
    client.put_scaling_policy(
        **RESOURCE,
        PolicyName="steady",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 90000.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleInCooldown": 120,
            "DisableScaleIn": True,
        },
    )
    yield client
    client.close()


RESOURCE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/abalone/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def described(autoscaling: Any, served: EmulatorProcess) -> tuple[Any, ...]:
    """All that is to be as it was."""
    with closing(client_of(served, "sagemaker")) as sagemaker:
        (variant,) = sagemaker.describe_endpoint(EndpointName="abalone")["ProductionVariants"]
    (target,) = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    policies = autoscaling.describe_scaling_policies(**RESOURCE)["ScalingPolicies"]
    tags = autoscaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]
    # A policy that is put again may have alarms of new names.
    policies = [{name: value for name, value in each.items() if name != "Alarms"} for each in policies]
    return target, policies, tags, variant["DesiredInstanceCount"]


REMOTE = """
endpoint = "staging"
[endpoints.staging]
name = "abalone"
region = "{region}"
endpoint_url = "{url}"
control_url = "{url}"
payload = ["0.455"]
"""
HELD = """
import os, signal, pytest
pytestmark = pytest.mark.perf(users=1, duration="300ms", warmup="0s")

@pytest.mark.perf(pinned=1)
def test_pinned(load_result): assert load_result.hosting.variants[0].instances == 1

@pytest.mark.perf(autoscaled={"min": 1, "max": 5})
def test_autoscaled(load_result): pass

@pytest.mark.perf(autoscaled={"min": 1, "max": 5})
def test_killed(load_result): os.kill(os.getpid(), signal.SIGKILL)

@pytest.mark.perf(pinned=1)
def test_failing(load_result): assert False
"""


@pytest.fixture
def remote(project: MakeProject, served: EmulatorProcess) -> Project:
    """A project that loads `served` as it would an endpoint of AWS."""
    return project({"smload.toml": REMOTE.format(region=REGION, url=served.url), "test_held.py": HELD})


def test_all_comes_back(remote: Project, autoscaling: Any, served: EmulatorProcess) -> None:
    """After success and failure, and after SIGKILL by the next run: target, policy, tags and count, as AWS's own
    client sees them."""
    before = described(autoscaling, served)
    held = remote.run("-m", "perf", "-k", "pinned or autoscaled or failing")
    assert "1 failed, 2 passed" in held.summary, held.out
    assert before == described(autoscaling, served)

    killed = remote.run("-m", "perf", "-k", "killed")
    assert killed.exit_code == -signal.SIGKILL
    changed = described(autoscaling, served)
    bounds = changed[0]["MinCapacity"], changed[0]["MaxCapacity"]
    assert (1, 5, True, 1) == (*bounds, "pytest-smload" in changed[2], changed[3])
    after = remote.run("-m", "perf", "-k", "pinned")
    assert after.exit_code == 0, after.out
    assert "which a run that died" in after.out
    assert before == described(autoscaling, served)
    log = served.log()
    assert "sagemaker:UpdateEndpointWeightsAndCapacities" in {call.action for call in log.calls}


ENDED = """
import os, signal, pytest

@pytest.mark.perf(users=1, duration="300ms", warmup="0s", autoscaled={{"min": 1, "max": 5}})
def test_ended(load_result): {how}
"""


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", 2),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("os.kill(os.getpid(), signal.SIGHUP)", 129),
        ("pytest.exit('enough', returncode=5)", 5),
    ],
)
def test_whatever_ends_a_run_all_comes_back(
    how: str, code: int, autoscaling: Any, served: EmulatorProcess, project: MakeProject
) -> None:
    """Before the run ends, and no journal stays."""
    before = described(autoscaling, served)
    made = project({"smload.toml": REMOTE.format(region=REGION, url=served.url), "test_it.py": ENDED.format(how=how)})
    run = made.run("-m", "perf", fresh=True)

    assert code == run.exit_code, run.out
    assert before == described(autoscaling, served)
    assert [] == list((run.folder / ".smload/journal").glob("*.json"))
    assert "sagemaker:UpdateEndpointWeightsAndCapacities" in {call.action for call in served.log().calls}


UNDONE = """
import time
import pytest
from botocore.session import get_session

def set_count(sm_endpoint, count):
    client = get_session().create_client("sagemaker", region_name=sm_endpoint.region, endpoint_url=sm_endpoint.url)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    client.update_endpoint_weights_and_capacities(EndpointName="abalone", DesiredWeightsAndCapacities=wanted)
    while client.describe_endpoint(EndpointName="abalone")["EndpointStatus"] != "InService":
        time.sleep(0.02)

@pytest.mark.perf(users=1, duration="300ms", warmup="0s", pinned=1)
def test_undone(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)
    set_count(sm_endpoint, 2)
    sm_endpoint.load(load_profile)

@pytest.mark.perf(users=1, duration="2s", warmup="0s")
def test_undone_again(sm_endpoint, load_profile):
    import threading
    before = threading.Timer(0.3, lambda: (set_count(sm_endpoint, 1), set_count(sm_endpoint, 2)))
    before.start()
    sm_endpoint.load(load_profile)
    before.join()
"""


def test_what_others_do_to_the_instances_is_noticed(served: EmulatorProcess, project: MakeProject) -> None:
    """A pin undone between two loads, and a count that was changed during a load and changed back."""
    made = project({"smload.toml": REMOTE.format(region=REGION, url=served.url), "test_it.py": UNDONE})
    run = made.run("-m", "perf")

    pinned = (
        "endpoint abalone/AllTraffic is pinned to 1 instance, and somebody has changed that: it is InService with 2"
    )
    assert pinned in run.section("test_undone"), run.out
    assert 1 == len(run.loads("test_undone"))
    assert "the endpoint changed during the load: it was updated, and is as it was" in run.section("test_undone_again")
    assert "2 errors" == run.summary


EXAMPLES = Path(__file__).parents[2] / "examples" / "iam"
CHECKED = "AskedOfTheCallerByRegisterScalableTarget"
"""Sid of what Application Auto Scaling itself asks of a caller's rights."""
ALLOWED = """
endpoint = "abalone"
latency = "4ms"
instances = 2
[hosting]
start_up = "100ms"
allow = {allowed}
"""


def actions(name: str, *, but: str = "") -> set[str]:
    """The actions a policy of the examples allows, those of the statement *but* left out."""
    found: set[str] = set()
    for statement in json.loads((EXAMPLES / name).read_text())["Statement"]:
        if statement["Sid"] != but:
            given = statement["Action"]
            found |= {given} if isinstance(given, str) else set(given)
    return found


@pytest.mark.parametrize(
    ("policy", "mark"), [("pinning.json", "pinned=1"), ("autoscaling.json", "autoscaled={'min': 1, 'max': 3}")]
)
def test_the_policies_of_the_examples_are_exact(policy: str, mark: str, project: MakeProject, tmp_path: Path) -> None:
    """With those of the preflight's they suffice, nothing is refused, and none of their actions is there in vain."""
    allowed = actions(policy) | actions("preflight.json")
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(ALLOWED.format(allowed=json.dumps(sorted(allowed))))
    test = f"""
import pytest
@pytest.mark.perf(users=1, duration="300ms", warmup="0s", {mark})
def test_it(load_result): assert not load_result.notes, load_result.notes
"""
    with EmulatorProcess.start(scenario) as served, closing(client_of(served)) as client:
        made = project({"smload.toml": REMOTE.format(region=REGION, url=served.url), "test_it.py": test})
        for registered in (False, True):
            if registered:
                client.register_scalable_target(**RESOURCE, MinCapacity=2, MaxCapacity=3)
            run = made.run("-m", "perf")
            assert run.exit_code == 0, run.out
        calls = served.log().calls

    assert [] == [call for call in calls if call.code is not None and "Denied" in call.code]
    called = {call.action for call in calls} - actions("preflight.json") - {"sts:GetCallerIdentity"}
    assert actions(policy, but=CHECKED) - actions("preflight.json") == called
