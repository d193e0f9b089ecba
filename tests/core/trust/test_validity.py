"""When a measurement is INVALID, and when it must not be."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import CLIENT, CONNECTION, MODELS, TIMEOUT, Row, recording

from pytest_smload.core.limits.aborted import abort_check
from pytest_smload.core.limits.grammar import parse_limit
from pytest_smload.core.limits.judge import judge
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.stages import StageSpan
from pytest_smload.core.load.traffic import ShuffledBlocks, shuffled_schedule
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.invocation import InvocationFailure
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.samples.recording import Abort, Recording
from pytest_smload.core.trust.health import ClientHealth
from pytest_smload.core.trust.validity import examine

OPENS, CLOSES = 100.0, 110.0


def steady(
    delay_s: float = 0.0, service_s: float = 0.1, count: int = 300, *, held_s: float = 0.0, **row: Any
) -> list[Row]:
    """Requests evenly over the window and the models, each held *held_s* by busy users, then late by *delay_s*."""
    rows = []
    for index in range(count):
        due = OPENS + index * (CLOSES - OPENS) / count
        free = due + held_s if held_s else None
        start = due + held_s + delay_s
        rows.append(Row(due, start, start + service_s, **{"model": index % 3, "free": free} | row))
    return rows


def health(found: Recording, *, scopes: tuple[ScopeName, ...] = (TOTAL,), simulated: bool = False) -> ClientHealth:
    return examine(found, measure(found), budgeted_scopes=scopes, simulated=simulated)


def causes(found: ClientHealth) -> str:
    return " | ".join(reason.cause for reason in found.reasons)


def remarks(found: ClientHealth) -> str:
    return " | ".join(warning.cause for warning in found.warnings)


def test_a_healthy_client_is_valid() -> None:
    """With requests sent when due, an idle loop and the mix as asked, nothing is said."""
    found = health(recording(steady(), OPENS, CLOSES, complete=True))

    assert (found.valid, found.reasons, found.warnings) == (True, (), ())


@pytest.mark.parametrize(("delay_ms", "calm"), [(0.9, True), (1.1, False)])
def test_a_late_client_is_named_from_one_millisecond_on(delay_ms: float, calm: bool) -> None:
    """Client delay that adds that much to the p95 of a fast endpoint is said; each check decides what it means."""
    found = health(recording(steady(delay_ms / 1000, 0.01), OPENS, CLOSES, lag_s=[0.0] * 100, complete=True))

    assert (found.valid, found.warnings == ()) == (True, calm)
    assert found.bias_p95_ms == pytest.approx(delay_ms)
    assert found.delay_p95_ms == pytest.approx(delay_ms)


@pytest.mark.parametrize(("delay_ms", "calm"), [(24.0, True), (28.0, False)])
def test_of_a_slow_endpoint_it_is_named_from_half_of_five_percent_on(delay_ms: float, calm: bool) -> None:
    """Client delay is held against the endpoint's own time."""
    found = health(recording(steady(delay_ms / 1000, 1.0), OPENS, CLOSES, complete=True))

    assert (found.valid, "the client itself adds" not in remarks(found)) == (True, calm)


def test_late_in_the_closed_model_is_the_time_from_ready_to_start() -> None:
    """A closed load's latency leaves the delay out; it is said all the same."""
    found = health(recording(steady(0.03), OPENS, CLOSES, open_model=False))

    assert "its delay, which p95 leaves out, would add 30 ms to it (5 ms are allowed" in remarks(found)


def test_an_overloaded_endpoint_is_not_the_clients_fault() -> None:
    """Seconds of waiting for a free user, and half the arrivals never sent, leave the measurement valid."""
    unsent = [(OPENS + 5 + index / 100, index % 3) for index in range(300)]
    found = health(recording(steady(held_s=4.0), OPENS, CLOSES, unsent=unsent, complete=True))

    assert (found.valid, causes(found)) == (True, "")
    assert found.delay_p95_ms == pytest.approx(0, abs=1e-6)


def test_a_late_client_of_an_overloaded_endpoint_is_told_apart() -> None:
    """Delay after the user became free counts, also where the request was held before."""
    found = health(recording(steady(0.5, held_s=1.0), OPENS, CLOSES, complete=True))

    assert "the client itself adds 500 ms to p95: 500 ms by sending late" in remarks(found)


