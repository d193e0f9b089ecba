"""Instances are changed and restored exactly, whatever is refused, gone, late or in the way."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from scaling_service import ENDPOINT, TARGET_ARN, ScalingService

from pytest_smload.aws.autoscaling import InstanceControl
from pytest_smload.conduct.instance_hold import InstanceHold
from pytest_smload.conduct.journal import Journal, left_behind
from pytest_smload.conduct.settling import Pace
from pytest_smload.core.scaling.state import (
    INVOCATIONS_METRIC,
    SUSPENDED,
    TARGET_TRACKING,
    ScalableTarget,
    ScalingPolicy,
    Suspension,
)
from pytest_smload.core.scaling.wish import Autoscaled, Pinned, ScalingWish
from pytest_smload.errors import EndpointError

Controlled = Callable[[ScalingService], InstanceControl]
TARGET = ScalableTarget(2, 4, Suspension(scheduled=True), TARGET_ARN)
STEADY = ScalingPolicy(
    "steady",
    TARGET_TRACKING,
    {
        "TargetValue": 900.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": INVOCATIONS_METRIC},
        "ScaleInCooldown": 120,
    },
)
SCALED = Autoscaled(minimum=1, maximum=4, invocations_per_instance=50.0, start=1)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    @property
    def pace(self) -> Pace:
        return Pace(sleep=self.sleep, clock=lambda: self.now_s)


def registered(**facts: Any) -> ScalingService:
    """A variant with three instances, a target and a policy."""
    return ScalingService(instances=3, target=TARGET, policies={"steady": STEADY}, **facts)


def hold_of(control: InstanceControl, root: Path | None, said: list[str] | None = None) -> InstanceHold:
    """A hold that waits on a clock of its own."""
    return InstanceHold(control, root, (said if said is not None else []).append, Clock().pace)


def kill(hold: InstanceHold) -> None:
    """Let go of a hold as a process that is killed does: its lock goes, its entry stays."""
    hold.close()


@pytest.mark.parametrize("wish", [Pinned(instances=1), Pinned(instances=9), SCALED], ids=lambda wish: wish.describe())
@pytest.mark.parametrize("make", [registered, ScalingService], ids=["registered", "unregistered"])
def test_a_hold_comes_and_goes(
    wish: ScalingWish, make: Callable[[], ScalingService], controlled: Controlled, tmp_path: Path
) -> None:
    """The count is in service when the change returns; afterwards all is as it was, and journal and tag are gone."""
    service = make()
    service.looks = 3
    before = service.state
    hold = hold_of(controlled(service), tmp_path)

    found = hold.change(wish)

    wanted = wish.instances if isinstance(wish, Pinned) else wish.start
    assert (before.instances, before.target is None) == (found.instances, found.target is None)
    assert (wanted, wanted, 0) == (service.instances, service.current, service.updating)
    assert 1 == len(left_behind(tmp_path))
    assert hold.restore() == ""
    assert before == service.state
    assert ({}, []) == (service.tags, left_behind(tmp_path))
    assert not hold.changed


def test_the_journal_is_there_before_the_first_change(controlled: Controlled, tmp_path: Path) -> None:
    """Whatever is called first finds it written, with all that was there and the commands that restore it."""
    service = registered()
    found: dict[str, Any] = {}
    answer = service.answer

    def heard(action: str, given: Any) -> Any:
        if "Describe" not in action and "List" not in action and not found:
            found.update(json.loads(left_behind(tmp_path)[0].read_text()))
        return answer(action, given)

    service.answer = heard  # type: ignore[method-assign]
    hold = hold_of(controlled(service), tmp_path)
    hold.change(Pinned(instances=1))

    assert 3 == found["before"]["instances"]
    assert (2, 4) == (found["before"]["target"]["minimum"], found["before"]["target"]["maximum"])
    assert "steady" == found["before"]["policies"][0]["name"]
    assert ["update-endpoint-weights-and-capacities", "register-scalable-target", "untag-resource"] == [
        shlex.split(command)[2] for command in found["by_hand"]
    ]
    hold.restore()
    assert "*\n" == (tmp_path / ".smload/journal/.gitignore").read_text()


def test_commands_by_hand_are_awss() -> None:
    """Each option of a command is the member of the call, as AWS's command line spells it."""
    from pytest_smload.core.scaling.calls import command_line
    from pytest_smload.core.scaling.plan import all_restoring_calls

    for call in all_restoring_calls(registered().state, autoscaled=True):
        words = shlex.split(command_line(call, region="eu-west-1", url="http://127.0.0.1:1"))
        assert ["aws", call.service, xform_name(call.operation, "-")] == words[:3]
        options = [word for word in words if word.startswith("--")]
        assert [f"--{xform_name(name, '-')}" for name in call.arguments] == options[:-2]
        for name, value in call.arguments.items():
            given = words[words.index(f"--{xform_name(name, '-')}") + 1]
            assert value == (given if isinstance(value, str) else [given] if value == [given] else json.loads(given))


