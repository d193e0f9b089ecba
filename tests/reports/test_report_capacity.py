"""What reports say of capacity searches."""

from __future__ import annotations

import json
from math import inf

import pytest

import pytest_smload
from pytest_smload.core.capacity.capacity import Capacity, at_least_check
from pytest_smload.core.capacity.level import Interval, Level
from pytest_smload.core.limits.check import Check
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.results.result import RunResult, TestResult
from pytest_smload.core.trust.health import Finding
from pytest_smload.reports.json_report import attempt_from, attempt_record
from pytest_smload.reports.junit import junit_properties
from pytest_smload.reports.markdown.report import run_markdown
from pytest_smload.reports.text.failure import failure_text, invalid_text
from pytest_smload.reports.text.terminal import run_lines
from pytest_smload.reports.words.capacity_lines import capacity_remarks, capacity_sentence

BROKEN = Check("total", "p95", "<= 250 ms", "the mark", 300.0, 900, "fail", at_most=250.0)
PROFILE = {"tps": 50.0, "arrivals": "poisson", "duration": "60s", "warmup": "10s"}


def level(tps: float, verdict: str, **facts: object) -> Level:
    ms = Interval(120.0, 110.0, inf)
    given = {"errors": {}, "checks": (BROKEN,) if verdict == "broken" else (), **facts}
    return Level(
        offered_tps=tps,
        purpose="up",
        verdict=verdict,  # type: ignore[arg-type]
        why="p95 is not <= 250 ms" if verdict == "broken" else "",
        tps=Interval(tps, tps, tps),
        p50_ms=ms,
        p95_ms=ms,
        p99_ms=ms,
        error_rate=Interval(0.0, 0.0, 0.01),
        requests=900,
        window_s=60.0,
        started_at="",
        **given,  # type: ignore[arg-type]
    )


def found(**facts: object) -> Capacity:
    given = {
        "label": None,
        "tps": 200.0,
        "not_kept_tps": 208.0,
        "binding": BROKEN,
        "confirmed": True,
        "levels": (level(200.0, "kept"), level(208.0, "broken")),
        **facts,
    }
    endpoint = EndpointFacts("staging", "abalone", "us-east-1", "https://runtime.example")
    return Capacity(endpoint=endpoint, profile=PROFILE, started_at="", **given)  # type: ignore[arg-type]


def attempt(*capacities: Capacity) -> TestResult:
    verdicts = [each.verdict for each in capacities]
    verdict = next(each for each in ("interrupted", "invalid", "fail", "pass") if each in verdicts)
    return TestResult("tests/a.py::test_a", 1, verdict, capacities=capacities)  # type: ignore[arg-type]


SHORT = found(check=at_least_check(300.0, tps=200.0, not_kept_tps=208.0, probes=2, kept=False, decided=True, why=""))
UNTRUSTED = found(
    not_kept_tps=inf, binding=None, confirmed=False, reasons=(Finding("the client was too slow", "use another"),)
)
NOTHING = found(tps=0.0, not_kept_tps=10.0, confirmed=False, levels=(level(10.0, "broken"),))


@pytest.mark.parametrize("capacity", [found(), SHORT, UNTRUSTED, NOTHING, found(levels=(), tps=0.0, interrupted=True)])
def test_it_is_read_back(capacity: Capacity) -> None:
    """With infinite ends of intervals and brackets."""
    test = attempt(capacity)

    assert test == attempt_from(json.loads(json.dumps(attempt_record(test), allow_nan=False)))


def test_a_line_in_the_overview() -> None:
    """Rate, whether confirmed, what binds and where; a level each with -v; nothing but what matters with -q."""
    run = RunResult(started_at="", tests=(attempt(found(instances=2, instances_known=True)),))

    (line,) = run_lines(run, 200)
    said = "capacity 200 TPS of 2 instances, confirmed; at 208 TPS p95 was 300 ms, limit <= 250 ms"
    assert f"PASS  tests/a.py::test_a  {said}" == line
    verbose = list(run_lines(run, 200, verbosity=1))
    assert 1 == sum(each.split()[:2] == ["208", "broken"] for each in verbose)
    assert [] == list(run_lines(run, 200, verbosity=-1))
    assert 1 == len(list(run_lines(RunResult(started_at="", tests=(attempt(UNTRUSTED),)), 200, verbosity=-1))[:1])


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_it_fits_the_terminal(width: int) -> None:
    """Columns go where it is narrow."""
    lines = list(run_lines(RunResult(started_at="", tests=(attempt(found()),)), width, verbosity=1))

    assert max(map(len, lines)) <= max(width, 60)


def test_a_bracket_that_only_wants_proof_says_so() -> None:
    """Longer probes may find more; where something was broken they would not."""
    unproven = found(levels=(level(200.0, "kept"), level(208.0, "unproven")))

    assert "longer probes (duration, max_duration) may find more" in " ".join(capacity_remarks(unproven))
    assert [] == list(capacity_remarks(found()))


def test_a_failure_begins_with_what_was_found() -> None:
    """And what was asked for; a search that found nothing says down to where."""
    assert failure_text(attempt(SHORT)).startswith(
        "capacity 200 TPS, confirmed, limit >= 300 TPS of capacity; at 208 TPS p95 was 300 ms, limit <= 250 ms\n"
    )
    assert failure_text(attempt(NOTHING)).startswith("no rate that keeps the budget was found, down to 10 TPS")
    assert "the client was too slow" in invalid_text(attempt(UNTRUSTED)).partition("\n")[0]


def test_what_cannot_be_trusted_is_no_knee() -> None:
    """A rate that was broken before the search ended as INVALID is in the table, and in no sentence; without a probe
    nothing is said of rates."""
    doubtful = found(confirmed=False, reasons=UNTRUSTED.reasons)

    assert "capacity 200 TPS, not confirmed" == capacity_sentence(doubtful)
    assert "no probe came to an end" == capacity_sentence(found(levels=(), tps=0.0, binding=None, interrupted=True))


def test_markdown_compares_several() -> None:
    """One table of all, the cheapest named; the levels of each unfold."""
    cheap = found(label="cheap", hourly_usd=0.1)
    text = run_markdown(RunResult(started_at="", tests=(attempt(cheap, found(label="dear", hourly_usd=1.0)),)))

    assert "cheapest that keeps the budget: cheap" in text
    assert "| cheap | 200 | 120 ms | 0.1 | 0.139 | 0.0167 |" in text
    assert 2 == text.count("<details>")
    nobody = run_markdown(RunResult(started_at="", tests=(attempt(NOTHING, found(confirmed=False, hourly_usd=1.0)),)))
    assert "none is confirmed to keep its budget, so none is named the cheapest" in nobody
    assert "| staging (budget not kept) |" in nobody
    assert "| staging #&#8203;2 (not confirmed) |" in nobody
    alone = run_markdown(RunResult(started_at="", tests=(attempt(found()),)))
    assert "$/million" not in alone


def test_junit_has_a_property_each() -> None:
    """Under the label, or the number where there is none."""
    properties = dict(junit_properties(attempt(SHORT, found(label="night"))))

    assert ("fail", "200", "208", "300") == tuple(
        properties[f"smload.capacity.1.{key}"] for key in ("verdict", "tps", "not_kept_tps", "at_least")
    )
    assert "pass" == properties["smload.capacity.night.verdict"]
    assert pytest_smload.Capacity is Capacity