def test_a_client_woken_late_is_named() -> None:
    """With what its being woken late adds to p95."""
    found = health(recording(steady(), OPENS, CLOSES, lag_s=[0.02] * 10 + [0.0] * 90, complete=True))

    assert "the client itself adds 20 ms to p95: 0 ms by sending late, 20 ms by reading late" in remarks(found)
    assert "run the client on a larger" in found.warnings[0].remedy


def late_reads(found: Recording, waited_s: float, least_s: float = 0.0) -> Recording:
    """Let each response have waited between *least_s* and *waited_s* for the client to read it."""
    samples = found.samples
    samples.late_index.extend(range(len(samples)))
    samples.late_from.extend(end - waited_s for end in samples.end)
    samples.late_to.extend(end - least_s for end in samples.end)
    return found


@pytest.mark.parametrize(("waited_ms", "calm"), [(2.4, True), (2.6, False)])
@pytest.mark.parametrize("open_model", [True, False], ids=["open", "closed"])
def test_a_client_that_reads_late_is_named(waited_ms: float, calm: bool, open_model: bool) -> None:
    """By as much as it adds to p95, whatever the ticker saw."""
    waited_s = waited_ms / 1000
    rows = recording(steady(), OPENS, CLOSES, lag_s=[0.0] * 100, open_model=open_model, complete=True)
    found = health(late_reads(rows, waited_s, waited_s))

    assert (found.valid, found.warnings == ()) == (True, calm)
    assert found.lag_bias_p95_ms == pytest.approx(waited_ms)
    assert found.bias_p95_ms == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("open_model", "delay_ms", "waited_ms", "calm"),
    [(True, 1.0, 1.0, True), (True, 1.5, 1.5, False), (False, 1.5, 1.5, True)],
)
def test_sending_late_and_reading_late_add_up(open_model: bool, delay_ms: float, waited_ms: float, calm: bool) -> None:
    """In the open model: neither is worth a word, both together are. A closed p95 has one only."""
    waited_s = waited_ms / 1000
    rows = recording(steady(delay_ms / 1000), OPENS, CLOSES, lag_s=[0.0] * 100, open_model=open_model, complete=True)

    assert (health(late_reads(rows, waited_s, waited_s)).warnings == ()) is calm


@pytest.mark.parametrize(("waited_ms", "named"), [(7.0, False), (25.0, True)])
def test_a_client_that_did_not_look_for_long_is_named(waited_ms: float, named: bool) -> None:
    """Where responses may have come 10 % of p95 before they were read, estimates say little."""
    # Two in five took 80 ms by the clock: the client read them all at once, at the end of what held it up.
    rows = [row._replace(end=row.start + (0.08 if index % 5 < 2 else 0.03)) for index, row in enumerate(steady())]
    result = health(late_reads(recording(rows, OPENS, CLOSES, lag_s=[0.0] * 100, complete=True), waited_ms / 1000))

    assert result.lag_bias_p95_ms < 4
    assert (result.valid, "unread for so long" in remarks(result)) == (True, named)


@pytest.mark.parametrize(("cpu", "lag_ms", "warnings"), [(0.95, 3.0, 2), (0.5, 3.0, 1), (0.95, 1.0, 1), (0.5, 1.0, 0)])
def test_a_busy_client_is_named(cpu: float, lag_ms: float, warnings: int) -> None:
    """Above 90 % of a core TPS may be the client's limit, however little it lags."""
    found = health(recording(steady(), OPENS, CLOSES, cpu=cpu, lag_s=[lag_ms / 1000] * 100, complete=True))

    assert (found.valid, len(found.warnings)) == (True, warnings)


def test_a_few_late_requests_warn() -> None:
    """The p99 of the client delay above max(3 ms, 5 % of p95) is a warning."""
    rows = steady(count=296) + steady(0.03, count=4)
    found = health(recording(rows, OPENS, CLOSES, open_model=False))

    assert found.valid
    assert "1% of the requests" in found.warnings[0].cause