def test_an_update_under_way_is_waited_for(controlled: Controlled, tmp_path: Path) -> None:
    """Nothing is called while the endpoint is busy; what is waited for is said."""
    service, said = registered(updating=12), []
    hold = hold_of(controlled(service), tmp_path, said)

    hold.change(Pinned(instances=3))
    hold.restore()

    assert any("waiting for its update to end (Updating, 3 instances of 3)" in line for line in said)
    assert "sagemaker:UpdateEndpointWeightsAndCapacities" not in service.calls


RESTORING = [
    f"application-autoscaling:{operation}"
    for operation in (
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
        "UntagResource",
        "DeregisterScalableTarget",
        "DeleteScalingPolicy",
    )
]


class TestWhatIsRefused:
    """One line, and nothing is left changed."""

    @staticmethod
    def refusal(service: ScalingService, controlled: Controlled, root: Path, wish: ScalingWish) -> str:
        """The line *wish* is refused with; the test's own restoring follows."""
        before = service.state
        hold = hold_of(controlled(service), root)
        with pytest.raises(EndpointError) as refused:
            hold.change(wish)
        service.denied = set()
        hold.restore()
        assert before == service.state
        assert ({}, []) == (service.tags, left_behind(root))
        assert "\n" not in str(refused.value)
        return str(refused.value)

    def test_beyond_quota(self, controlled: Controlled, tmp_path: Path) -> None:
        """ResourceLimitExceeded."""
        text = self.refusal(registered(quota=5), controlled, tmp_path, Pinned(instances=9))
        assert "ResourceLimitExceeded" in text
        assert "is 5 Instances" in text

    @pytest.mark.parametrize(
        "action",
        [
            "sagemaker:DescribeEndpoint",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:DescribeScheduledActions",
            "application-autoscaling:ListTagsForResource",
            "application-autoscaling:TagResource",
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
        ],
    )
    def test_without_permission(self, action: str, controlled: Controlled, tmp_path: Path) -> None:
        """Whichever call is denied, its action is named; that of autoscaling comes as a ValidationException."""
        wish: ScalingWish = SCALED if "PutScaling" in action else Pinned(instances=1)
        text = self.refusal(registered(denied={action}), controlled, tmp_path, wish)
        assert f"{action} is not allowed" in text

    @pytest.mark.parametrize("there", [True, False])
    @pytest.mark.parametrize("action", [*RESTORING, "sagemaker:UpdateEndpointWeightsAndCapacities"])
    @pytest.mark.parametrize("wish", [Pinned(instances=1), SCALED])
    def test_what_may_not_be_restored_is_not_changed(
        self, wish: ScalingWish, action: str, there: bool, controlled: Controlled, tmp_path: Path
    ) -> None:
        """Rights that only restoring takes are tried first, whether there is a scalable target or none; a right that
        is missing stays missing."""
        service = registered(denied={action}) if there else ScalingService(instances=3, denied={action})
        before = service.state
        hold = hold_of(controlled(service), tmp_path)
        with suppress(EndpointError):
            hold.change(wish)
        hold.restore()

        assert before == service.state
        assert ({}, []) == (service.tags, left_behind(tmp_path))

    def test_an_endpoint_that_resizes_itself(self, controlled: Controlled, tmp_path: Path) -> None:
        """ManagedInstanceScaling."""
        service = registered(managed=True)
        assert "ManagedInstanceScaling" in self.refusal(service, controlled, tmp_path, Pinned(instances=1))
        assert ["sagemaker:DescribeEndpoint"] == service.calls

    def test_an_unknown_variant(self, controlled: Controlled, tmp_path: Path) -> None:
        """With those that there are."""
        text = self.refusal(registered(), controlled, tmp_path, Pinned(instances=1, variant="AllTrafic"))
        assert "there is no variant 'AllTrafic'; did you mean 'AllTraffic'?" in text

    def test_an_endpoint_that_is_not_there(self, controlled: Controlled, tmp_path: Path) -> None:
        """As AWS says it."""
        service = ScalingService(deleted=True)
        hold = hold_of(controlled(service), tmp_path)
        with pytest.raises(EndpointError, match="Could not find endpoint"):
            hold.change(Pinned(instances=1))
        assert hold.restore() == ""

    def test_without_a_journal(self, controlled: Controlled, tmp_path: Path) -> None:
        """Where it cannot be written nothing is changed."""
        (tmp_path / ".smload").write_text("a file")
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        with pytest.raises(EndpointError, match=r"cannot write the journal .*nothing is changed"):
            hold.change(Pinned(instances=1))
        assert registered().state == service.state


