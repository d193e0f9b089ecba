"""What is recorded of a test's earlier runs."""

from __future__ import annotations

import json
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import ALPHABET, FACTS, TEST, filled, run

from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.runs import (
    KEPT_RUNS,
    Baseline,
    BaselineRun,
    append,
    file_name,
    fingerprint_changes,
    load_key,
    metric_key,
)
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName


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

        assert [run(1).metrics["p95"]] == load.estimates("p95")
        assert run(1).metrics["p95"] == load.anchor_estimate("p95")
        assert [] == load.estimates("p99")
        assert load.anchor_estimate("p99") is None


class TestLoadKey:
    @pytest.mark.parametrize(
        ("label", "occurrence", "key"),
        [(None, 1, ""), (None, 2, "#2"), ("x", 1, "x"), ("x", 2, "x #2"), ("x #2", 1, "x #2 #1"), ("", 1, " #1")],
    )
    def test_key(self, label: str | None, occurrence: int, key: str) -> None:
        """The label, numbered where it comes again or could be taken for one that does."""
        assert key == load_key(label, occurrence)

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.tuples(st.none() | st.text("x# 12\n", max_size=6), st.integers(1, 12)),
            min_size=2,
            max_size=40,
            unique=True,
        )
    )
    def test_distinct(self, loads: list[tuple[str | None, int]]) -> None:
        """Loads that differ in label or number have keys of their own."""
        assert len({load_key(*load) for load in loads}) == len(loads)


class TestFingerprint:
    def test_changes(self) -> None:
        """Each fact that differs is named with both values, also one that came or went."""
        now = {**FACTS, "tps": 60, "batch": 2}
        del now["region"]

        assert ["batch: (none) -> 2", "region: us-east-1 -> (none)", "tps: 50 -> 60"] == fingerprint_changes(FACTS, now)

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