def test_an_endpoint_that_only_errs_is_not_invalid() -> None:
    """Without a success there is no latency to distort: refusals are the endpoint's, and a lagging loop a warning."""
    found = health(recording(steady(kind=CONNECTION), OPENS, CLOSES, lag_s=[0.004] * 100, cpu=1.0, complete=True))

    assert (found.valid, len(found.warnings)) == (True, 2)


def test_requests_that_left_late_count_without_a_success() -> None:
    """Where nothing succeeded the client delay itself is named."""
    found = health(recording(steady(0.01, kind=TIMEOUT), OPENS, CLOSES, complete=True))

    assert "sent 5% of the requests 10 ms late or more (2 ms are allowed" in remarks(found)


@pytest.mark.parametrize(("errors", "valid"), [(5, True), (6, False)])
def test_errors_the_client_caused(errors: int, valid: bool) -> None:
    """More than max(5, 0.1 %) errors of credentials, clock, DNS or descriptors are a reason, quoting the first."""
    rows = [row._replace(kind=CLIENT) if index < errors else row for index, row in enumerate(steady())]
    examples = {"Client": InvocationFailure("Client", "too many open files")}

    found = health(recording(rows, OPENS, CLOSES, examples=examples, complete=True))

    assert found.valid is valid
    assert valid or '6 of 300 requests failed on the client\'s side, 6 as Client: "too many open files"' in causes(
        found
    )


def test_task_exceptions() -> None:
    """An exception in the load's own tasks is a reason."""
    found = health(recording(steady(), OPENS, CLOSES, task_exceptions=["ValueError: x", "KeyError: 1"], complete=True))

    assert causes(found) == "an exception ended a task of the load: ValueError: x (and 1 more)"


@pytest.mark.parametrize(
    ("rows", "facts", "cause"),
    [
        ([], {}, "no request was sent in the window of 10 s"),
        ([Row(90.0, 90.0, 91.0)], {"interrupted": True}, "interrupted before its window saw a request"),
        ([Row(90.0, 90.0, 160.0, TIMEOUT)], {"open_model": False}, "still waiting for an answer to one of the warm-up"),
    ],
)
def test_nothing_sent(rows: list[Row], facts: dict[str, Any], cause: str) -> None:
    """A window without a request is INVALID, saying why it had none, and nothing else is said about it."""
    found = health(recording(rows, OPENS, CLOSES, **facts), scopes=(TOTAL, ScopeName("model", MODELS[0])))

    assert (found.valid, len(found.reasons)) == (False, 1)
    assert cause in causes(found)


def test_an_endpoint_that_hangs_from_the_warmup_on_fails_the_test() -> None:
    """With every user stuck and all arrivals unsent the client is healthy: the errors decide."""
    rows = [Row(99.0, 99.0, 169.0, TIMEOUT, model) for model in range(3)]
    unsent = [(OPENS + index / 30, index % 3) for index in range(300)]

    assert health(recording(rows, OPENS, CLOSES, unsent=unsent, complete=True)).valid


def test_a_scope_with_a_limit_needs_a_request() -> None:
    """A budgeted model or stage no request went to is a reason; one whose arrivals were all unsent is not."""
    stages = (StageSpan("calm", 0.0, 10.0, users=1), StageSpan("peak", 10.0, 20.0, users=9))
    rows = steady(model=0)
    found = health(
        recording(rows, OPENS, CLOSES, shares=[1.0, 0.0, 0.0], stages=stages, unsent=[(OPENS, 1)]),
        scopes=(TOTAL, *(ScopeName.parse(name) for name in (*MODELS, "stage calm", "stage peak"))),
    )

    assert "c.tar.gz, stage peak have limits but got no request" in causes(found)
    assert "b.tar.gz" not in causes(found)


@pytest.mark.parametrize(("complete", "valid"), [(True, False), (False, True)])
def test_an_open_mix_is_exact(complete: bool, valid: bool) -> None:
    """Two requests off the weights are a reason once the whole schedule was gone through, not in a cut one."""
    rows = [row._replace(model=1) if index in (0, 3) else row for index, row in enumerate(steady())]

    found = health(recording(rows, OPENS, CLOSES, complete=complete))

    assert found.valid is valid
    assert (
        valid
        or "a.tar.gz got 98 of 300 requests, 100.0 were asked for, 1 more or less allowed (1 more off)" in causes(found)
    )


