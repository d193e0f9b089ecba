"""The baseline file of one test as text: what it holds, read and written so that a diff shows one line per run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

from pytest_smload.core.baselines.comparison import Estimate
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.errors import ConfigurationError

SCHEMA = 1
KEPT_RUNS = 5
UPDATE_OPTION = "--smload-update-baselines"

_DIGITS = 4
_SLUG_CHARACTERS = 100
_HASH_DIGITS = 10
_LARGEST = 1e300
_ABSENT = "(absent)"
_RUN_KEYS = ("at", "commit", "errors", "metrics", "n", "n_eff")


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
    runs: Sequence[BaselineRun]

    def estimates(self, key: str) -> list[Estimate]:
        """Return the estimate of the metric *key* of each run that has a usable one, oldest first."""
        return [run.metrics[key] for run in self.runs if key in run.metrics and _usable(run.metrics[key])]

    def anchor_estimate(self, key: str) -> Estimate | None:
        """Return the anchor's estimate of the metric *key*, if it has a usable one."""
        estimate = self.anchor.metrics.get(key)
        return estimate if estimate is not None and _usable(estimate) else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """All baselines of one test, by the label of the load, ``""`` for one without."""

    test: str
    loads: Mapping[str, LoadBaseline] = field(default_factory=dict)


