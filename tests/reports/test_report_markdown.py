"""The run's record as markdown, and the summary of a GitHub Actions step."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from pytest_smload.core.results.result import OtherFailure, RunResult
from pytest_smload.errors import ReportError
from pytest_smload.reports.markdown.gfm import code, code_block, escaped, table, unfolding
from pytest_smload.reports.markdown.report import LONGEST_BYTES, MAX_CHECK_ROWS, run_markdown
from pytest_smload.reports.markdown.step_summary import append_summary

NASTY = "a|b\n`c` *d* _e_ <img src=x> [f](g) \\ ~h~ $i$"
BUSY = ("CPU was 99% | busy", "use a\nbigger box")


def run_of(*tests, interrupted=False, failures=()):
    failures = tuple(OtherFailure(nodeid, why) for nodeid, why in failures)
    return RunResult(started_at="2026-01-02T03:04:05+00:00", interrupted=interrupted, tests=tests, failures=failures)


def cells_of(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def tables_of(text):
    """Each table as rows of cells, headers first."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(cells_of(line))
        elif rows:
            found.append([rows[0], *rows[2:]])
            rows = []
    return found


def shown(text):
    """What is seen without unfolding anything."""
    return re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)


def test_verdicts_come_first(records):
    """The heading counts last attempts; the first table has each load's worst limit, endpoint and figures."""
    failed = records.of_test(records.load(checks=records.failing_checks()))
    passed = records.of_test(records.load(), attempt=2)
    two = records.of_test(
        records.load(label="calm"), records.load(client=records.invalid_client(BUSY)), nodeid="t.py::two"
    )
    text = run_markdown(run_of(failed, passed, two))
    assert "## smload: 1 INVALID, 1 PASS" == text.splitlines()[0]
    headers, *rows = tables_of(text)[0]
    assert [
        "verdict",
        "test",
        "limit",
        "observed",
        "endpoint",
        "requests",
        "TPS",
        "p50",
        "p95",
        "p99",
        "max",
        "errors",
    ] == headers
    name = f"`{records.nodeid}`"
    assert [
        ["**FAIL**", name],
        ["PASS", f"{name} (attempt 2)"],
        ["PASS", "`t.py::two` (load 'calm')"],
        ["**INVALID**", "`t.py::two` (load 2)"],
    ] == [row[:2] for row in rows]
    where = "staging (abalone-mme-staging) in us-east-1, account 111122223333"
    assert ["p95 of xgboost-1.tar.gz <= 400 ms", "812 ms"] == rows[0][2:4]
    assert ["TPS >= 96% of 50 TPS offered", "49.8 TPS"] == rows[1][2:4]
    assert [where, "3,000", "50", "28.4 ms", "212 ms", "253 ms", "1.53 s", "0"] == rows[0][4:]


def test_a_failed_test_shows_its_checks(records):
    """The failure's sentence, then limit, observed, interval, proof and verdict of each check, failed ones first."""
    checks = records.failing_checks()
    checks[-1] = replace(checks[-1], lower=780.2, upper=inf, n_eff=700)
    checks[0] = replace(checks[0], proven=False)
    text = shown(run_markdown(run_of(records.of_test(records.load(checks=checks)))))
    assert f"### FAIL `{records.nodeid}`\n\np95 of xgboost-1.tar.gz was 812 ms, limit <= 400 ms (" in text
    headers, *rows = tables_of(text)[1]
    assert ["verdict", "scope", "metric", "limit", "observed", "95% interval", "proven", "n (n_eff)"] == headers[:8]
    assert ["**FAIL**", "xgboost-1.tar.gz", "p95", "<= 400 ms", "812 ms", "[780 ms, ∞]", "yes", "751 (700)"] == (
        rows[0][:8]
    )
    assert ["PASS", "total", "p95", "<= 250 ms", "212 ms", "[204 ms, 221 ms]", "no"] == rows[2][:7]
    assert f"pytest -m perf {records.nodeid}" in text


