"""The witness that asks CloudWatch: before a load, while it waits, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_cloudwatch import BEGIN, FakeClock, FakePlane, FakePreflight
from recordings import TIMEOUT, Row, recording

from pytest_smload.aws.endpoint import local_target
from pytest_smload.conduct.server_counts import WAIT_S, Patience
from pytest_smload.conduct.server_side import ServerSideWitness, server_side_witness
from pytest_smload.conduct.witness import LoadSpan, Paced
from pytest_smload.conduct.witness import Testimony as Said
from pytest_smload.core.hosting.hosting import Variant
from pytest_smload.core.limits.budget import ResolvedBudget
from pytest_smload.core.limits.grammar import parse_server_limit
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.errors import ConfigurationError, EndpointError
from pytest_smload.settings.tables import EndpointSettings

REQUESTS = 120
"""Of a window of two minutes, one a second, each 50 ms."""


def budget(**written: Any) -> ResolvedBudget:
    limits = tuple((TOTAL, parse_server_limit(name, value, source="the mark")) for name, value in written.items())
    return ResolvedBudget((), server=limits)


def request(*, cloudwatch: bool = True, preflight: Any = "known", **settings: Any) -> Any:
    endpoint = EndpointSettings(
        name="staging", endpoint_name="abalone", source="smload.toml [endpoints.staging]", **settings
    )
    target = local_target(
        "http://127.0.0.1:9", access_key="a", secret_key="b", endpoint_name="abalone", region="us-east-1"
    )
    return SimpleNamespace(cloudwatch=cloudwatch, settings=endpoint, target=target, preflight=preflight)


def plan(**fields: Any) -> LoadPlan:
    return LoadPlan.from_profile(LoadProfile(payload=b"x", **({"tps": 1, "duration": "2m"} | fields)), Path())


class Load:
    """A load that has ended, and a CloudWatch that has its figures."""

    def __init__(self, *, metrics: dict[str, Any] | None = None, **written: Any) -> None:
        self.clock = FakeClock()
        self.plane = FakePlane(self.clock)
        self.preflight = FakePreflight(self.plane, **(metrics or {}))
        self.plane.put("Invocations", Sum=[60, 60])
        self.plane.put("ModelLatency", Sum=[60 * 40e3, 60 * 40e3], SampleCount=[60, 60], p95=[45e3])
        self.plane.put("OverheadLatency", Sum=[60 * 5e3, 60 * 5e3], SampleCount=[60, 60])
        self.plane.put("CPUUtilization", Maximum=[90.0, 120.0], Sum=[160.0, 200.0], SampleCount=[2, 2])
        self.plane.put("MemoryUtilization", Maximum=[30.0, 31.0])
        self.plane.put("Invocation5XXErrors", Sum=[0, 0])
        self.plane.put("Invocation4XXErrors", Sum=[0, 0])
        self.lines: list[str] = []
        self.rows = [Row(float(s), float(s), s + 0.05) for s in range(10, 10 + REQUESTS)]
        self.earlier = 0
        self.written = written
        self.facts: dict[str, Any] = {}
        self.window_s = 120.0

    def witness(self, **fields: Any) -> ServerSideWitness:
        patience = Patience(self.clock, self.clock.sleep)
        preflight: Any = self.preflight
        return ServerSideWitness(
            request(**self.facts), plan(**fields), budget(**self.written).server, preflight, patience=patience
        )

    def testimony(self, **fields: Any) -> Said:
        witness = self.witness(**fields)
        witness.begin()
        self.plane.questions.clear()
        made = recording(self.rows, 10.0, 10.0 + self.window_s, multi_model=False, epoch_s=BEGIN - 10.0)
        sent = len(self.rows) + self.earlier
        begin, end = (datetime.fromtimestamp(BEGIN + offset, UTC) for offset in (0.0, self.window_s))
        span = LoadSpan(begin, end, begin, end, sent, answered=sent)
        judged: Any = SimpleNamespace(recording=made)
        return witness.testify(judged, span, self.lines.append)


def test_a_load_without_such_limits_has_no_witness() -> None:
    """And so asks nobody, and waits for nothing."""
    assert [] == server_side_witness(request(), plan(), ResolvedBudget(()))
    assert [] == server_side_witness(request(), plan(), None)


@pytest.mark.parametrize("by_table", [True, False])
def test_a_limit_or_the_endpoints_table_asks_for_it(by_table: bool) -> None:
    """Either of them."""
    wish = request()
    wish.settings = replace(wish.settings, cloudwatch=by_table)

    (witness,) = server_side_witness(wish, plan(), None if by_table else budget(server_5xx=0))

    assert isinstance(witness, Paced)
    assert witness.period_s is None


def test_forbidden_is_refused_where_a_limit_stands_and_heeded_where_none_does() -> None:
    """Not looking is not keeping it."""
    with pytest.raises(ConfigurationError) as raised:
        server_side_witness(request(cloudwatch=False), plan(), budget(server_5xx=0))

    assert str(raised.value) == (
        "the mark: server_5xx is CloudWatch's to say, and --smload-no-cloudwatch (SMLOAD_NO_CLOUDWATCH) forbids "
        "asking; run without it, or leave the limit out"
    )
    forbidden = request(cloudwatch=False)
    forbidden.settings = replace(forbidden.settings, cloudwatch=True)
    assert [] == server_side_witness(forbidden, plan(), None)


@pytest.mark.parametrize("limited", [True, False])
def test_without_a_control_plane_it_is_refused(limited: bool) -> None:
    """AWS itself knows nothing of what answers on a loopback address."""
    wish = request(preflight=None)
    wish.settings = replace(wish.settings, cloudwatch=True)

    with pytest.raises(EndpointError) as raised:
        server_side_witness(wish, plan(), budget(server_5xx=0) if limited else None)

    asker = "the mark: server_5xx is CloudWatch's to say" if limited else "smload.toml [endpoints.staging] cloudwatch"
    assert str(raised.value) == (
        f"{asker}: of endpoint 'abalone' at http://127.0.0.1:9 no control plane is known; set control_url in the "
        "endpoint's table to where it is"
    )


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (
            ("AccessDenied", True),
            "cloudwatch:GetMetricData is not allowed: AccessDenied; allow it, or leave the limit out",
        ),
        (("InternalServiceFault", False), "cloudwatch:GetMetricData failed: InternalServiceFault"),
    ],
)
def test_what_cannot_be_asked_is_known_before_the_load(refusal: tuple[str, bool], says: str) -> None:
    """One line that names limit and permission; nothing was sent, nothing is paid for."""
    load = Load(server_5xx=0)
    load.plane.refusal = refusal

    with pytest.raises(EndpointError) as raised:
        load.witness().begin()

    assert f"the mark: server_5xx is CloudWatch's to say: {says}" == str(raised.value)


@pytest.mark.parametrize(
    ("notes", "why"),
    [
        ([], "who serves the endpoint is not known"),
        (["sagemaker:DescribeEndpoint is not allowed: x"], "sagemaker:DescribeEndpoint is not allowed: x"),
    ],
)
def test_an_endpoint_nobody_describes_has_no_figures(notes: list[str], why: str) -> None:
    """Its variants' names are what figures are asked for by."""
    load = Load(server_5xx=0)
    load.preflight.hosting, load.preflight.notes = None, notes

    with pytest.raises(EndpointError) as raised:
        load.witness().begin()

    assert f"the mark: server_5xx is CloudWatch's to say: {why}" == str(raised.value)


