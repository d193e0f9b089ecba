"""The baseline file's text."""

from __future__ import annotations

import json
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.baselines.comparison import Estimate
from pytest_smload.core.baselines.runs import (
    KEPT_RUNS,
    Baseline,
    BaselineRun,
    append,
    file_name,
    fingerprint_changes,
    metric_key,
    parse,
    render,
)
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.errors import ConfigurationError

ALPHABET = 'abZ09/:.[]-_ "\\\n\u00e9\ud800\U0001f600'
TEST = "tests/perf/test_abalone.py::test_weighted[rate=50]"
WHERE = ".smload/baselines/x.json"
FACTS = {"endpoint": "abalone-mme-staging", "region": "us-east-1", "tps": 50, "models": {"a": 3, "b": 1}}


def run(day: int, p95: float = 182.4) -> BaselineRun:
    """A run of the *day* of a month."""
    metrics = {"p95": Estimate(p95, p95 - 5, p95 + 6), "xgboost-1.tar.gz p95": Estimate(p95 * 2, 0.0, inf)}
    return BaselineRun(f"2026-02-{day:02}T10:11:00Z", 6000, 4100, 3, metrics, commit="abc1234")


def filled(days: int = 2) -> Baseline:
    """A baseline with so many runs."""
    baseline = Baseline(TEST)
    for day in range(1, days + 1):
        baseline = append(baseline, "", FACTS, run(day))
    return baseline


class TestText:
    def test_text(self) -> None:
        """Keys are sorted, each run and each fact is a line of its own, unbounded ends are null."""
        one = (
            '{"at": "2026-02-01T10:11:00Z", "commit": "abc1234", "errors": 3, "metrics": '
            '{"p95": [182.4, 177.4, 188.4], "xgboost-1.tar.gz p95": [364.8, 0, null]}, "n": 6000, "n_eff": 4100}'
        )
        expected = f"""{{
"loads": {{
 "": {{
  "anchor": {one},
  "fingerprint": {{
   "endpoint": "abalone-mme-staging",
   "models": {{"a": 3, "b": 1}},
   "region": "us-east-1",
   "tps": 50
  }},
  "runs": [
   {one},
   {one.replace("-01T", "-02T")}
  ]
 }}
}},
"schema": 1,
"test": "{TEST}"
}}
"""

        assert expected == render(filled())

    @pytest.mark.parametrize("baseline", [Baseline(TEST), filled(1), filled(5), append(filled(), "peak", {}, run(9))])
    def test_round_trip(self, baseline: Baseline) -> None:
        """What is written is read back."""
        assert parse(render(baseline), test=TEST, where=WHERE) == baseline

    def test_another_run_is_one_line(self) -> None:
        """A run more changes its line and the comma before it."""
        before, after = render(filled(2)).splitlines(), render(filled(3)).splitlines()

        assert len(after) == len(before) + 1
        assert len(set(after) - set(before)) == 2

    @settings(max_examples=60, deadline=None)
    @given(
        value=st.floats(1e-6, 1e12),
        down=st.floats(0, 1),
        up=st.floats(1, 10),
        label=st.text(ALPHABET, max_size=10),
        test=st.text(ALPHABET, max_size=20),
    )
    def test_rounding(self, value: float, down: float, up: float, label: str, test: str) -> None:
        """Four digits are kept, the interval still encloses its value, and a second writing changes nothing."""
        estimate = Estimate(value, value * down, value * up)
        text = render(append(Baseline(test), label, {}, BaselineRun("", 1, 1, 0, {"p95": estimate})))
        read = parse(text, test=test, where=WHERE)
        (back,) = read.loads[label].estimates("p95")

        assert pytest.approx(value, rel=5.1e-4) == back.value
        assert back.lower <= back.value <= back.upper
        assert text == render(read)


class TestMistakes:
    @pytest.mark.parametrize(
        ("damage", "problem"),
        [
            (lambda text: text[:100], "is not JSON"),
            (lambda text: "", "is not JSON"),
            (lambda text: "<<<<<<< HEAD\n" + text, "unresolved merge conflict"),
            (lambda text: "[]", "has no table for the file"),
            (lambda text: "[" * 100_000, "nested too deeply"),
            (lambda text: text.replace('"schema": 1', '"schema": 2'), "has schema 2, this version reads 1"),
            (lambda text: text.replace('"test": "tests', '"test": "other'), "is of the test"),
            (lambda text: text.replace('"runs"', '"runz"'), 'has no list of "runs" in the load ""'),
            (lambda text: text.replace('"anchor"', '"first"'), 'no table for the anchor of the load ""'),
            (lambda text: text.replace('"n_eff": 4100', '"n_eff": 4.5'), 'has no count for "n_eff" of the anchor'),
            (lambda text: text.replace('"commit"', '"comit"'), 'has the unknown key "comit" in the anchor'),
            (lambda text: text.replace("[182.4, 177.4, 188.4]", "[182.4, 188.4]"), "has no [value, lower, upper]"),
            (lambda text: text.replace("182.4, 177.4", "182.4, 190"), "not lower <= value <= upper"),
            (lambda text: text.replace("182.4, 177.4", "NaN, 177.4"), "not lower <= value <= upper"),
            (lambda text: text.replace("182.4, 177.4", '"x", 177.4'), "something else than numbers"),
            (lambda text: text.replace("188.4", "1" + "0" * 400), "something else than numbers"),
            (lambda text: text.replace("188.4", "1" + "0" * 5000), "is not JSON"),
        ],
    )
    def test_one_sentence(self, damage: object, problem: str) -> None:
        """A file that is damaged is named with what is wrong and what to do, in one line."""
        with pytest.raises(ConfigurationError) as caught:
            parse(damage(render(filled())), test=TEST, where=WHERE)  # type: ignore[operator]

        text = str(caught.value)
        assert problem in text
        assert text.startswith(f"baseline {WHERE} ")
        assert "--smload-update-baselines" in text
        assert "\n" not in text