def test_invalid_shows_cause_and_remedy_and_judges_nothing(records):
    """Cause and remedy are said; the checks of that load are shown as not judged."""
    load = records.load(checks=records.failing_checks(), client=records.invalid_client(BUSY))
    text = shown(run_markdown(run_of(records.of_test(load))))
    assert "- **cause**: CPU was 99% \\| busy\n  **remedy**: use a bigger box\n" in text
    assert {"not judged"} == {row[0] for row in tables_of(text)[1][1:]}
    assert "client: CPU 34% of a core" in text


def test_errors_are_shown_as_they_came(records):
    """An endpoint's own words stand in a code block that they cannot end."""
    load = records.load(
        checks=records.failing_checks(), errors={"ModelError": 3}, examples={"ModelError": "```\n<script>"}
    )
    text = run_markdown(run_of(records.of_test(load)))
    assert "````text\nerrors: 0 of 3,000 requests (0%)\n  ModelError  3  ``` <script>\n````" in text


def test_models_unfold(records):
    """Passing loads show their checks and models on demand only; the most used model comes first."""
    text = run_markdown(run_of(records.of_test(records.many_models_load(checks=[records.check()]))))
    assert "model-000" not in shown(text)
    assert f"<summary>PASS {records.nodeid}: 200 models</summary>\n\n" in text
    *_, models = tables_of(text)
    assert ["model", "share", "requests", "TPS", "p50", "p95", "p99", "max", "errors"] == models[0]
    assert ["total", "model-000.tar.gz", "model-001.tar.gz"] == [row[0] for row in models[1:4]]
    assert 201 == len(models) - 1


def test_simulated_says_so(records):
    """A load on moto is not taken for a measurement."""
    load = records.single_model_load(client=records.client(judged=False))
    text = run_markdown(run_of(records.of_test(load)))
    assert "PASS (simulated)" == tables_of(text)[0][1][0]
    assert "simulated: latency and the client's health mean nothing here" in text


def test_what_failed_besides_is_listed(records):
    """A test whose measurement was fine but whose body failed is not left looking like a pass."""
    text = run_markdown(run_of(records.of_test(records.load()), failures=[("t.py::test_a[x|y]", "assert a | b\nmore")]))
    assert "1 PASS, 1 failed besides the measurement" in text.splitlines()[0]
    assert [["failed besides the measurement", "why"], ["`t.py::test_a[x\\|y]`", "assert a \\| b more"]] in tables_of(
        text
    )
    alone = run_markdown(run_of(interrupted=True, failures=[("t.py::test_a", "no credentials")]))
    assert "## smload: 1 failed besides the measurement" == alone.splitlines()[0]
    assert "interrupted" in alone


def test_no_name_breaks_a_table(records):
    """Whatever stands in names, sources and notes, each row has as many cells as its header, on one line."""
    check = records.check(scope=NASTY, source=NASTY, note=NASTY, outcome="fail", observed=900.0)
    load = records.load(models={NASTY: records.stats()}, mix={}, checks=[check], label=NASTY)
    text = run_markdown(run_of(records.of_test(load, load, nodeid=NASTY), failures=[(NASTY, NASTY)]))
    assert 6 == len(tables_of(text))
    for rows in tables_of(text):
        assert {len(rows[0])} == {len(row) for row in rows}
    prose = re.sub(r"```text.*?\n```|(`+)[^`].*?\1", "", text, flags=re.DOTALL)
    assert "<img" not in prose.replace("\\<", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("error_rate <= 1% & >= 2", "error_rate <= 1% & >= 2"),
        ("[208 ms, 219 ms]", "[208 ms, 219 ms]"),
        ("a [b](c) [^1]", "a [b\\](c) \\[^1]"),
        ("__x__ <b> &amp; a|b", "\\_\\_x\\_\\_ \\<b> \\&amp; a\\|b"),
        ("two\r\nlines\x1b", "two lines"),
        ("@team a@b x #2 @ c", "@&#8203;team a@b x #&#8203;2 @ c"),
        ("_@team", "\\_@&#8203;team"),
    ],
)
def test_escaping(text, expected):
    """Only what would act is escaped."""
    assert expected == escaped(text)


def test_code():
    """Backticks get a longer fence; bars are escaped only in a table, where rows are split first."""
    assert ["`a|b`", "`a\\|b`", "`` `a``b` ``".replace("``b", "b")] == [
        code("a|b"),
        code("a|b", in_table=True),
        code("`ab`"),
    ]
    assert "````text\n```\n````" == code_block(["```"])