def test_without_a_limit_a_denial_is_a_note() -> None:
    """The load runs, and says what it did without."""
    load = Load()
    load.plane.refusal = "AccessDenied", True

    found = load.testimony()

    assert ("CloudWatch was not asked: cloudwatch:GetMetricData is not allowed: AccessDenied",) == found.notes
    assert ((), {}) == (found.checks, found.facts)


@pytest.mark.parametrize(
    ("written", "fields", "part"),
    [
        ({"server_5xx": 0}, {"duration": "90s"}, "a window of 1m30s is not a multiple of it; let the load last 2m"),
        ({"gpu_utilization_max": "80%"}, {}, "ml.m5.large has no GPU"),
        ({"model_cache_hit": "80%"}, {}, "only multi-model endpoints have it"),
        ({"server_5xx": 0}, {"components": {"a": 1, "b": 1}}, "components have figures of their own"),
        ({"server_5xx": 0}, {"variant": "Canary"}, "no variant of the endpoint serves this load"),
    ],
)
def test_what_cannot_be_held_is_refused_before_the_load(written: dict[str, Any], fields: Any, part: str) -> None:
    """With the remedy."""
    with pytest.raises(ConfigurationError, match=part):
        Load(**written).witness(**fields).begin()


def test_an_unknown_instance_type_is_the_users_to_say() -> None:
    """In the endpoint's table; then it is taken."""
    load = Load(cpu_utilization_max="70%")
    load.preflight.serve(Variant("AllTraffic", "ml.odd.metal", 2, 2, 1.0))
    with pytest.raises(
        ConfigurationError, match=r"how many vCPUs ml\.odd\.metal has is not known; set vcpus = N in smload"
    ):
        load.witness().begin()

    load.facts = {"vcpus": 4}
    (check,) = load.testimony().checks
    assert ("pass", 0.3) == (check.outcome, check.observed)


