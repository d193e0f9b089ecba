"""A capacity search over loads that were never sent, of an endpoint whose capacity is known."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from finished import GIVEN
from recordings import CLIENT, MODEL_ERROR, Row, recording

from pytest_smload.aws.credentials import StaticCredentials
from pytest_smload.aws.target import Credentials, EndpointTarget
from pytest_smload.conduct.allowance import Safeguards
from pytest_smload.conduct.baseline_file import BaselineFile
from pytest_smload.conduct.capacity import CapacityRequest, find_capacity
from pytest_smload.conduct.capacity_demands import check_arguments
from pytest_smload.conduct.capacity_hosts import Carriers, carriers_of
from pytest_smload.conduct.looks import Assessment
from pytest_smload.conduct.regressions import BaselineUse
from pytest_smload.conduct.request import Control, LoadRequest
from pytest_smload.core.hosting.hosting import Hosting, Variant
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.sources import override_budget
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.safety.cost import Prices
from pytest_smload.core.safety.limits import SafetyLimits
from pytest_smload.core.scaling.wish import Autoscaled
from pytest_smload.core.trust.validity import examine
from pytest_smload.errors import ConfigurationError, EndpointError
from pytest_smload.settings.control import ControlSettings
from pytest_smload.settings.tables import EndpointSettings

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult

TARGET = EndpointTarget(
    "e", "us-east-1", "http://127.0.0.1:1", "t", StaticCredentials(Credentials("AKIA", "s"), "test")
)
PROFILE = LoadProfile(tps=40, duration="10s", warmup="0s", payload=b"1")
BUDGET = {"p95": "100ms", "error_rate": "5%"}


class Endpoint:
    """Answers in 20 ms (*takes_s*) up to a rate and in 200 ms beyond; *fails* says at which probe what happens besides:
    it *pauses*, the client has a *hiccup*, it *raises*, a *signal* comes, it is hosted otherwise (*hosting*, a function
    of the probe's number); one request in *every* so many fails; the client *sends* no more than so many a second; it
    *collapses* for good once it is overloaded.
    """

    def __init__(self, capacity: float, **fails: Any) -> None:
        self.capacity = capacity
        self.requests: list[LoadRequest] = []
        self._fails = fails
        self._collapsed = False

    def __call__(self, request: LoadRequest) -> LoadResult:
        self.requests.append(request)
        if self._fails.get("raises") == len(self.requests):
            raise EndpointError("it is gone")
        if self._fails.get("signal") == len(self.requests):
            raise KeyboardInterrupt
        profile = request.profile
        assert profile.tps is not None
        takes_s = self._fails.get("takes_s", 0.02) if profile.tps <= self.capacity else 0.2
        self._collapsed = self._collapsed or (bool(self._fails.get("collapses")) and profile.tps > self.capacity)
        if self._fails.get("pauses") == len(self.requests) or self._collapsed:
            takes_s = 1.0
        too_fast = profile.tps > self._fails.get("client_tps", inf) or self._fails.get("hiccup") == len(self.requests)
        span_s = profile.window_ends_s[-1]
        count = round(profile.tps * span_s)
        due = [100 + (place + 0.5) / profile.tps for place in range(count)]
        fails = {place: MODEL_ERROR for place in range(0, count, self._fails.get("every", count + 1)) if place}
        fails |= {place: CLIENT for place in range(0, count, 2) if too_fast}
        sent = [max(at, 100 + place / self._fails.get("sends", 1e9)) for place, at in enumerate(due)]
        facts = zip(due, sent, strict=True)
        rows = [Row(at, begun, begun + takes_s, fails.get(place, 0)) for place, (at, begun) in enumerate(facts)]
        found = recording(rows, 100.0, 100 + span_s, multi_model=False, offered_tps=profile.tps)
        measured = measure(found)
        health = examine(found, measured, budgeted_scopes=[], simulated=False)
        assert request.budget is not None
        limits = request.budget.resolve(routes=[], kind=None, open_model=True).limits
        checks = judge(limits, measured)
        assert request.heard is not None
        request.heard(Assessment(found, measured, health, checks))
        hosting = self._fails.get("hosting", lambda _: None)(len(self.requests))
        given = {"checks": checks, "profile": profile, "hosting": hosting}
        return build_result(found, measured, health, **(GIVEN | given))


STAGING = EndpointSettings(name="staging", endpoint_name="e", source="smload.toml")
CONTROL = Control(
    settings=ControlSettings(name="before", endpoint=STAGING, variant=None, source="the mark"),
    target=TARGET,
    preflight=None,
)


def hosted(*variants: Variant) -> Hosting:
    return Hosting(status="InService", config_name="c", variants=variants)


def request(profile: LoadProfile = PROFILE, budget: Any = BUDGET, **facts: Any) -> CapacityRequest:
    root = Path("/nowhere")
    load = LoadRequest(
        profile=profile,
        label=None,
        budget=override_budget(budget, source="the mark"),
        notes=(),
        root=root,
        settings=STAGING,
        target=TARGET,
        transport=None,
        baselines=BaselineUse(BaselineFile(root, "t"), "", updating=False, accepting=False, arguments=()),
        safeguards=Safeguards(limits=facts.pop("limits", SafetyLimits()), prices=facts.pop("prices", Prices())),
        control=facts.pop("control", None),
        scaling=facts.pop("scaling", None),
    )
    return CapacityRequest(
        load=load, **{"at_least": None, "within_s": 1800.0, "max_tps": None, "instances": None, **facts}
    )


def test_it_finds_the_rate_and_what_binds() -> None:
    """The bracket holds the truth; the limit broken above is the one that binds; the last run confirmed the answer."""
    endpoint, said = Endpoint(100.0), list[str]()

    found = find_capacity(request(), endpoint, said.append)

    low, high = found.bracket
    assert low <= 100.0 < high <= 1.05 * low
    assert ("pass", True, "") == (found.verdict, found.confirmed, found.ended)
    assert found.binding is not None
    assert ("p95", 200.0) == (found.binding.metric, pytest.approx(found.binding.observed))
    assert [each.profile.tps for each in endpoint.requests] == [level.offered_tps for level in found.levels]
    assert ["confirm", "recheck"] == [level.purpose for level in found.levels[-2:]]
    assert endpoint.requests[-2].profile.duration_s == 2 * endpoint.requests[0].profile.duration_s
    assert said[0].startswith("smload: capacity of staging: from 40 TPS up by half")
    assert "30m in all at most" in said[0]


def test_each_probe_has_its_own_schedule_and_models_are_primed_once() -> None:
    """One seed for all would make their chances one chance."""
    endpoint = Endpoint(100.0)
    find_capacity(request(), endpoint, str)

    profiles = [each.profile for each in endpoint.requests]
    assert len({profile.seed for profile in profiles}) == len(profiles)
    assert [True] + [False] * (len(profiles) - 1) == [profile.prime for profile in profiles]


@pytest.mark.parametrize(
    ("least", "verdict"), [(90.0, "pass"), (99.0, "pass"), (100.0, "pass"), (100.5, "fail"), (110.0, "fail")]
)
def test_at_least(least: float, verdict: str) -> None:
    """A check on what was found, also where a bracket of 5 % would leave it open."""
    found = find_capacity(request(at_least=least), Endpoint(100.0), str)

    assert found.check is not None
    assert (verdict, found.tps, least) == (found.verdict, found.check.observed, found.check.at_least)


def test_an_endpoint_that_never_keeps_it_fails() -> None:
    """Down to the lowest rate that can be judged."""
    found = find_capacity(request(), Endpoint(0.0), str)

    assert ("fail", 0.0) == (found.verdict, found.tps)
    assert found.not_kept_tps < 40


def test_a_client_that_cannot_make_the_rate_is_no_knee() -> None:
    """INVALID with what was found; nothing is said to bind; what was proven before still passes."""
    found = find_capacity(request(), Endpoint(500.0, client_tps=100.0), str)

    assert ("invalid", 90.0, inf, None) == (found.verdict, found.tps, found.not_kept_tps, found.binding)
    assert found.reasons
    proven = find_capacity(request(at_least=80.0), Endpoint(500.0, client_tps=100.0), str)
    short = find_capacity(request(at_least=95.0), Endpoint(500.0, client_tps=100.0), str)
    assert ("pass", "invalid") == (proven.verdict, short.verdict)


def test_kept_once_is_not_enough() -> None:
    """A search that ends before its answer is confirmed has shown a rate by one probe, which chance may have kept, or
    by two, or by one that a load's own level proves."""
    few = PROFILE.replace(tps=60, duration="2s", max_duration="2s")
    limits = SafetyLimits(max_requests=310)
    found, lower, proven = (
        find_capacity(request(few, BUDGET | {"p95": "1s"}, at_least=least, limits=limits), endpoint, str)
        for least, endpoint in [
            (80.0, Endpoint(500.0, every=36)),
            (50.0, Endpoint(500.0, every=36)),
            (80.0, Endpoint(500.0)),
        ]
    )

    assert ("invalid", 90.0) == (found.verdict, found.tps)
    assert found.check is not None
    assert "90 TPS was kept once, and not confirmed: the probe of 135 TPS" in found.check.note
    assert ("pass", "pass") == (lower.verdict, proven.verdict)


@pytest.mark.parametrize("probe", range(1, 8))
def test_a_pause_at_one_probe_does_not_lower_the_answer(probe: int) -> None:
    """It is looked at again."""
    found = find_capacity(request(at_least=95.0), Endpoint(100.0, pauses=probe), str)

    assert ("pass", True) == (found.verdict, found.confirmed)
    assert found.tps <= 100.0 < found.not_kept_tps <= 1.05 * found.tps


def test_an_endpoint_that_stays_down_has_no_capacity() -> None:
    """The search itself brought it down: no rate is confirmed, and none is said to be the capacity."""
    found = find_capacity(request(at_least=60.0), Endpoint(100.0, collapses=True), str)

    assert ("invalid", False) == (found.verdict, found.confirmed)
    assert (
        "90 TPS was kept before, and 73.5 TPS is broken now: the endpoint is not what it was" in found.reasons[0].cause
    )


def test_a_search_that_settles_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """After as many probes as there may be; what is asked for is undecided then."""
    monkeypatch.setattr("pytest_smload.core.capacity.search.MOST_PROBES", 3)
    found = find_capacity(request(at_least=95.0), Endpoint(100.0), str)

    assert ("invalid", "3 probes did not settle it") == (found.verdict, found.ended)


def test_slow_answers_are_no_knee() -> None:
    """An endpoint that takes 5 s whatever the rate keeps a limit of 8 s at any: its probes have room for all requests
    under way, and nothing is taken for a queue."""
    endpoint = Endpoint(1000.0, takes_s=5.0)
    budget = {"p95": "8s", "error_rate": "5%"}
    found = find_capacity(request(budget=budget, max_tps=90.0), endpoint, str)

    assert ("pass", 90.0) == (found.verdict, found.tps)
    assert all((each.profile.max_in_flight or 0) >= 3 * 8 * (each.profile.tps or 0) for each in endpoint.requests)


@pytest.mark.parametrize("hosting", [{"instances": 3}, {"instance_type": "ml.c5.2xlarge"}, {"weight": 0.5}])
def test_an_endpoint_that_changes_between_probes(hosting: dict[str, Any]) -> None:
    """Its rates are not of one endpoint: INVALID, with what was found before and of how many instances."""
    blue = Variant("blue", instance_type="ml.c5.large", instances=2, weight=1.0)
    endpoint = Endpoint(100.0, hosting=lambda probe: hosted(blue if probe < 3 else replace(blue, **hosting)))
    found = find_capacity(request(prices=Prices(instance_hour={"ml.c5.large": 0.9})), endpoint, str)

    assert ("invalid", 60.0, inf, 2, 1.8) == (
        found.verdict,
        found.tps,
        found.not_kept_tps,
        found.instances,
        found.hourly_usd,
    )
    assert "the endpoint changed between two probes: c; variant 'blue' of 2 x ml.c5.large" in found.reasons[0].cause


def test_only_what_carries_the_load_counts() -> None:
    """Not other variants than the one named, none without weight, no shadow; and what the endpoint tells, not what was
    given."""
    blue, green = (Variant(name, instance_type="ml.c5.large", instances=2, weight=1.0) for name in ("blue", "green"))
    every = hosted(
        blue, replace(green, instances=3), replace(green, name="idle", weight=0.0), replace(blue, shadow=True)
    )
    prices = Prices(instance_hour={"ml.c5.large": 1.0})
    named = PROFILE.replace(variant="green")

    def carried(profile: LoadProfile, given: int | None = None) -> tuple[int, float | None, str]:
        found = carriers_of(every, profile, given, prices)
        return found.instances, found.hourly_usd, found.note

    assert (5, 5.0, "") == carried(PROFILE)
    assert (3, 3.0, "") == carried(named, 3)
    assert (3, 3.0, "instances=1 was given, and the endpoint has 3: that many count") == carried(named, 1)
    assert Carriers(1, False, None) == carriers_of(None, PROFILE, None, prices)
    assert Carriers(4, True, None) == carriers_of(None, PROFILE, 4, prices)


@pytest.mark.parametrize("budget", [BUDGET, {"error_rate": "5%"}, {"p95": "60s", "error_rate": "5%"}])
def test_a_client_that_sends_too_slowly_is_no_knee(budget: Any) -> None:
    """Whatever the budget: what it did not send was not kept, and what broke was not the endpoint's."""
    found = find_capacity(request(budget=budget), Endpoint(5000.0, sends=120.0), str)

    assert ("invalid", 90.0, inf, None) == (found.verdict, found.tps, found.not_kept_tps, found.binding)
    assert ["kept", "kept", "kept", "invalid", "invalid"] == [level.verdict for level in found.levels]


def test_a_client_disturbed_once_is_no_end() -> None:
    """The probe is made once more."""
    endpoint = Endpoint(100.0, hiccup=3)
    found = find_capacity(request(), endpoint, str)

    assert ("pass", True) == (found.verdict, found.confirmed)
    assert ["kept", "kept", "invalid", "kept"] == [level.verdict for level in found.levels[:4]]
    assert found.levels[2].offered_tps == found.levels[3].offered_tps


def test_ctrl_c_keeps_what_was_found() -> None:
    """Between probes as well as in one."""
    found = find_capacity(request(at_least=10.0), Endpoint(100.0, signal=4), str)

    assert ("interrupted", 3, 90.0) == (found.verdict, len(found.levels), found.tps)


def test_an_endpoint_lost_on_the_way() -> None:
    """What was found is kept, and INVALID; at the first probe it is the caller's to hear."""
    found = find_capacity(request(), Endpoint(100.0, raises=3), str)

    assert ("invalid", 60.0) == (found.verdict, found.tps)
    assert "it is gone" in found.reasons[0].cause
    with pytest.raises(EndpointError, match="it is gone"):
        find_capacity(request(), Endpoint(100.0, raises=1), str)


def test_safety_holds_over_all_probes() -> None:
    """The next probe would go beyond it: the search ends, what was found stands, and each probe gets what is left."""
    endpoint = Endpoint(1000.0)
    found = find_capacity(request(limits=SafetyLimits(max_requests=8000)), endpoint, str)

    assert "max_requests = 8,000" in found.ended
    left = [each.safeguards.limits.max_requests for each in endpoint.requests]
    assert 8000 == left[0]
    assert sorted(left, reverse=True) == left  # type: ignore[type-var]
    assert ("pass", False) == (found.verdict, found.confirmed)


def test_the_rate_is_bounded() -> None:
    """By the argument and by safety, whichever is less; the answer says that it is a floor."""
    endpoint = Endpoint(1000.0)
    found = find_capacity(request(max_tps=80.0, limits=SafetyLimits(max_tps=70.0)), endpoint, str)

    assert 70.0 == found.tps == max(each.profile.tps or 0 for each in endpoint.requests)
    assert "the endpoint may carry more" in found.notes[-1]


def test_no_error_at_all_can_be_kept() -> None:
    """It is no limit that nothing keeps."""
    found = find_capacity(request(budget={"error_rate": "0%"}, max_tps=80.0), Endpoint(100.0), str)

    assert ("pass", 80.0, True) == (found.verdict, found.tps, found.confirmed)


def test_a_mock_has_no_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its responses take no time."""
    monkeypatch.setattr("pytest_smload.transport.choice.is_mocked", lambda _: True)

    with pytest.raises(ConfigurationError, match="the endpoint is moto's mock"):
        find_capacity(request(), Endpoint(100.0), str)


def test_what_is_not_of_one_rate_is_left_out() -> None:
    """And said; no probe is held to it."""
    endpoint = Endpoint(100.0)
    budget = {**BUDGET, "tps": 10, "requests": 5, "regression": {"p95": "10%"}}
    found = find_capacity(request(budget=budget), endpoint, str)

    assert "pass" == found.verdict
    assert ["not held against the probes: tps, requests, regression.p95"] == [
        note.replace("regression p95", "regression.p95") for note in found.notes
    ]
    assert {"p95", "error_rate"} == {check.metric for check in found.levels[0].checks}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"profile": LoadProfile(users=5, payload=b"1")}, "the load has users, and a search sets the rate itself"),
        (
            {"profile": LoadProfile(stages=[{"duration": "1s", "tps": 5}], payload=b"1")},
            "the load has stages, and a search sets the rate itself",
        ),
        ({"budget": None}, "no limit that more load could break"),
        ({"budget": {}}, "no limit that more load could break"),
        ({"budget": {"tps": 40, "requests": 10}}, "no limit that more load could break"),
        ({"within_s": 5.0}, "one probe takes 10s, warm-up included, and within='5s'"),
        ({"profile": PROFILE.replace(max_requests=10)}, "bound the search by within="),
        ({"profile": PROFILE.replace(max_in_flight=10)}, "would be taken for the endpoint's capacity; leave it out"),
        ({"profile": PROFILE.replace(tps=1)}, "1 TPS to begin with sends 40 requests in 40s, and "),
        ({"max_tps": 1.0}, "1 TPS to begin with sends 40 requests in 40s, and "),
        (
            {"at_least": 200.0, "limits": SafetyLimits(max_tps=100.0)},
            "at_least=200 cannot be reached: [safety] max_tps = 100 is all that may be asked for",
        ),
        ({"profile": LoadProfile(locustfile="locustfile.py", users=2)}, "the load is a locustfile"),
        ({"control": CONTROL}, "the test has a control"),
        (
            {"scaling": Autoscaled(minimum=1, maximum=2, invocations_per_instance=100, start=1)},
            "the instances are autoscaled",
        ),
    ],
)
def test_refused_before_anything_is_sent(facts: dict[str, Any], why: str) -> None:
    """In one line that says what is allowed."""
    endpoint = Endpoint(100.0)
    with pytest.raises(ConfigurationError) as refused:
        find_capacity(request(**facts), endpoint, str)

    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert [] == endpoint.requests


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"at_least": 0}, "at_least is a rate above 0"),
        ({"at_least": "200"}, "at_least is a rate above 0"),
        ({"max_tps": inf}, "max_tps is a rate above 0"),
        ({"max_tps": True}, "max_tps is a rate above 0"),
        ({"instances": 0}, "instances is a whole number"),
        ({"instances": 1.5}, "instances is a whole number"),
        ({"within": 30}, "within: 30 needs a unit"),
        ({"at_least": 200, "max_tps": 100}, "at_least=200 cannot be reached"),
    ],
)
def test_arguments(wrong: dict[str, Any], why: str) -> None:
    """Each mistake is named, with what is allowed."""
    right = {"at_least": None, "within": "30m", "max_tps": None, "instances": None}
    check_arguments(**right)
    with pytest.raises(ConfigurationError, match=why):
        check_arguments(**(right | wrong))
