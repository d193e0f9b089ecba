"""Pinned and autoscaled tests, in pytest processes of their own: whatever ends them, what was there is there again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pytest_runs import PytestRun
from scaling_peer import serving
from scaling_service import ENDPOINT, TARGET_ARN, RefusedError, ScalingService

from pytest_smload.core.scaling.state import (
    INVOCATIONS_METRIC,
    TARGET_TRACKING,
    ScalableTarget,
    ScalingPolicy,
    Suspension,
)

if TYPE_CHECKING:
    import subprocess

    from pytest_runs import MakeProject, Project

    from pytest_smload.emulator.process import EmulatorProcess

COUNT = "sagemaker:UpdateEndpointWeightsAndCapacities"
REGISTER = "application-autoscaling:RegisterScalableTarget"
SETTINGS = """
endpoint = "staging"
[endpoints.staging]
name = "{name}"
region = "us-east-1"
endpoint_url = "{url}"
control_url = "{control}"
payload = ["0.455"]
models = {{ "a.tar.gz" = 1 }}
"""
HEAD = """
import os, signal, threading, time
import pytest
QUICK = dict(users=1, duration="200ms", warmup="0s")
LONG = dict(users=1, duration="60s", warmup="0s")

def me(number):
    os.kill(os.getpid(), number)

"""


def a_service() -> ScalingService:
    """Three instances, a target with bounds of its own, and a policy on invocations."""
    configuration = {
        "TargetValue": 900.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": INVOCATIONS_METRIC},
        "ScaleInCooldown": 120,
    }
    return ScalingService(
        instances=3,
        target=ScalableTarget(2, 4, Suspension(scheduled=True), TARGET_ARN),
        policies={"steady": ScalingPolicy("steady", TARGET_TRACKING, configuration)},
    )


@dataclass
class Stage:
    """An endpoint whose control plane is a `ScalingService`, and the pytest processes that load it.

    Attributes:
        on_call: Told of each call, with the process, before its answer goes out.
    """

    make: MakeProject
    url: str
    control: str
    service: ScalingService
    on_call: Callable[[subprocess.Popen[str], str], object] | None = None
    process: subprocess.Popen[str] | None = None

    def project(self, body: str, **files: str) -> Project:
        """A project of one test file."""
        settings = SETTINGS.format(name=ENDPOINT, url=self.url, control=self.control)
        return self.make({"smload.toml": settings, "test_it.py": HEAD + body, **files})

    def run(self, project: Project, *args: str) -> PytestRun:
        """Run pytest in *project*, and return what it left; calls are told of where somebody acts on them."""
        if self.on_call is None:
            return project.run("-m", "perf", *args)
        with project.under_way("-m", "perf", *args) as self.process:
            out = self.process.communicate()[0]
            return PytestRun(self.process.returncode, out, project.folder)


@pytest.fixture
def stage(project: MakeProject, emulator: EmulatorProcess) -> Iterator[Stage]:
    """A fresh `a_service`, and processes to load it."""
    with staged(project, emulator) as made:
        yield made


@contextmanager
def staged(project: MakeProject, emulator: EmulatorProcess) -> Iterator[Stage]:
    holder: list[Stage] = []

    def heard(action: str) -> None:
        if holder[0].on_call is not None and holder[0].process is not None:
            holder[0].on_call(holder[0].process, action)

    with serving(lambda: holder[0].service, heard) as control:
        holder.append(Stage(project, emulator.url, control, a_service()))
        yield holder[0]


def as_it_was(stage: Stage, run: PytestRun) -> None:
    """Assert that all is restored: count, bounds, switches, policies, tag; and that no journal is left."""
    assert a_service().state == stage.service.state, run.out
    assert {} == stage.service.tags
    assert [] == journals(run)


def journals(run: PytestRun) -> list[str]:
    """The journals left behind."""
    return [path.name for path in (run.folder / ".smload/journal").glob("*.json")]


MARKED = """
@pytest.mark.perf(**QUICK, pinned=5)
def test_pinned(load_result):
    assert load_result.scaling.asked == "pinned to 5 instances"

@pytest.mark.perf(**QUICK, autoscaled={"min": 1, "max": 6, "invocations_per_instance": 50})
def test_autoscaled(sm_endpoint, load_profile):
    assert sm_endpoint.load(load_profile).scaling.asked == "autoscaled 1..6 at 50 invocations per instance and minute"