@pytest.mark.parametrize(
    ("metrics", "fields", "written", "period_s"),
    [
        ({}, {}, {"server_5xx": 0}, 60),
        ({"metrics_period_s": 10}, {}, {"cpu_utilization_max": "1%"}, 60),
        (
            {"metrics_period_s": 10, "enhanced_metrics": True},
            {"duration": "30s"},
            {"cpu_utilization_max": "1%"},
            10,
        ),
        (
            {"metrics_period_s": 10, "enhanced_metrics": True},
            {"duration": "30s"},
            {"model_latency_p95": "1s"},
            30,
        ),
    ],
)
def test_the_window_begins_with_a_period(metrics: Any, fields: Any, written: Any, period_s: int) -> None:
    """Of the coarser of what is needed; of the window's own length for a short percentile."""
    witness = Load(metrics=metrics, **written).witness(**fields)
    witness.begin()

    assert period_s == witness.period_s


def test_a_load_as_it_should_be() -> None:
    """Counted at the first look; asked once for everything; each limit held; whose the time was."""
    load = Load(cpu_utilization_max="70%", server_5xx=0, model_latency_p95="50ms", model_latency_mean="30ms")

    found = load.testimony()

    assert [("cpu_utilization_max", "pass"), ("server_5xx", "pass"), ("model_latency_p95", "pass"),
            ("model_latency_mean", "fail")] == [(check.metric, check.outcome) for check in found.checks]  # fmt: skip
    assert (2, []) == (len(load.plane.questions), load.lines)
    first, second = load.plane.questions
    assert {("Invocations", "Sum", 60)} == first
    assert {("ModelLatency", "p95", 120), ("CPUUtilization", "Maximum", 60)} < second
    server = found.facts["server"]
    assert (120, 120, 120, 120, 0.0) == (
        server.sent, server.counted, server.sent_in_all, server.counted_in_all, server.waited_s,
    )  # fmt: skip
    assert pytest.approx((50, 40, 5, 5)) == (server.client_ms, server.model_ms, server.overhead_ms, server.rest_ms)
    assert pytest.approx(0.6) == server.figures["cpu_utilization_max"]


def test_what_was_read_period_by_period_is_kept() -> None:
    """From the begin of the load's window; a period without data is a gap."""
    load = Load(cpu_utilization_max="70%", model_latency_p95="50ms")
    load.plane.put("MemoryUtilization", Maximum=[None, 31.0])

    series = {each.name: each for each in load.testimony().facts["server"].series}

    assert {(0.0, 120.0, 60, "AllTraffic")} == {
        (each.begin_s, each.end_s, each.period_s, each.variant) for each in series.values()
    }
    assert {
        "model_latency_mean": (40, 40), "overhead_latency_mean": (5, 5), "cpu_utilization_max": (0.45, 0.6),
        "cpu_utilization_mean": (0.4, 0.5), "memory_utilization_max": pytest.approx((nan, 0.31), nan_ok=True),
        "server_5xx": (0, 0), "server_4xx": (0, 0), "invocations": (60, 60),
    } == {name: each.values for name, each in series.items()}  # fmt: skip


def test_it_waits_until_everything_is_counted() -> None:
    """Asking for Invocations alone, saying so; then once for everything."""
    load = Load(server_5xx=0)
    load.plane.put("Invocations", Sum=lambda now: [60, 60 if now >= 45 else 20] if now >= 25 else [])

    found = load.testimony()

    assert ["pass"] == [check.outcome for check in found.checks]
    assert [{("Invocations", "Sum", 60)}] * 6 == load.plane.questions[:-1]
    assert "waiting for CloudWatch: 0 of 120 requests are counted after 10s (of 5m at most)" == load.lines[0]
    assert "waiting for CloudWatch: 80 of 120 requests are counted after 40s (of 5m at most)" == load.lines[-1]
    assert 50 == found.facts["server"].waited_s