def test_a_model_the_weights_should_have_reached() -> None:
    """A model without a request though its share amounts to one is a reason of its own."""
    found = health(recording(steady(model=0), OPENS, CLOSES, shares=[0.9, 0.1], complete=True))

    assert "no request went to b.tar.gz, though the weights ask for 10% of 300" in causes(found)


def test_unsent_arrivals_are_part_of_the_mix() -> None:
    """An endpoint too slow to take one model's arrivals does not make the mix wrong."""
    rows = [row for row in steady() if row.model != 2]
    unsent = [(OPENS + index / 10, 2) for index in range(100)]

    assert health(recording(rows, OPENS, CLOSES, unsent=unsent, complete=True)).valid


@given(
    weights=st.lists(st.integers(1, 50), min_size=2, max_size=3),
    count=st.integers(1, 2500),
    seed=st.integers(0, 1000),
    case=st.sampled_from(["closed", "open", "cut"]),
)
@settings(max_examples=60, deadline=None)
def test_traffic_as_it_is_chosen_is_within_bounds(weights: list[int], count: int, seed: int, case: str) -> None:
    """The engine's own sequences, whole, cut short or endless, never count as off their weights."""
    shares = [weight / sum(weights) for weight in weights]
    if case == "closed":
        blocks = ShuffledBlocks(shares, seed)
        models = [blocks.next() for _ in range(count)]
    else:
        models = list(shuffled_schedule(shares, count if case == "open" else count * 2, seed))[:count]
    rows = [Row(OPENS + index / 1000, OPENS + index / 1000, OPENS + 3, 0, model) for index, model in enumerate(models)]

    found = health(recording(rows, OPENS, CLOSES, shares=shares, open_model=case != "closed", complete=case == "open"))

    assert causes(found) == ""


def test_weights_that_are_not_followed_in_a_closed_load() -> None:
    """Even traffic over two models weighted 3:1 is a reason."""
    draw = random.Random(1)
    rows = [row._replace(model=draw.randrange(2)) for row in steady(count=1500)]

    found = health(recording(rows, OPENS, CLOSES, shares=[0.75, 0.25], open_model=False))

    assert "the traffic is off its weights" in causes(found)


@pytest.mark.parametrize("how", [{"judged": False}, {"simulated": True}])
def test_under_a_mock_time_is_not_judged(how: dict[str, bool]) -> None:
    """Delay, lag, CPU and client-caused errors are nothing there; task exceptions still are."""
    simulated = how.pop("simulated", False)
    slow = {"lag_s": [1.0] * 50, "cpu": 1.0, "complete": True} | how
    rows = steady(1.0, 0.001, kind=CLIENT)

    found = health(recording(rows, OPENS, CLOSES, **slow), simulated=simulated)
    broken = health(recording(rows, OPENS, CLOSES, task_exceptions=["x"], **slow), simulated=simulated)

    assert (found.valid, found.warnings, found.judged) == (True, (), False)
    assert not broken.valid


def test_a_window_that_began_while_the_endpoint_was_warming_up() -> None:
    """A beginning slower than the rest, longer than a tenth of the window, is a warning with its share and factor."""
    draw = random.Random(1)
    rows = [
        row._replace(end=row.start + draw.uniform(0.9, 1.1) * (0.3 if index < 450 else 0.1))
        for index, row in enumerate(steady(count=1500))
    ]
    found = health(recording(rows, OPENS, CLOSES, complete=True))
    in_stages = health(recording(rows, OPENS, CLOSES, complete=True, stages=[StageSpan("1", 0.0, 10.0, tps=150)]))
    mocked = health(recording(rows, OPENS, CLOSES, complete=True), simulated=True)

    assert found.valid
    (warning,) = found.warnings
    assert warning.cause == "the first 30% of the window was 3 times as slow as the rest"
    assert "longer warmup" in warning.remedy
    assert (in_stages.warnings, mocked.warnings) == ((), ())