@pytest.mark.perf(**QUICK)
def test_neither(sm_endpoint, load_profile):
    assert sm_endpoint.load(load_profile).scaling is None
    with sm_endpoint.pinned(instances=1):
        assert sm_endpoint.load(load_profile, label="one").scaling.asked == "pinned to 1 instance"
    with sm_endpoint.autoscaled(min=2, max=5, instances=4):
        sm_endpoint.load(load_profile, label="scaled")
"""


def test_all_is_as_it_was_after_tests_that_pass(stage: Stage) -> None:
    """Marks and context managers hold what they ask for, say so in the record, and restore."""
    run = stage.run(stage.project(MARKED))

    assert run.exit_code == 0, run.out
    assert [5, 3, 1, 3, 1, 3, 4, 3] == stage.service.counts
    as_it_was(stage, run)
    assert f"{ENDPOINT}/AllTraffic: pinned to 5 instances (before: 3)" in run.out
    assert "pinned to 5 instances" == run.loads("test_pinned")[0]["scaling"]["asked"]


FAILURES = {
    "failing body": ("assert False", 1),
    "exception in the with": ("raise OSError('disk')", 1),
    "skip": ("pytest.skip('not today')", 0),
    "pytest.exit": ("pytest.exit('enough', returncode=7)", 7),
    "sys.exit": ("raise SystemExit(3)", 1),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", 2),
    "ctrl-c": ("me(signal.SIGINT); time.sleep(30)", 2),
    "sigterm": ("me(signal.SIGTERM); time.sleep(30)", 143),
}
BY_MARK = """
@pytest.mark.perf(**QUICK, pinned=1)
def test_it(sm_endpoint):
    {body}
"""
BY_WITH = """
@pytest.mark.perf(**QUICK)
def test_it(sm_endpoint):
    with sm_endpoint.pinned(1):
        {body}
"""


FORMS = {"mark": BY_MARK, "with": BY_WITH}
WITH = ("exception in the with", "ctrl-c", "sigterm")


@pytest.mark.parametrize(("end", "form"), [*((end, "mark") for end in FAILURES), *((end, "with") for end in WITH)])
def test_all_is_as_it_was_however_the_body_ends(end: str, form: str, stage: Stage) -> None:
    """Failure, exception, exit and signals: the count was one meanwhile, and is three again."""
    body, code = FAILURES[end]

    run = stage.run(stage.project(FORMS[form].format(body=body)))

    assert code == run.exit_code, run.out
    assert [1, 3] == stage.service.counts
    as_it_was(stage, run)


DURING_LOAD = """
@pytest.mark.perf(**LONG, pinned=1)
def test_it(sm_endpoint, load_profile):
    threading.Timer(1.0, me, [signal.{signal}]).start()
    sm_endpoint.load(load_profile)

@pytest.mark.perf(**QUICK, pinned=2)
def test_after(load_result): pass
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 2), ("SIGTERM", 143)])
def test_a_signal_during_a_load(name: str, code: int, stage: Stage) -> None:
    """The load ends, all is restored, and what was measured is in the record; no later test runs."""
    run = stage.run(stage.project(DURING_LOAD.format(signal=name)))

    assert code == run.exit_code, run.out
    assert [1, 3] == stage.service.counts
    as_it_was(stage, run)
    assert ["test_it"] == list(run.tests())
    assert run.loads("test_it")[0]["interrupted"] is True


def nth(number: int, wanted: str, act: Callable[[subprocess.Popen[str]], object]) -> Callable[..., None]:
    """Act on the process at the *number*-th call of *wanted*."""
    heard: list[str] = []

    def on_call(process: subprocess.Popen[str], action: str) -> None:
        heard.extend([action] if action == wanted else [])
        if action == wanted and len(heard) == number:
            act(process)

    return on_call


def test_a_signal_at_the_change_and_one_while_restoring(stage: Stage) -> None:
    """The first begins restoring, which the second does not cut short."""
    first, second = nth(1, COUNT, sending(signal.SIGINT)), nth(2, REGISTER, sending(signal.SIGINT))
    stage.on_call = lambda process, action: (first(process, action), second(process, action))

    run = stage.run(stage.project(SIMPLE))

    assert run.exit_code == 2, run.out
    assert [1, 3] == stage.service.counts
    as_it_was(stage, run)


