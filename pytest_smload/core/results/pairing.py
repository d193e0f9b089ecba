"""Finds the loads of runs that are the same load, by test and label, and what they were asked for differently."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_smload.core.baselines.runs import load_key
from pytest_smload.core.hosting.content import content_facts
from pytest_smload.core.load.profile import LOAD_FIELDS
from pytest_smload.core.units import parse_duration_s

if TYPE_CHECKING:
    from pytest_smload.core.results.result import LoadResult, RunResult, TestResult

_OF_REQUESTS = ("payload", "rows", "transport", "weights", "weights_over")
"""Facts beside the profile that say what was sent, and by what."""
_LONGEST_FACT = 80
"""Characters of a setting in a sentence."""


class LoadId(NamedTuple):
    """What a load is known by in every run.

    Attributes:
        test: The test's id.
        key: Its label among the test's loads, as baselines have it.
    """

    test: str
    key: str

    def __str__(self) -> str:
        return f"{self.test} {self.key!r}" if self.key else self.test


def loads_of_test(test: TestResult) -> dict[LoadId, LoadResult]:
    """Return the loads of one attempt."""
    seen: Counter[str | None] = Counter()
    found = {}
    for load in test.loads:
        seen[load.label] += 1
        found[LoadId(test.nodeid, load_key(load.label, seen[load.label]))] = load
    return found


def loads_of_run(run: RunResult) -> dict[LoadId, LoadResult]:
    """Return the loads of the last attempt of each test, which is what its verdict is of."""
    last = {test.nodeid: test for test in run.tests}
    return {key: load for test in last.values() for key, load in loads_of_test(test).items()}


class Settings(NamedTuple):
    """What a load was, beside its figures.

    Attributes:
        asked: Its profile: what has no entry was not asked for.
        known: Where it went, who measured, on what: what has none is not known.
    """

    asked: Mapping[str, Any]
    known: Mapping[str, Any]

    @classmethod
    def of(cls, load: LoadResult, version: str | None = None) -> Settings:
        """Return those of *load*, measured by *version* of this package."""
        recorded = load.baseline.fingerprint if load.baseline is not None else {}
        endpoint = load.endpoint
        return cls(
            load.profile,
            {
                **{name: fact for name, fact in recorded.items() if name not in load.profile},
                "endpoint_name": endpoint.endpoint_name or endpoint.name,
                "region": endpoint.region,
                "account": endpoint.account,
                "transport": load.transport,
                "processes": len(load.workers) or 1,
                "pytest-smload": version,
                **{name: fact for name, fact in content_facts(load.hosting).items() if fact is not None},
            },
        )


def changed_settings(before: Settings, after: Settings) -> list[str]:
    """Return one text per setting that differs, ``"tps: 50 -> 100"``; what is not known differs from nothing."""
    changes = []
    for name in sorted({*before.asked, *after.asked}):
        one, other = before.asked.get(name), after.asked.get(name)
        if one != other:
            changes.append(f"{name}: {_text(one)} -> {_text(other)}")
    for name in sorted({*before.known} & {*after.known} - {*before.asked, *after.asked}):
        one, other = before.known[name], after.known[name]
        if one != other and one is not None and other is not None:
            changes.append(f"{name}: {_text(one)} -> {_text(other)}")
    return changes


def asked_otherwise(before: Settings, after: Settings) -> str:
    """Return what differs in the requests that were asked for, by the facts that part baselines; ``""`` for nothing.

    Latencies at another rate, of other models or by another client are others where the endpoint is the same.
    """
    return "; ".join(changed_settings(_of_requests(before), _of_requests(after)))


def _of_requests(settings: Settings) -> Settings:
    kinds = {name: row.fingerprint for name, row in LOAD_FIELDS.items()}
    return Settings(
        {
            name: _seconds(value) if kinds.get(name) == "duration" else value
            for name, value in settings.asked.items()
            if kinds.get(name) != "no"
        },
        {name: settings.known[name] for name in _OF_REQUESTS if name in settings.known},
    )


def _seconds(duration: Any) -> Any:
    """``"1m"`` and ``"60s"`` are the same."""
    try:
        return f"{parse_duration_s(duration):g}s"
    except ValueError:
        return duration


def _text(fact: Any) -> str:
    text = fact if isinstance(fact, str) else "not given" if fact is None else json.dumps(fact, sort_keys=True)
    return text if len(text) <= _LONGEST_FACT else f"{text[: _LONGEST_FACT - 1]}…"