@pytest.mark.parametrize(("unprimed", "models"), [(1, "1 model"), (1200, "1,200 models")])
def test_models_that_priming_left_cold(unprimed: int, models: str) -> None:
    """They are a warning, under a mock too, and never a reason."""
    found = [
        health(recording(steady(), OPENS, CLOSES, complete=True, unprimed=unprimed), simulated=simulated)
        for simulated in (False, True)
    ]

    for each in found:
        assert each.valid
        (warning,) = each.warnings
        assert warning.cause.startswith(f"{models} had not answered when priming ended")
        assert "prime_timeout" in warning.remedy


def test_a_load_that_was_ended_before_its_window_is_judged() -> None:
    """abort_on during the warm-up leaves the window empty: the endpoint's doing, which fails the test."""
    rows = [Row(99.0, 99.0, 99.1, CONNECTION)] * 20
    aborted = Abort(error_rate=1.0, requests=20, span_s=1.0, limit=0.5)
    found = recording(rows, OPENS, OPENS, aborted=aborted)
    ended = health(found, scopes=(TOTAL, ScopeName("model", MODELS[0])))

    assert (ended.valid, ended.reasons) == (True, ())
    (reason,) = health(recording(rows, OPENS, OPENS, cpu=1.5)).reasons
    assert reason.cause == "the load was over before its window opened: priming and warm-up sent all 20 requests"
    assert "max_requests" in reason.remedy
    assert health(recording(rows, OPENS, OPENS, cpu=1.5)).warnings == ()
    limits = [(TOTAL, parse_limit("p95", "1s", source=""))]
    checks = [abort_check(aborted, found), *judge(limits, measure(found))]
    assert [(check.outcome, check.note) for check in checks[1:]] == [("fail", "no sample")]
    result = build_result(
        found,
        measure(found),
        ended,
        label=None,
        endpoint=EndpointFacts("staging", "abalone", "us-east-1", "https://runtime.example"),
        profile=LoadProfile(tps=1),
        transport="http",
        transport_reason="default",
        checks=checks[:1],
        notes=[],
    )
    assert result.verdict == "fail"


def several(*each: Recording) -> Recording:
    """The first recording, with the readings of all."""
    return dataclasses.replace(each[0], clients=[client for found in each for client in found.clients])


@pytest.mark.parametrize("worst_first", [True, False])
def test_of_several_generators_the_worst_decides(worst_first: bool) -> None:
    """CPU, lag and what it adds are those of the generator that fared worst, as if it had sent everything."""
    calm = recording(steady(), OPENS, CLOSES, complete=True)
    worst = recording(steady(), OPENS, CLOSES, cpu=0.97, lag_s=[0.02] * 10 + [0.0] * 90, complete=True)
    found = health(several(worst, calm) if worst_first else several(calm, worst))

    assert health(worst) == found
    assert found.warnings
    assert found.cpu == 0.97


def test_several_calm_generators_are_valid() -> None:
    """Readings are compared, never summed: four at half a core are none that is busy."""
    calm = recording(steady(), OPENS, CLOSES, cpu=0.5, complete=True)
    found = health(several(calm, calm, calm, calm))

    assert health(calm) == found
    assert (found.valid, found.warnings) == (True, ())


def test_a_generator_without_readings_hides_no_other() -> None:
    """One whose window was over before its first tick says nothing of lag."""
    silent, slow = (recording(steady(), OPENS, CLOSES, lag_s=lag_s, complete=True) for lag_s in ([], [0.05] * 100))

    assert 50 == pytest.approx(health(several(silent, slow)).loop_lag_p95_ms)


def test_one_generator_under_a_mock_leaves_nothing_to_judge() -> None:
    """Where time means nothing in a part of the samples it means nothing in all."""
    found = health(several(*(recording(steady(), OPENS, CLOSES, judged=judged) for judged in (True, False))))

    assert not found.judged


@pytest.mark.parametrize("open_model", [True, False], ids=["open", "closed"])
@pytest.mark.parametrize("due", [OPENS - 5, OPENS + 5], ids=["warm-up", "window"])
def test_a_time_below_zero_is_invalid(open_model: bool, due: float) -> None:
    """One request that ended before it began, wherever it is, says that the clock cannot be trusted."""
    found = health(recording([*steady(), Row(due, due, due - 0.01)], OPENS, CLOSES, open_model=open_model))

    assert "a request took -10 ms: the clock it was timed with ran backwards" in causes(found)