class TestAppend:
    def test_last_five_and_the_anchor(self) -> None:
        """The latest five runs are kept, and the first one of all as the anchor."""
        load = filled(8).loads[""]

        assert [run(day) for day in range(4, 9)] == list(load.runs)
        assert run(1) == load.anchor
        assert len(load.runs) == KEPT_RUNS

    def test_changed_fingerprint(self) -> None:
        """Runs under other circumstances are not comparable: the baseline starts anew, anchor included."""
        load = append(filled(4), "", {**FACTS, "tps": 60}, run(9)).loads[""]

        assert (run(9), (run(9),), 60) == (load.anchor, load.runs, load.fingerprint["tps"])

    def test_labels(self) -> None:
        """Each load of a test has its own baseline."""
        baseline = append(filled(2), "peak", {"tps": 500}, run(9))

        assert {"": 2, "peak": 1} == {label: len(load.runs) for label, load in baseline.loads.items()}

    def test_unknown_fact(self) -> None:
        """A fact that could not be found out is comparable with anything, and does not erase what was known."""
        known, unknown = {**FACTS, "instance": "ml.m5.large x2"}, {**FACTS, "instance": None}
        first = append(Baseline(TEST), "", known, run(1))
        second = append(first, "", unknown, run(2))
        late = append(append(Baseline(TEST), "", unknown, run(1)), "", known, run(2))

        assert [] == fingerprint_changes(known, unknown)
        assert [known, known] == [second.loads[""].fingerprint, late.loads[""].fingerprint]
        assert (2, 2) == (len(second.loads[""].runs), len(late.loads[""].runs))

    def test_unusable_estimates(self) -> None:
        """A metric without a finite value in a run is left out of the comparison."""
        lost = BaselineRun("", 1, 1, 0, {"p95": Estimate(nan, 0.0, inf)})
        load = append(filled(1), "", FACTS, lost).loads[""]
        read = parse(render(append(filled(1), "", FACTS, lost)), test=TEST, where=WHERE).loads[""]

        assert [run(1).metrics["p95"]] == load.estimates("p95") == read.estimates("p95")
        assert run(1).metrics["p95"] == load.anchor_estimate("p95")
        assert [] == load.estimates("p99")
        assert load.anchor_estimate("p99") is None


class TestFingerprint:
    def test_changes(self) -> None:
        """Each fact that differs is named with both values, also one that came or went."""
        now = {**FACTS, "tps": 60, "batch": 2}
        del now["region"]

        assert ["batch: (absent) -> 2", "region: us-east-1 -> (absent)", "tps: 50 -> 60"] == fingerprint_changes(
            FACTS, now
        )

    def test_as_written(self) -> None:
        """A fact equals itself read back: tuples and lists are the same."""
        written = json.loads(json.dumps({"stages": [1, 2]}))

        assert [] == fingerprint_changes(written, {"stages": (1, 2)})


class TestNames:
    @pytest.mark.parametrize(
        ("test", "slug"),
        [
            ("tests/perf/test_a.py::TestX::test_y", "tests.perf.test_a.py--TestX--test_y-"),
            ("tests/test_a.py::test_y[rate=50]", "tests.test_a.py--test_y-rate-50-"),
            ("../.hidden/../test_é.py::test", "hidden.test_-.py--test-"),
            ("::", ""),
        ],
    )
    def test_readable(self, test: str, slug: str) -> None:
        """A name says which test it is, without characters a file system may refuse."""
        name = file_name(test)

        assert slug == name.removesuffix(".json")[:-10]

    def test_distinct(self) -> None:
        """Tests whose names look alike, also where case does not count, have files of their own."""
        tests = [
            "a/b.py::t",
            "a.b.py::t",
            "a/b.py::T",
            "a/b.py::t[x/y]",
            "a/b.py::t[x:y]",
            "a/b.py::t[x y]",
            "x" * 300,
            "x" * 301,
        ]

        assert len({file_name(test).lower() for test in tests}) == len(tests)

    @settings(max_examples=60, deadline=None)
    @given(st.text(ALPHABET, max_size=300))
    def test_safe(self, test: str) -> None:
        """Whatever a test is called, the name fits a file system, is no hidden file and no path."""
        name = file_name(test)

        assert len(name) <= 120
        assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
        assert name[0] not in ".-"

    def test_metric_key(self) -> None:
        """The whole load's metrics have their own names, a part's are prefixed."""
        assert ["p95", "a.tar.gz p95", "stage peak tps"] == [
            metric_key(TOTAL, "p95"),
            metric_key(ScopeName("model", "a.tar.gz"), "p95"),
            metric_key(ScopeName("stage", "peak"), "tps"),
        ]