def test_table_and_unfolding():
    """Empty columns go, numbers align right, a summary is plain text."""
    assert "| a | c |\n| --- | --: |\n| 1 | 2 |" == table(["a", "b", "c"], [["1", "", "2"]], right=["c"])
    assert "<details>\n<summary>a &lt;b&gt;</summary>\n\nc\n\n</details>" == unfolding("a <b>", "c")


def test_checks_have_an_end(records):
    """Beyond a screenful, the rest is counted."""
    load = records.many_models_load(200)
    rows = tables_of(run_markdown(run_of(records.of_test(load))))[1]
    assert MAX_CHECK_ROWS == len(rows) - 1
    assert "**FAIL**" == rows[1][0]


def test_details_go_first_when_it_is_too_long(records):
    """A report beyond GitHub's limit loses its unfolding parts, never verdicts and reasons, and says so."""
    failed = [records.of_test(records.many_models_load(900), nodeid=f"t.py::failed_{n}") for n in range(8)]
    passed = [
        records.of_test(
            records.many_models_load(
                900,
            ),
            nodeid=f"t.py::kept_{n}",
            verdict="pass",
        )
        for n in range(8)
    ]
    text = run_markdown(run_of(*passed, *failed))
    assert LONGEST_BYTES * 0.8 < len(text.encode()) <= LONGEST_BYTES
    assert 17 == len(tables_of(text)[0])
    assert 8 == text.count("\n### FAIL ")
    assert 0 < text.count("<details>") < 16
    assert text.endswith("parts of this report were left out for its size; report.json has all.\n")


@pytest.mark.parametrize("longest_bytes", [0, 1_000, 3_000, 10_000])
def test_verdicts_are_kept_longest(records, longest_bytes):
    """The smaller the room, the more is left out; bad rows outlast good ones, and the heading everything."""
    tests = [records.of_test(records.load(), nodeid=f"t.py::kept_{n}") for n in range(20)]
    tests.append(records.of_test(records.load(checks=records.failing_checks())))
    text = run_markdown(run_of(*tests), longest_bytes=longest_bytes)
    assert len(text.encode()) <= max(longest_bytes, 700)
    assert "## smload: 1 FAIL, 20 PASS" == text.splitlines()[0]
    assert (longest_bytes > 0) == ("**FAIL**" in text)


def test_summary_is_appended(records, tmp_path):
    """What the step wrote before stays, and counts towards the limit."""
    target = tmp_path / "summary.md"
    run = run_of(records.of_test(records.load()))
    append_summary(run, str(target))
    assert run_markdown(run) == target.read_text(encoding="utf-8")
    target.write_text("x" * (LONGEST_BYTES - 2_000), encoding="utf-8")
    append_summary(run, str(target))
    assert target.read_text(encoding="utf-8").startswith("xxx")
    assert "x\n## smload: 1 PASS\n" in target.read_text(encoding="utf-8")
    assert target.stat().st_size <= LONGEST_BYTES + 1


def test_a_summary_that_cannot_be_written_is_one_line(records, tmp_path, monkeypatch):
    """The variable, the file and the reason are named."""
    run = run_of(records.of_test(records.load()))
    with pytest.raises(ReportError) as raised:
        append_summary(run, str(tmp_path))
    assert f"GITHUB_STEP_SUMMARY: cannot append to {tmp_path}: Is a directory" == str(raised.value)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ReportError, match=r"No space left on device$"):
        append_summary(run, str(tmp_path / "summary.md"))


def test_nothing_unseen_is_in_the_report(records):
    """Bidi and zero-width characters are nowhere, and no line begins with a workflow command."""
    unseen = "::a\u202eb\u200b"
    check = records.check(scope=unseen, source=unseen, note=unseen, outcome="fail", observed=900.0)
    load = records.load(
        models={unseen: records.stats()}, checks=[check], label=unseen, errors={unseen: 3}, examples={unseen: unseen}
    )
    text = run_markdown(run_of(records.of_test(load, load, nodeid=unseen), failures=[(unseen, unseen)]))
    assert text.replace("\n", "").isprintable()
    assert [] == [line for line in text.splitlines() if line.lstrip().startswith("::")]