def test_it_does_not_wait_for_ever() -> None:
    """After five minutes nothing passes: the checks are undecided, and say what is missing."""
    load = Load(server_5xx=0, cpu_utilization_max="50%")
    load.plane.put("Invocations", Sum=[60, 30])

    found = load.testimony()

    assert WAIT_S <= load.clock.now_s <= WAIT_S + 20
    assert [("server_5xx", "invalid"), ("cpu_utilization_max", "fail")] == [
        (check.metric, check.outcome) for check in found.checks
    ]
    assert "CloudWatch had counted 90 of the 120 requests of the window that the model answered" in found.checks[0].note
    assert 30 == found.facts["server"].uncounted


def test_nothing_counted_at_all_passes_nothing() -> None:
    """The emptiest of answers."""
    load = Load(server_5xx=0, model_latency_mean="1s", cpu_utilization_max="99%")
    load.plane.figures.clear()

    found = load.testimony()

    assert ["fail"] * 3 == [check.outcome for check in found.checks]
    assert all("CloudWatch has no data of" in check.note for check in found.checks)


def test_requests_that_may_or_may_not_be_counted_are_not_waited_for() -> None:
    """A timeout may never have reached the model: once a sum no longer grows, it is enough."""
    load = Load(server_5xx=0)
    load.rows[-10:] = [row._replace(kind=TIMEOUT) for row in load.rows[-10:]]
    load.plane.put("Invocations", Sum=[60, 50])

    witness = load.witness()
    witness.begin()
    made = recording(load.rows, 10.0, 130.0, multi_model=False, epoch_s=BEGIN - 10.0)
    begin, end = datetime.fromtimestamp(BEGIN, UTC), datetime.fromtimestamp(BEGIN + 120, UTC)
    judged: Any = SimpleNamespace(recording=made)
    found = witness.testify(judged, LoadSpan(begin, end, begin, end, 120, answered=110), load.lines.append)

    assert ["pass"] == [check.outcome for check in found.checks]
    assert 10 == load.clock.now_s


def test_requests_at_the_windows_edges_are_given_time_to_be_counted() -> None:
    """Others sent in the load's minutes, so that the sum alone proves nothing; half of ours wait in a queue."""
    load = Load(server_5xx=0)
    load.rows = [row._replace(end=row.start + 40) for row in load.rows]
    load.plane.put("Invocations", Sum=lambda now: [60, 60 if now >= 5 else 30, 500])
    load.plane.put("Invocation5XXErrors", Sum=lambda now: [0, 30 if now >= 5 else 0])

    found = load.testimony()

    assert ["fail"] == [check.outcome for check in found.checks]


def test_instances_that_publish_later_than_requests_are_waited_for() -> None:
    """Asked for again, for two periods at most."""
    load = Load(cpu_utilization_max="70%")
    load.plane.put("CPUUtilization", Maximum=lambda now: [90.0, 150.0] if now >= 60 else [90.0])

    found = load.testimony()

    assert [("fail", 0.75)] == [(check.outcome, check.observed) for check in found.checks]
    assert {"waiting for CloudWatch: CPUUtilization of the window have not come yet"} == set(load.lines)


def test_instances_that_never_publish_all_leave_the_limit_undecided() -> None:
    """The largest of half the periods is not the largest."""
    load = Load(cpu_utilization_max="70%")
    load.plane.put("CPUUtilization", Maximum=[90.0, None])

    (check,) = load.testimony().checks

    assert ("invalid", "incomplete") == (check.outcome, check.cause)
    assert "undecided: CloudWatch lacks CPUUtilization of 1 of the window's 2 periods" == check.note
    assert 120 <= load.clock.now_s <= 140


def test_foreign_traffic_makes_the_load_invalid() -> None:
    """Named with its share; planted in the window."""
    load = Load(server_5xx=0)
    load.plane.put("Invocations", Sum=[60, 120])

    found = load.testimony()

    (reason,) = found.reasons
    assert reason.cause.startswith("60 of the 180 invocations CloudWatch counted in the window (33.33%) were not sent")
    assert 60 == found.facts["server"].foreign


def test_what_an_earlier_load_sent_in_the_same_minute_is_not_foreign() -> None:
    """Only the window counts: before it the load shares its first minute with others, and knows nothing of them."""
    load = Load(server_5xx=0)
    load.plane.put("Invocations", Sum=lambda _now: [60, 60, 500])

    found = load.testimony()

    assert ((), ["pass"]) == (found.reasons, [check.outcome for check in found.checks])


def test_a_planted_disagreement_is_named() -> None:
    """The model alone takes longer than the client waited."""
    load = Load()
    load.plane.put("ModelLatency", Sum=[60 * 90e3, 60 * 90e3], SampleCount=[60, 60])

    found = load.testimony()

    assert not found.facts["server"].agrees
    assert "CloudWatch and the client disagree: on average the server took 95 ms" in found.notes[0]


