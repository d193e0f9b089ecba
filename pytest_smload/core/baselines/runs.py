"""What is recorded of a test's earlier runs: the one schema of baselines, in memory and in their files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.hosting.content import DEPLOYED_FACTS
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName

KEPT_RUNS = 5
UPDATE_OPTION = "--smload-update-baselines"
ACCEPT_OPTION = "--smload-accept-regression"

_SLUG_CHARACTERS = 100
_HASH_DIGITS = 10
_ABSENT = "(none)"
_OCCURRENCE = re.compile(r"(?:^|.* )#\d+", re.DOTALL)
_LATER_FACTS = ("account", "machine", "rows", "images", "model_data")
"""Facts that files written before them do not have; what is not there is not known."""


@dataclass(frozen=True, slots=True)
class BaselineRun:
    """One run as a baseline keeps it.

    Attributes:
        at: When it began, ISO 8601 in UTC.
        n: Requests of its window.
        n_eff: The smallest effective sample size behind its metrics.
        errors: Failures among the requests.
        metrics: Estimate per metric, by `metric_key`.
        commit: What was checked out, or "" where that is not known.
    """

    at: str
    n: int
    n_eff: int
    errors: int
    metrics: Mapping[str, Estimate]
    commit: str = ""


@dataclass(frozen=True, slots=True)
class LoadBaseline:
    """The baseline of one load of a test.

    Attributes:
        fingerprint: Facts that make runs comparable, JSON values; None for one that could not be found out, which
            therefore equals anything.
        anchor: The first run recorded under this fingerprint, which later ones never replace.
        runs: The latest `KEPT_RUNS` runs, newest last.
    """

    fingerprint: Mapping[str, Any]
    anchor: BaselineRun
    runs: tuple[BaselineRun, ...]

    def estimates(self, key: str) -> list[Estimate]:
        """Return the estimate of the metric *key* of each run that has a usable one, oldest first."""
        return [run.metrics[key] for run in self.runs if key in run.metrics and _usable(run.metrics[key])]

    def anchor_estimate(self, key: str) -> Estimate | None:
        """Return the anchor's estimate of the metric *key*, if it has a usable one."""
        estimate = self.anchor.metrics.get(key)
        return estimate if estimate is not None and _usable(estimate) else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """All baselines of one test, by the `load_key` of the load."""

    test: str
    loads: Mapping[str, LoadBaseline] = field(default_factory=dict)


def file_name(test: str) -> str:
    """Return the name of *test*'s baseline file: readable, and another for every other test on any file system."""
    digest = hashlib.sha256(test.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", test.replace("::", "--").replace("/", "."))
    slug = re.sub(r"\.{2,}", ".", slug).strip(".-")[-_SLUG_CHARACTERS:].lstrip(".-")
    return f"{slug}-{digest}.json" if slug else f"{digest}.json"


def load_key(label: str | None, occurrence: int) -> str:
    """Return the key of a test's load, another one for every (label, occurrence).

    Args:
        label: The load's label; None without one.
        occurrence: 1 for the first load of that label in the test, and so on.

    ``""`` without a label, else the label, with `` #2`` after it for the second. A label that is empty, or ends like
    that itself, is always followed by its number.
    """
    if label is None:
        return "" if occurrence == 1 else f"#{occurrence}"
    plain = label and occurrence == 1 and not _OCCURRENCE.fullmatch(label)
    return label if plain else f"{label} #{occurrence}"


def metric_key(scope: ScopeName, metric: str) -> str:
    """Return the key of *metric* in a run: ``"p95"`` of the whole load, ``"xgboost-1.tar.gz p95"`` of a part of it."""
    return metric if scope == TOTAL else f"{scope} {metric}"


def fingerprint_changes(recorded: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Return one text per fact that differs, ``"duration: 60s -> 120s"``; empty where runs are comparable.

    Images and model data make no runs incomparable: whether what is deployed now is slower is what a regression budget
    asks. `deployed_changes` says how they differ.

    What is not known on one side differs from nothing. It says no more for a difference than against one, and that a
    load of one endpoint became slower is true whatever the reason; were it to make runs incomparable, one denied or
    throttled call would switch a regression gate off. `half_known` says which facts that concerns.
    """
    return _differences(recorded, _as_json(current), {*recorded, *current} - set(DEPLOYED_FACTS))


def deployed_changes(recorded: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Return one text per fact of what was deployed that is known to differ, ``"images: a -> b"``."""
    return _differences(recorded, _as_json(current), DEPLOYED_FACTS)


def _differences(recorded: Mapping[str, Any], current: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    changes = []
    for name in sorted(names):
        absent = None if name in _LATER_FACTS else _ABSENT
        before, after = recorded.get(name, absent), current.get(name, absent)
        if before != after and before is not None and after is not None:
            changes.append(f"{name}: {_fact_text(before)} -> {_fact_text(after)}")
    return changes


def half_known(recorded: Mapping[str, Any], current: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return which of the facts *names* are known on one side only, so that nobody knows whether they are the same."""
    return [name for name in names if (recorded.get(name) is None) != (current.get(name) is None)]


def append(
    baseline: Baseline, key: str, fingerprint: Mapping[str, Any], run: BaselineRun, *, anew: bool = False
) -> Baseline:
    """Return *baseline* with *run* recorded for the load *key*; one under a changed fingerprint starts anew.

    The caller records valid, passing runs only, and says *anew* of one whose regression is accepted: earlier runs, the
    anchor among them, would fail the next one.
    """
    known = _as_json(fingerprint)
    before = baseline.loads.get(key)
    if before is None or anew or fingerprint_changes(before.fingerprint, known):
        load = LoadBaseline(known, run, (run,))
    else:
        facts = {name: before.fingerprint.get(name) if fact is None else fact for name, fact in known.items()}
        facts |= {name: fact for name, fact in before.fingerprint.items() if name not in facts}
        load = LoadBaseline(facts, before.anchor, (*before.runs, run)[-KEPT_RUNS:])
    return Baseline(baseline.test, {**baseline.loads, key: load})


def _usable(estimate: Estimate) -> bool:
    return 0 < estimate.value < inf


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _as_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    """*facts* as they are when read back, with tuples turned into lists."""
    read: dict[str, Any] = json.loads(json.dumps(dict(facts)))
    return read


def _fact_text(fact: Any) -> str:
    return fact if isinstance(fact, str) else _json(fact)