def file_name(test: str) -> str:
    """Return the name of *test*'s baseline file: readable, and another for every other test on any file system."""
    digest = hashlib.sha256(test.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", test.replace("::", "--").replace("/", "."))
    slug = re.sub(r"\.{2,}", ".", slug).strip(".-")[-_SLUG_CHARACTERS:].lstrip(".-")
    return f"{slug}-{digest}.json" if slug else f"{digest}.json"


def metric_key(scope: ScopeName, metric: str) -> str:
    """Return the key of *metric* in a run: ``"p95"`` of the whole load, ``"xgboost-1.tar.gz p95"`` of a part of it."""
    return metric if scope == TOTAL else f"{scope} {metric}"


def fingerprint_changes(recorded: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Return one text per fact that differs, ``"duration: 60s -> 120s"``; empty where runs are comparable."""
    current = _as_json(current)
    changes = []
    for name in sorted({*recorded, *current}):
        before, after = recorded.get(name, _ABSENT), current.get(name, _ABSENT)
        if before != after and before is not None and after is not None:
            changes.append(f"{name}: {_fact_text(before)} -> {_fact_text(after)}")
    return changes


def append(baseline: Baseline, label: str, fingerprint: Mapping[str, Any], run: BaselineRun) -> Baseline:
    """Return *baseline* with *run* recorded for the load *label*; one under a changed fingerprint starts anew.

    The caller records valid, passing runs only.
    """
    known = _as_json(fingerprint)
    before = baseline.loads.get(label)
    if before is None or fingerprint_changes(before.fingerprint, known):
        load = LoadBaseline(known, run, (run,))
    else:
        facts = {name: before.fingerprint.get(name) if fact is None else fact for name, fact in known.items()}
        facts |= {name: fact for name, fact in before.fingerprint.items() if name not in facts}
        load = LoadBaseline(facts, before.anchor, (*before.runs, run)[-KEPT_RUNS:])
    return Baseline(baseline.test, {**baseline.loads, label: load})


def render(baseline: Baseline) -> str:
    """Return the file's text: JSON with sorted keys, four significant digits, and a line for each run and each fact."""
    lines = ["{", '"loads": {']
    for label, load in sorted(baseline.loads.items()):
        lines += [
            f" {_json(label)}: {{",
            f'  "anchor": {_json(_run_record(load.anchor))},',
            '  "fingerprint": {',
            *_joined(f"   {_json(name)}: {_json(fact)}" for name, fact in sorted(load.fingerprint.items())),
            "  },",
            '  "runs": [',
            *_joined(f"   {_json(_run_record(run))}" for run in load.runs),
            "  ]",
            " },",
        ]
    if baseline.loads:
        lines[-1] = " }"
    return "\n".join([*lines, "},", f'"schema": {SCHEMA},', f'"test": {_json(baseline.test)}', "}", ""])


def parse(text: str, *, test: str, where: str) -> Baseline:
    """Return the baseline in *text*.

    Args:
        text: The file's content.
        test: The test it must be of.
        where: The file's path, for messages.

    Raises:
        ConfigurationError: *text* is not such a file; one sentence says where and what to do.
    """
    try:
        return _baseline(json.loads(text), test)
    except _MalformedError as error:
        problem = str(error)
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError as error:  # of JSON itself, or of a number with thousands of digits
        conflict = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
        problem = "holds an unresolved merge conflict" if conflict else f"is not JSON: {error}"
    raise ConfigurationError(
        f"baseline {where} {problem}; restore it from version control, or delete it and record anew with "
        f"pytest {UPDATE_OPTION}"
    )


class _MalformedError(Exception):
    """What is wrong with a file that is JSON."""


def _baseline(document: Any, test: str) -> Baseline:
    table = _table(document, "the file")
    schema = table.get("schema")
    if schema != SCHEMA:
        raise _MalformedError(f"has schema {_json(schema)}, this version reads {SCHEMA}")
    if table.get("test") != test:
        raise _MalformedError(f"is of the test {_json(table.get('test'))}, not of {_json(test)}")
    loads = _table(table.get("loads"), '"loads"')
    return Baseline(test, {label: _load(load, f"the load {_json(label)}") for label, load in loads.items()})


def _load(value: Any, place: str) -> LoadBaseline:
    table = _table(value, place)
    runs = table.get("runs")
    if not isinstance(runs, list) or not runs:
        raise _MalformedError(f'has no list of "runs" in {place}')
    return LoadBaseline(
        fingerprint=_table(table.get("fingerprint"), f"the fingerprint of {place}"),
        anchor=_run(table.get("anchor"), f"the anchor of {place}"),
        runs=tuple(_run(run, f"run {number} of {place}") for number, run in enumerate(runs, 1)),
    )


def _run(value: Any, place: str) -> BaselineRun:
    table = _table(value, place)
    unknown = sorted(set(table) - set(_RUN_KEYS))
    if unknown:
        raise _MalformedError(f"has the unknown key {_json(unknown[0])} in {place}")
    metrics = _table(table.get("metrics"), f"the metrics of {place}")
    return BaselineRun(
        at=_text(table.get("at"), f'"at" of {place}'),
        n=_count(table.get("n"), f'"n" of {place}'),
        n_eff=_count(table.get("n_eff"), f'"n_eff" of {place}'),
        errors=_count(table.get("errors"), f'"errors" of {place}'),
        metrics={key: _estimate(triple, f"{_json(key)} of {place}") for key, triple in metrics.items()},
        commit=_text(table.get("commit", ""), f'"commit" of {place}'),
    )


def _estimate(value: Any, place: str) -> Estimate:
    if not isinstance(value, list) or len(value) != 3:
        raise _MalformedError(f"has no [value, lower, upper] for {place}")
    middle, lower, upper = (_number(entry, place) for entry in value)
    if not 0 <= lower <= middle <= upper:
        raise _MalformedError(f"has {_json(value)} for {place}, which is not lower <= value <= upper")
    return Estimate(middle, lower, upper)


def _number(value: Any, place: str) -> float:
    if value is None:
        return inf
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise _MalformedError(f"has something else than numbers for {place}")
    return float(value)


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _MalformedError(f"has no table for {place}")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _MalformedError(f"has no text for {place}")
    return value


def _count(value: Any, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _MalformedError(f"has no count for {place}")
    return value


def _run_record(run: BaselineRun) -> dict[str, Any]:
    metrics = {key: (each.value, each.lower, each.upper) for key, each in run.metrics.items()}
    record: dict[str, Any] = {
        "at": run.at,
        "errors": run.errors,
        "metrics": {key: [_rounded(number) for number in numbers] for key, numbers in metrics.items()},
        "n": run.n,
        "n_eff": run.n_eff,
    }
    return {**record, "commit": run.commit} if run.commit else record


def _rounded(number: float) -> float | None:
    """*number* in four significant digits, whole ones without a point; None for inf, which JSON has no number for."""
    if not isfinite(number):
        return None
    short = float(f"{number:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short


def _usable(estimate: Estimate) -> bool:
    return 0 < estimate.value < inf


def _joined(lines: Iterable[str]) -> list[str]:
    """*lines* with a comma after each but the last."""
    every = list(lines)
    return [f"{line}," for line in every[:-1]] + every[-1:]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _as_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    """*facts* as they are when read back, with tuples turned into lists."""
    read: dict[str, Any] = json.loads(json.dumps(dict(facts)))
    return read


def _fact_text(fact: Any) -> str:
    return fact if isinstance(fact, str) else _json(fact)