@pytest.mark.parametrize(("window_s", "spans"), [(90.0, 60), (179.0, 120)])
def test_a_window_that_ended_early_is_read_as_far_as_its_periods_are_whole(window_s: float, spans: int) -> None:
    """What is not whole is of other requests too."""
    load = Load()
    load.window_s = window_s

    server = load.testimony().facts["server"]

    begin, end = (datetime.fromisoformat(text).timestamp() for text in (server.window_begin, server.window_end))
    assert (BEGIN, spans, spans) == (begin, end - begin, server.sent)


def test_a_window_without_a_whole_period_has_no_figures() -> None:
    """Then every limit fails, saying so; nobody is asked."""
    load = Load(server_5xx=0)
    load.window_s = 40.0

    found = load.testimony()

    (check,) = found.checks
    assert ("fail", []) == (check.outcome, load.plane.questions)
    assert "held no whole period of CloudWatch's (60 s)" in check.note


def test_what_is_denied_only_afterwards_fails_every_limit() -> None:
    """A permission taken away meanwhile."""
    load = Load(server_5xx=0)
    witness = load.witness()
    witness.begin()
    load.plane.refusal = "AccessDenied", True
    made = recording(load.rows, 10.0, 130.0, multi_model=False, epoch_s=BEGIN - 10.0)
    begin, end = datetime.fromtimestamp(BEGIN, UTC), datetime.fromtimestamp(BEGIN + 120, UTC)
    judged: Any = SimpleNamespace(recording=made)

    found = witness.testify(judged, LoadSpan(begin, end, begin, end, 120, answered=120), load.lines.append)

    assert [("fail", "CloudWatch could not be asked: cloudwatch:GetMetricData is not allowed: AccessDenied")] == [
        (check.outcome, check.note) for check in found.checks
    ]
    assert 0 == load.clock.now_s


def test_an_outage_of_cloudwatch_is_waited_out() -> None:
    """Up to the same five minutes."""
    load = Load(server_5xx=0)
    witness = load.witness()
    witness.begin()
    made = recording(load.rows, 10.0, 130.0, multi_model=False, epoch_s=BEGIN - 10.0)
    begin, end = datetime.fromtimestamp(BEGIN, UTC), datetime.fromtimestamp(BEGIN + 120, UTC)
    judged: Any = SimpleNamespace(recording=made)
    load.plane.refusal = "InternalServiceFault", False
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        load.clock.now_s += seconds
        if len(slept) == 3:
            load.plane.refusal = None

    witness._patience = Patience(load.clock, sleep)
    found = witness.testify(judged, LoadSpan(begin, end, begin, end, 120, answered=120), load.lines.append)

    assert (["pass"], 3) == ([check.outcome for check in found.checks], len(slept))


def test_credentials_are_refreshed_for_the_wait() -> None:
    """Those of the load may end within it."""
    load, refreshed = Load(server_5xx=0), []
    witness = load.witness()
    witness.begin()
    witness._request.target = SimpleNamespace(
        credentials=SimpleNamespace(refresh_if_needed=lambda: refreshed.append(len(load.plane.questions)))
    )
    made = recording(load.rows, 10.0, 130.0, multi_model=False, epoch_s=BEGIN - 10.0)
    begin, end = datetime.fromtimestamp(BEGIN, UTC), datetime.fromtimestamp(BEGIN + 120, UTC)
    judged: Any = SimpleNamespace(recording=made)

    witness.testify(judged, LoadSpan(begin, end, begin, end, 120, answered=120), load.lines.append)

    # The one question before it is that of before the load.
    assert [1] == refreshed


def test_instances_are_those_that_served() -> None:
    """Somebody may have pinned their number after the witness began."""
    load = Load(server_5xx=0)
    witness = load.witness()
    witness.begin()
    load.preflight.serve(Variant("AllTraffic", "ml.m5.large", 5, 5, 1.0))
    made = recording(load.rows, 10.0, 130.0, multi_model=False, epoch_s=BEGIN - 10.0)
    begin, end = datetime.fromtimestamp(BEGIN, UTC), datetime.fromtimestamp(BEGIN + 120, UTC)
    judged: Any = SimpleNamespace(recording=made)

    found = witness.testify(judged, LoadSpan(begin, end, begin, end, 120, answered=120), load.lines.append)
    witness.close()

    assert 5 == found.facts["server"].variants[0].instances