def sending(*numbers: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    """Send signals, a moment apart, and let them arrive."""

    def act(process: subprocess.Popen[str]) -> None:
        for number in numbers:
            process.send_signal(number)
            threading.Event().wait(0.3)

    return act


SIMPLE = """
@pytest.mark.perf(**QUICK, pinned=1)
def test_it(load_result): pass

@pytest.mark.perf(**QUICK)
def test_after(load_result): pass
"""
AT: dict[str, tuple[int, str, list[signal.Signals], int | None]] = {
    "ctrl-c at the first change": (1, "application-autoscaling:TagResource", [signal.SIGINT], 2),
    "ctrl-c at the switches": (1, REGISTER, [signal.SIGINT], 2),
    "sigterm at the switches": (1, REGISTER, [signal.SIGTERM], 143),
    "ctrl-c at the count": (1, COUNT, [signal.SIGINT], 2),
    "sigterm at the count": (1, COUNT, [signal.SIGTERM], 143),
    "ctrl-c while restoring": (2, COUNT, [signal.SIGINT], 2),
    "ctrl-c twice while restoring": (2, REGISTER, [signal.SIGINT, signal.SIGINT], 2),
    "sigterm while restoring": (2, COUNT, [signal.SIGTERM], 143),
    "ctrl-c and sigterm while restoring": (2, REGISTER, [signal.SIGINT, signal.SIGTERM], 143),
    "ctrl-c twice at the count": (1, COUNT, [signal.SIGINT, signal.SIGINT], None),
}


@pytest.mark.parametrize("when", AT)
def test_a_signal_during_a_change(when: str, stage: Stage) -> None:
    """A change that a signal ends is undone; restoring is finished before a signal does what it does."""
    number, action, signals, code = AT[when]
    stage.on_call = nth(number, action, sending(*signals))

    run = stage.run(stage.project(SIMPLE))

    # A second Ctrl-C that comes once all is restored ends pytest itself, wherever that is.
    assert code in {run.exit_code, None}, run.out
    as_it_was(stage, run)
    assert "test_after" not in run.out.replace("test_after(load_result)", "")


def test_a_signal_while_instances_are_waited_for(stage: Stage) -> None:
    """The update under way is waited out, then the count is set back."""
    stage.service.looks = 6
    send, sent = sending(signal.SIGINT), []

    def while_updating(process: subprocess.Popen[str], action: str) -> None:
        if stage.service.updating == 3 and not sent:
            sent.append(action)
            send(process)

    stage.on_call = while_updating

    run = stage.run(stage.project(SIMPLE))

    assert run.exit_code == 2, run.out
    assert [1, 3] == stage.service.counts
    as_it_was(stage, run)


def test_a_third_ctrl_c_leaves_it_to_the_next_run(stage: Stage) -> None:
    """Who insists gets out, is told the commands, and the next run restores."""
    stage.on_call = nth(2, REGISTER, sending(*[signal.SIGINT] * 3))
    project = stage.project(SIMPLE)

    run = stage.run(project)

    assert run.exit_code == 2, run.out
    assert "is being restored before the run ends; to do that by hand: aws sagemaker update-endpoint" in run.out
    stage.on_call = None
    as_it_was(stage, stage.run(project))


def test_a_test_that_times_out(stage: Stage) -> None:
    """An alarm that goes off while instances are restored is heard once they are."""
    body = """
@pytest.mark.perf(**QUICK, pinned=1)
def test_it(load_result):
    def out(*_): pytest.fail("timed out")
    signal.signal(signal.SIGALRM, out)
"""
    stage.on_call = nth(2, COUNT, sending(signal.SIGALRM))

    run = stage.run(stage.project(body))

    assert "1 passed, 1 error" in run.summary, run.out
    assert "timed out" in run.section("test_it")
    as_it_was(stage, run)


class TestKilled:
    """SIGKILL leaves all as it is; the next run restores before anything else."""

    @pytest.mark.parametrize("wish", ["pinned=1", "autoscaled={'min': 1, 'max': 6}"])
    def test_the_next_run_restores(self, wish: str, stage: Stage) -> None:
        """Though none of its tests asks for anything of the kind."""
        project = stage.project(f"""
@pytest.mark.perf(**QUICK, {wish})
def test_killed(load_result): me(signal.SIGKILL)

@pytest.mark.perf(**QUICK)
def test_plain(load_result): pass
""")
        killed = stage.run(project, "-k", "killed")
        assert -signal.SIGKILL == killed.exit_code
        assert (1, 1, 1) == (stage.service.instances, len(journals(killed)), len(stage.service.tags))

        run = stage.run(project, "-k", "plain")

        assert run.exit_code == 0, run.out
        assert f"smload: restored {ENDPOINT}/AllTraffic (3 instances, 2..4), which a run that died" in run.out
        as_it_was(stage, run)

    def test_one_that_cannot_be_restored_is_said(self, stage: Stage) -> None:
        """Nothing is loaded that is not as it was; a run on another endpoint only hears of it."""
        body = "@pytest.mark.perf(**QUICK, pinned=1)\ndef test_it(load_result): {}\n"
        project = stage.project(body.format("me(signal.SIGKILL)"))
        stage.run(project)
        (project.folder / "test_it.py").write_text(HEAD + body.format("pass").replace(", pinned=1", ""))
        stage.service.denied = {REGISTER}

        refused = stage.run(project)
        elsewhere = stage.run(project, "--smload-endpoint", "local")

        assert refused.exit_code == 4, refused.out
        assert "RegisterScalableTarget is not allowed" in refused.out
        assert "to restore it by hand" in refused.out
        assert elsewhere.exit_code == 0, elsewhere.out
        assert "smload: warning: application-autoscaling:RegisterScalableTarget is not allowed" in elsewhere.out
        stage.service.denied = set()
        as_it_was(stage, stage.run(project))

    def test_a_container_that_is_gone(self, stage: Stage) -> None:
        """Without its journal the tag tells: no test loads what another run left pinned; the line says what to do."""
        project = stage.project(SIMPLE.replace("(load_result): pass", "(load_result): me(signal.SIGKILL)", 1))
        killed = stage.run(project)
        (left,) = journals(killed)
        (killed.folder / ".smload/journal" / left).unlink()
        (project.folder / "test_it.py").write_text(HEAD + SIMPLE)

        run = stage.run(project)

        assert run.exit_code == 1, run.out
        assert 2 == run.out.count("ERROR at setup of test_"), run.out
        assert "is pinned by another run" in run.out
        assert "restore what was there: aws sagemaker update-endpoint-weights-and-capacities" in run.out
        assert (1, [], []) == (stage.service.instances, run.loads("test_it"), run.loads("test_after"))


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "quota": ({"quota": 3}, "ResourceLimitExceeded"),
    "switches": ({"denied": {REGISTER}}, "RegisterScalableTarget is not allowed"),
    "count": ({"denied": {COUNT}}, "UpdateEndpointWeightsAndCapacities is not allowed"),
    "managed": ({"managed": True}, "ManagedInstanceScaling"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_cannot_be_held_sends_no_load(why: str, stage: Stage) -> None:
    """An error of one line; nothing stays changed, though half of it was."""
    facts, text = REFUSALS[why]
    for name, value in facts.items():
        setattr(stage.service, name, value)

    run = stage.run(stage.project("@pytest.mark.perf(**QUICK, pinned=9)\ndef test_it(load_result): pass\n"))

    assert run.exit_code == 1, run.out
    outcome, told = run.junit()["test_it"]
    assert "error" == outcome
    assert text in told
    assert "Traceback" not in run.out
    assert [] == run.loads("test_it")
    stage.service.denied = set()
    as_it_was(stage, run)


def test_what_cannot_be_restored_is_an_error(stage: Stage) -> None:
    """The test passed, and errs in teardown, with the commands."""
    run = stage.run(
        stage.project("""
@pytest.mark.perf(**QUICK, pinned=1)
def test_it(load_result): print("loaded")
""")
    )
    assert run.exit_code == 0, run.out
    stage.service = a_service()
    stage.on_call = nth(1, REGISTER, lambda _: stage.service.denied.add(REGISTER))

    run = stage.run(stage.project("@pytest.mark.perf(**QUICK, pinned=1)\ndef test_it(load_result): pass\n"))

    assert run.exit_code == 1, run.out
    assert "1 passed, 1 error" in run.summary
    assert "to restore it by hand (or run pytest -m perf again: " in run.section("test_it")
    assert 1 == len(journals(run))


def test_fixtures_are_restored_in_their_order(stage: Stage) -> None:
    """A user's fixture that holds instances restores when it is torn down, before the mark's own."""
    run = stage.run(
        stage.project("""
@pytest.fixture
def three(sm_endpoint):
    with sm_endpoint.pinned(4):
        yield

@pytest.mark.perf(**QUICK)
def test_it(three, load_result):
    assert load_result.scaling.asked == "pinned to 4 instances"

@pytest.mark.perf(**QUICK, pinned=2)
def test_twice(three, load_result): pass
""")
    )
    assert "1 passed, 1 error" in run.summary, run.out
    assert "are held already by this test" in run.section("test_twice")
    assert [4, 3, 2, 3] == stage.service.counts
    as_it_was(stage, run)


MISTAKES = """
@pytest.mark.perf(**QUICK, pinned=0)
def test_none(load_result): pass

@pytest.mark.perf(**QUICK, pinned="2", autoscaled={"min": 2, "max": 2, "mix": 3})
def test_both(load_result): pass

@pytest.mark.perf(**QUICK, autoscaled=4)
def test_number(load_result): pass

@pytest.mark.perf(**QUICK, autoscaled={"min": 4, "max": 2})
def test_order(load_result): pass
"""


def test_mistakes_are_told_at_collection(stage: Stage) -> None:
    """Each with its test and what is allowed; nobody is asked anything."""
    run = stage.run(stage.project(MISTAKES))

    for words in (
        "test_none: the function's perf mark: pinned: 0 is not a number of instances; write a whole number from 1",
        "test_both: the function's perf mark: pinned: '2' is not a number of instances",
        "test_both: the function's perf mark: autoscaled: unknown key 'mix'; did you mean 'min'?",
        "test_both: the function's perf mark: pinned and autoscaled are both given",
        'test_number: the function\'s perf mark: autoscaled: 4 is not a table such as {"min": 1',
        "test_order: the function's perf mark: autoscaled: min 4 is not below max 2",
    ):
        assert words in run.out, run.out
    assert [] == stage.service.calls


def test_the_embedded_endpoint_needs_no_journal(stage: Stage) -> None:
    """It ends with the run; and without a control plane the line says what is missing."""
    project = stage.project("@pytest.mark.perf(**QUICK, pinned=1)\ndef test_it(load_result): pass\n")
    settings = (project.folder / "smload.toml").read_text()
    (project.folder / "smload.toml").write_text(
        "\n".join(line for line in settings.splitlines() if not line.startswith("control_url"))
    )

    run = stage.run(project)

    assert run.exit_code == 1, run.out
    assert "whose control plane is not known; set control_url" in run.out
    assert not (project.folder / ".smload").exists()
    assert [] == run.loads("test_it")


def scaling_now(service: ScalingService) -> None:
    """Let what is asked after a load tell of an activity that nobody heard of before it."""
    asked: list[dict[str, Any]] = []

    def answer(given: Any) -> dict[str, Any]:
        asked.append(given)
        begun = (datetime.now(UTC) - timedelta(milliseconds=1000)).isoformat()
        activity = {
            **service._resource,
            "ActivityId": str(len(asked) // 2),
            "Description": "Setting desired instance count to 4.",
            "Cause": "monitor alarm AlarmHigh in state ALARM triggered policy steady",
            "StartTime": begun,
            "EndTime": datetime.now(UTC).isoformat(),
            "StatusCode": "Successful",
        }
        return {"ScalingActivities": [activity]}

    service._DescribeScalingActivities = answer  # type: ignore[method-assign]


WATCHED = """
@pytest.mark.perf(**QUICK)
def test_plain(load_result): pass

@pytest.mark.perf(**QUICK, pinned=3)
def test_pinned(load_result): pass

@pytest.mark.perf(**QUICK, autoscaled={"min": 3, "max": 9})
@pytest.mark.perf_budget(scaled_to=4)
def test_autoscaled(load_result): pass
"""


def test_scaling_spoils_what_is_not_to_scale(stage: Stage) -> None:
    """A load that leaves its instances alone, and one that pins them, are INVALID; one that scales is not."""
    scaling_now(stage.service)

    run = stage.run(stage.project(WATCHED))

    assert ["invalid", "invalid", "pass"] == [each["verdict"] for each in run.tests().values()], run.out
    for test in ("test_plain", "test_pinned"):
        text = run.section(test)
        assert "the endpoint scaled during the load: AllTraffic from 3 to 4 instances" in text
        assert "AlarmHigh" in text
        assert "pin its instances, perf(pinned=3)" in text
        assert 4 == run.loads(test)[0]["scaling"]["activities"][0]["to_instances"]


def test_what_cannot_be_watched(stage: Stage) -> None:
    """Without the permission a plain load has a note; one that is pinned or scales is not sent."""
    stage.service.denied = {"application-autoscaling:DescribeScalingActivities"}

    run = stage.run(stage.project(WATCHED))

    told = "application-autoscaling:DescribeScalingActivities is not allowed"
    assert "1 passed, 2 errors" in run.summary, run.out
    assert f"whether the endpoint scaled was not watched: {told}" in run.loads("test_plain")[0]["notes"]
    for test in ("test_pinned", "test_autoscaled"):
        assert [] == run.loads(test)
    assert told in run.section("test_pinned")
    as_it_was(stage, run)


def test_what_cannot_be_watched_any_more(stage: Stage) -> None:
    """Where the permission goes during the load a pin is INVALID, and a limit on scaling fails."""
    answers = iter([{"ScalingActivities": []}, None] * 3)

    def answer(given: Any) -> dict[str, Any]:
        found = next(answers)
        if found is None:
            raise RefusedError("AccessDeniedException", "no more")
        return found

    stage.service._DescribeScalingActivities = answer  # type: ignore[method-assign]

    run = stage.run(stage.project(WATCHED))

    assert ["pass", "invalid", "fail"] == [each["verdict"] for each in run.tests().values()], run.out
    assert "nobody can say whether the endpoint scaled: application-autoscaling" in run.section("test_pinned")
    assert "DescribeScalingActivities is not allowed" in run.section("test_autoscaled")
    as_it_was(stage, run)


def test_a_pin_that_somebody_moves(stage: Stage) -> None:
    """Without any activity of Application Auto Scaling, the count tells; the load is INVALID, and all is restored."""
    answers = iter([lambda: None, lambda: stage.service._set(2)])

    def answer(given: Any) -> dict[str, Any]:
        next(answers)()
        return {"ScalingActivities": []}

    stage.service._DescribeScalingActivities = answer  # type: ignore[method-assign]
    stage.service.looks = 0

    run = stage.run(stage.project("@pytest.mark.perf(**QUICK, pinned=1)\ndef test_it(load_result): pass\n"))

    assert "invalid" == run.tests()["test_it"]["verdict"], run.out
    assert "went from 1 to 2 instances" in run.section("test_it")
    as_it_was(stage, run)


def test_no_call_falls_into_the_load(stage: Stage) -> None:
    """What is asked of a load is asked before its first request and after its last."""
    during: list[str] = []

    def on_call(_process: subprocess.Popen[str], action: str) -> None:
        if (project.folder / "loading").exists():
            during.append(action)

    stage.on_call = on_call
    project = stage.project(
        "@pytest.mark.perf(users=1, duration='2s', warmup='0s', pinned=1)\ndef test_it(load_result): pass\n",
        **{
            "conftest.py": """
from pathlib import Path

def pytest_smload_environment(environment):
    @environment.events.request.add_listener
    def sent(**_): Path("loading").touch()

    @environment.events.test_stop.add_listener
    def stopped(**_): Path("loading").unlink(missing_ok=True)
"""
        },
    )

    run = stage.run(project)

    assert run.exit_code == 0, run.out
    assert [] == during


@pytest.mark.parametrize("guard", ["production = true", ""])
def test_production_is_not_changed(guard: str, stage: Stage) -> None:
    """What may not be loaded may not be pinned either, by its table or by its tags; nothing was changed before that."""
    project = stage.project("@pytest.mark.perf(**QUICK, pinned=1)\ndef test_it(load_result): pass\n")
    settings = (project.folder / "smload.toml").read_text() + guard
    (project.folder / "smload.toml").write_text(settings + '\n[safety]\nproduction = ["*prod*"]\n')
    stage.service._ListTags = lambda given: {"Tags": [{"Key": "env", "Value": "prod-eu"}]}  # type: ignore[attr-defined]

    run = stage.run(project)

    assert run.exit_code != 0
    assert "--smload-allow-production" in run.out
    assert [] == stage.service.counts
    assert [] == [
        call for call in stage.service.calls if "Describe" not in call and "List" not in call and "Get" not in call
    ]