def test_instances_that_never_come(controlled: Controlled, tmp_path: Path) -> None:
    """An update that does not end is given up after half an hour of waiting."""
    service = registered(looks=10**6)
    hold = hold_of(controlled(service), tmp_path)

    with pytest.raises(EndpointError, match="is still Updating with 3 instances after 30m of waiting for 1 instance"):
        hold.change(Pinned(instances=1))

    service.updating = service.looks = 0
    hold.restore()
    assert registered().state == service.state


def test_a_count_the_service_sets_back(controlled: Controlled, tmp_path: Path) -> None:
    """An update that was accepted and then rolled back is told from one that takes its time."""
    service = registered()

    class Hesitant(Clock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now_s > 40:
                service.instances = service.current = 3

    def never_there(given: Any) -> dict[str, Any]:
        service.updating = 1
        return {"EndpointArn": "arn"}

    service._UpdateEndpointWeightsAndCapacities = never_there  # type: ignore[method-assign]
    hold = InstanceHold(controlled(service), tmp_path, [].append, Hesitant().pace)
    with pytest.raises(EndpointError, match="was to have 1 instance and has 3; the endpoint is InService"):
        hold.change(Pinned(instances=1))
    hold.restore()
    assert registered().state == service.state


class TestTwoRuns:
    """What one run holds another leaves alone."""

    def test_a_living_run(self, controlled: Controlled, tmp_path: Path) -> None:
        """Its journal is locked: the other run is refused, with who holds it, and changes nothing."""
        service = registered()
        first, second = (hold_of(controlled(service), tmp_path) for _ in range(2))
        first.change(Pinned(instances=1))
        with pytest.raises(EndpointError, match=r"changed by another run that still goes on, .*: wait until that"):
            second.change(Pinned(instances=2))
        second.restore()
        assert 1 == service.instances
        first.restore()
        assert registered().state == service.state

    def test_another_machine(self, controlled: Controlled, tmp_path: Path) -> None:
        """There is no journal, but a tag: refused, with the commands that restore what was there."""
        service = registered()
        kill_me = hold_of(controlled(service), tmp_path / "gone")
        kill_me.change(SCALED)
        kill(kill_me)
        hold = hold_of(controlled(service), tmp_path)

        with pytest.raises(EndpointError) as refused:
            hold.change(Pinned(instances=2))

        text = str(refused.value)
        assert "is autoscaled by another run" in text
        for command in text.partition("restore what was there: ")[2].split(" && "):
            run_by_hand(service, command)
        assert registered().state == service.state
        assert {} == service.tags
        hold.restore()
        hold.change(Pinned(instances=2))
        hold.restore()

    @pytest.mark.parametrize("wish", [Pinned(instances=1), SCALED], ids=["pinned", "autoscaled"])
    @pytest.mark.parametrize("make", [registered, ScalingService], ids=["registered", "unregistered"])
    def test_a_dead_run(
        self, wish: ScalingWish, make: Callable[[], ScalingService], controlled: Controlled, tmp_path: Path
    ) -> None:
        """Its journal is nobody's: what it changed is restored before anything else, and said."""
        service, said = make(), []
        before = service.state
        dead = hold_of(controlled(service), tmp_path)
        dead.change(wish)
        kill(dead)
        hold = hold_of(controlled(service), tmp_path, said)

        found = hold.change(Pinned(instances=2))

        assert before.instances == found.instances
        assert "which a run that died" in said[0]
        hold.restore()
        assert before == service.state
        assert ([], {}) == (left_behind(tmp_path), service.tags)

    def test_a_dead_runs_journal_that_cannot_be_read(self, controlled: Controlled, tmp_path: Path) -> None:
        """Half a file, or another's, is said to be one; nothing is guessed."""
        service = registered()
        dead = hold_of(controlled(service), tmp_path)
        dead.change(Pinned(instances=1))
        kill(dead)
        (path,) = left_behind(tmp_path)
        path.write_text(path.read_text()[:100])
        with pytest.raises(EndpointError, match=r"cannot be read: .*then delete it"):
            hold_of(controlled(service), tmp_path).change(Pinned(instances=2))

    @pytest.mark.parametrize(
        ("written", "instead"),
        [
            (".+", "null"),
            (".+", "[1]"),
            ('"schema": 1', '"schema": 9'),
            ('"instances": 3', '"instances": "3"'),
            ('"minimum": 2', '"minimum": null'),
            ('"region": "[^"]*"', '"region": 7'),
            ('"autoscaled": false', '"autoscaled": "no"'),
            ('"variant": "AllTraffic"', '"variant": null'),
        ],
    )
    def test_a_journal_that_is_none(self, written: str, instead: str, controlled: Controlled, tmp_path: Path) -> None:
        """Whatever is in it: one line, and nothing is called."""
        service = registered()
        dead = hold_of(controlled(service), tmp_path)
        dead.change(Pinned(instances=1))
        kill(dead)
        (path,) = left_behind(tmp_path)
        changed = re.sub(written, instead, path.read_text(), count=1, flags=re.DOTALL)
        assert changed != path.read_text()
        path.write_text(changed)

        with pytest.raises(EndpointError, match=r"cannot be read: .*then delete it"):
            Journal.claim(path)

    @pytest.mark.parametrize("wish", [Pinned(instances=1), SCALED], ids=["pinned", "autoscaled"])
    def test_what_was_restored_by_hand_is_left_alone(
        self, wish: ScalingWish, controlled: Controlled, tmp_path: Path
    ) -> None:
        """The journal is still there, and what was changed since then on purpose stays."""
        service, said = registered(), []
        dead = hold_of(controlled(service), tmp_path)
        dead.change(wish)
        commands = dead.commands
        kill(dead)
        for command in commands:
            run_by_hand(service, command)
        service.instances = service.current = 4

        hold = hold_of(controlled(service), tmp_path, said)
        hold.change(Pinned(instances=2))
        hold.restore()

        assert "bears no mark any more of a run that died" in said[0]
        assert 4 == service.instances
        assert [] == left_behind(tmp_path)


def run_by_hand(service: ScalingService, command: str) -> None:
    """Do what a command of AWS's command line does."""
    from botocore.session import get_session

    _, name, operation, *words = shlex.split(command)
    model = get_session().get_service_model(name)
    api_name = next(each for each in model.operation_names if xform_name(each, "-") == operation)
    members = {xform_name(member, "-"): member for member in model.operation_model(api_name).input_shape.members}
    given: dict[str, Any] = {}
    while words:
        option, value = words.pop(0).removeprefix("--"), words.pop(0)
        if option in {"region", "endpoint-url"}:
            continue
        shape = model.operation_model(api_name).input_shape.members[members[option]]
        if shape.type_name == "list" and not value.startswith("["):
            given[members[option]] = [value]
        else:
            given[members[option]] = value if shape.type_name == "string" else json.loads(value)
    service.answer(f"{name}:{api_name}", given)


class TestRestoring:
    """What happened meanwhile is taken as it is."""

    def test_an_endpoint_deleted_meanwhile(self, controlled: Controlled, tmp_path: Path) -> None:
        """One line says so, and the journal goes."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        service.deleted = True
        assert f"{ENDPOINT}/AllTraffic was deleted meanwhile: there is nothing left to restore" == hold.restore()
        assert [] == left_behind(tmp_path)

    def test_an_endpoint_created_anew(self, controlled: Controlled, tmp_path: Path) -> None:
        """Another endpoint of that name is left alone."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        service.created = "2026-11-30T08:00:00+00:00"
        changed = service.state
        assert "was deleted and created anew meanwhile" in hold.restore()
        assert changed == service.state

    def test_a_deleted_endpoint_of_another_account(self, controlled: Controlled, tmp_path: Path) -> None:
        """Not found with these credentials is not gone: the journal stays."""
        service = registered()
        dead = hold_of(controlled(service), tmp_path)
        dead.change(Pinned(instances=1))
        kill(dead)
        service.deleted = True
        service._GetCallerIdentity = lambda given: {"Account": "999999999999"}  # type: ignore[method-assign]
        (path,) = left_behind(tmp_path)
        hold = hold_of(controlled(service), tmp_path)
        with pytest.raises(EndpointError, match=r"is of another account than these credentials \(999999999999\)"):
            hold.restore_dead_run(Journal.claim(path))
        hold.close()
        assert [path] == left_behind(tmp_path)

    def test_a_target_deregistered_meanwhile(self, controlled: Controlled, tmp_path: Path) -> None:
        """Somebody else's decision stays; the count is restored, and no journal remains to fail for ever."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        service.target, service.policies = None, {}
        assert "was deregistered meanwhile, and not by us" in hold.restore()
        assert (3, None) == (service.instances, service.target)
        assert [] == left_behind(tmp_path)

    def test_a_busy_endpoint(self, controlled: Controlled, tmp_path: Path) -> None:
        """The change it is busy with is waited for; the count comes then."""
        service = registered(looks=5)
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        service.updating = 4
        hold.restore()
        assert (3, TARGET) == (service.instances, service.target)

    def test_a_call_that_fails_at_first(self, controlled: Controlled, tmp_path: Path) -> None:
        """What may pass is tried again."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        failures = iter(["ConcurrentUpdateException", "ConcurrentUpdateException"])
        fail_with(service, "RegisterScalableTarget", failures)
        hold.restore()
        assert registered().state == service.state

    def test_permission_taken_away(self, controlled: Controlled, tmp_path: Path) -> None:
        """One line has the commands; the journal stays for the next run, which restores."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        service.denied = {"application-autoscaling:RegisterScalableTarget"}
        with pytest.raises(EndpointError) as failed:
            hold.restore()
        text = str(failed.value)
        assert "RegisterScalableTarget is not allowed" in text
        assert "to restore it by hand" in text
        service.denied = set()
        for command in text.partition("is read first): ")[2].split(" && "):
            run_by_hand(service, command)
        assert registered().state == service.state
        kill(hold)
        (path,) = left_behind(tmp_path)
        again = hold_of(controlled(service), tmp_path)
        again.restore_dead_run(Journal.claim(path))
        assert [] == left_behind(tmp_path)

    def test_what_does_not_come_back_is_named(self, controlled: Controlled, tmp_path: Path) -> None:
        """A call that is answered well and does nothing is found out by reading back; the journal stays."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        service._RegisterScalableTarget = lambda given: {"ScalableTargetARN": TARGET_ARN}  # type: ignore[method-assign]
        with pytest.raises(EndpointError, match=r"is not restored: .*scaling is suspended for in.out.scheduled"):
            hold.restore()
        assert SUSPENDED == service.target.suspension
        assert 1 == len(left_behind(tmp_path))
        assert hold.changed
        hold.close()

    def test_a_variant_that_is_gone(self, controlled: Controlled, tmp_path: Path) -> None:
        """A new configuration without it leaves nothing to restore."""
        service = registered()
        hold = hold_of(controlled(service), tmp_path)
        hold.change(Pinned(instances=1))
        describe = service._DescribeEndpoint

        def renamed(given: Any) -> dict[str, Any]:
            answer = describe(given)
            answer["ProductionVariants"][0]["VariantName"] = "Blue"
            return answer

        service._DescribeEndpoint = renamed  # type: ignore[method-assign]
        assert "the endpoint has other variants now" in hold.restore()


def fail_with(service: ScalingService, operation: str, codes: Any) -> None:
    """Let *operation* fail with each of *codes* first."""
    from scaling_service import RefusedError

    answer = getattr(service, f"_{operation}")

    def failing(given: Any) -> Any:
        code = next(codes, None)
        if code is not None:
            raise RefusedError(code, "try again")
        return answer(given)

    setattr(service, f"_{operation}", failing)


def activity(name: str, *, ended: bool = True, to: int = 2) -> dict[str, Any]:
    """One scaling activity as AWS answers it."""
    return {
        "ActivityId": name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{ENDPOINT}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "Description": f"Setting desired instance count to {to}.",
        "Cause": "monitor alarm",
        "StartTime": "2026-11-29T12:00:00+00:00",
        "StatusCode": "Successful" if ended else "InProgress",
        **({"EndTime": "2026-11-29T12:01:00+00:00"} if ended else {}),
    }


def test_activities_are_told_apart_by_what_was_known(controlled: Controlled) -> None:
    """Those that had ended before are none of the load's; one under way then is, and so is every later one, whatever
    the clocks say; older pages are not asked for."""
    service = registered()
    service.activities = [activity("under way", ended=False), activity("old")]
    control = controlled(service)
    ended = control.ended_activities("AllTraffic")
    service.activities = [activity("new", ended=False), activity("under way"), activity("old")]

    found = control.activities_since("AllTraffic", ended)

    assert frozenset({"old"}) == ended
    assert {"new", "under way"} == {each.activity_id for each in found}
    pages = {None: ([activity("newest")], "2"), "2": ([activity("old")], "3")}

    def page(given: Any) -> dict[str, Any]:
        found, following = pages[given.get("NextToken")]
        return {"ScalingActivities": found, "NextToken": following}

    service._DescribeScalingActivities = page  # type: ignore[method-assign]
    assert ["newest"] == [each.activity_id for each in control.activities_since("AllTraffic", ended)]


def test_a_dead_run_whose_endpoint_died_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was served on this machine and is no more needs no restoring, and stands in nobody's way."""
    import socket

    from pytest_smload.conduct.dead_runs import restore_dead_runs
    from pytest_smload.conduct.journal import Entry, journal_path

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = journal_path(tmp_path, region="us-east-1", endpoint_name=ENDPOINT, variant="AllTraffic")
    journal = Journal.claim(path)
    journal.write(Entry("us-east-1", f"http://127.0.0.1:{port}", registered().state, False, "ci-7:1 long ago"))
    journal.close()
    told: list[str] = []

    assert [] == restore_dead_runs(tmp_path, told.append, told.append)

    assert "is gone: nobody answers at its address on this machine any more" in told[0]
    assert [] == left_behind(tmp_path)
