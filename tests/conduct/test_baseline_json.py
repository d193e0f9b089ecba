"""The baseline file's text."""

from __future__ import annotations

import re
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import ALPHABET, FACTS, TEST, filled, run

from pytest_smload.conduct.baseline_json import parse, render
from pytest_smload.core.baselines.estimate import Estimate
from pytest_smload.core.baselines.runs import Baseline, BaselineRun, append
from pytest_smload.errors import ConfigurationError

WHERE = ".smload/baselines/x.json"


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

    def test_unusable_estimates_stay_so(self) -> None:
        """A metric without a finite value is read back as one to leave out."""
        lost = BaselineRun("", 1, 1, 0, {"p95": Estimate(nan, 0.0, inf)})
        read = parse(render(append(filled(1), "", FACTS, lost)), test=TEST, where=WHERE).loads[""]

        assert [run(1).metrics["p95"]] == read.estimates("p95")

    def test_infinite_ends_are_read_as_such(self) -> None:
        """Null is infinity, in an interval's end and in a value alike."""
        text = render(append(Baseline(TEST), "", FACTS, BaselineRun("", 1, 1, 0, {"p95": Estimate(inf, 70.0, inf)})))

        assert "[null, 70, null]" in text
        assert Estimate(inf, 70.0, inf) == parse(text, test=TEST, where=WHERE).loads[""].anchor.metrics["p95"]

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
            (lambda text: text.replace("188.4", "1e400"), 'something else than numbers for "p95" of the anchor'),
            (lambda text: text.replace("188.4", "true"), "something else than numbers"),
            (lambda text: text.replace("[182.4, 177.4, 188.4]", "182.4"), "has no [value, lower, upper]"),
            (lambda text: text.replace("[182.4, 177.4, 188.4]", "[1, 1, 1, 1]"), "has no [value, lower, upper]"),
            (lambda text: text.replace('"n_eff": 4100', '"n_eff": -1'), 'has no count for "n_eff" of the anchor'),
            (lambda text: text.replace('"errors": 3', '"errors": true'), 'has no count for "errors" of the anchor'),
            (lambda text: text.replace('"at": "2026', '"at": 0, "was": "2026'), 'has no text for "at" of the anchor'),
            (lambda text: text.replace('"loads": {', '"loads": [], "was": {'), 'has no table for "loads"'),
            (lambda text: text.replace('"metrics": {', '"metrics": 1, "was": {'), "no table for the metrics of the"),
            (lambda text: text.replace('"fingerprint": {', '"was": {'), 'no table for the fingerprint of the load ""'),
            (lambda text: re.sub(r'"runs": (?s:.*?)\n  \]', '"runs": []', text), 'has no list of "runs" in the load'),
            (lambda text: text.replace("-02T", '-02T", "x": "'), 'unknown key "x" in run 2 of the load ""'),
            (lambda text: text.replace('"tps": 50', '"tps": ' + "[" * 500 + "]" * 500), "nested too deeply"),
            (lambda text: text.replace('"region": "us', '"region": "\\udc80'), "holds no Unicode text in the load"),
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
