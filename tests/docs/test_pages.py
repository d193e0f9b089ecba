"""The pages of docs agree with the code: tables are its own, links lead somewhere, what is shown is what runs."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest
from cells import VALUES
from pages import DOCS, EVERY, PAGES, PERF_TEST, ROOT, Page
from reference_tables import BLOCK, TABLES, written_anew

from pytest_smload.core.diagnosis.rules import FAR_MS, FAR_SHARE, IDLE, LOW, LOW_CACHE_HIT, TOP
from pytest_smload.core.limits.quantities import Quantity
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.measure.figures import Figures
from pytest_smload.core.results.result import LoadResult
from pytest_smload.emulator.scenario import Cold, FaultTable, Response, Scenario
from pytest_smload.gate.marks import BUDGET, FIXTURES, PERF
from pytest_smload.gate.typed_marks import AutoscaledFields
from pytest_smload.settings.file import SettingsFiles

MARKERS = PAGES["reference/markers.md"]
CLOUDWATCH = PAGES["how-to/cloudwatch.md"]
EMBEDDED = PAGES["how-to/embedded-endpoint.md"]
of_each_page = pytest.mark.parametrize("page", EVERY, ids=lambda page: page.path.relative_to(ROOT).as_posix())


@of_each_page
def test_tables_are_as_the_code_has_them(page: Page) -> None:
    """What stands in a page is what ``python docs/reference_tables.py`` writes there."""
    assert written_anew(page.text) == page.text, "python docs/reference_tables.py writes the tables anew"


def test_each_table_has_its_place() -> None:
    """All that is made of the code is shown, once."""
    assert sorted(TABLES) == sorted(name for page in PAGES.values() for name in BLOCK.findall(page.text))


@pytest.mark.parametrize("quantity", VALUES, ids=lambda quantity: VALUES[quantity][0])
def test_values_shown_are_understood(quantity: Quantity) -> None:
    """An example of a limit's value is one, in percent where there are bounds in percent."""
    for example in VALUES[quantity][1]:
        if not (quantity.share is not None and str(example).endswith("%")):
            quantity.read(example)


@of_each_page
def test_links_lead_somewhere(page: Page) -> None:
    """Relative links are files of this repository, and what stands behind ``#`` is a heading there."""
    assert [] == [heading for heading in page.headings if page.headings.count(heading) > 1]
    for target in page.links:
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.path.parent / name).resolve() if name else page.path
        assert path.exists(), target
        if anchor:
            assert anchor in Page(path).anchors, target


def test_the_index_has_every_page() -> None:
    """Whoever reads on GitHub has no other way to them."""
    assert {*PAGES} - {"index.md"} == {link for link in PAGES["index.md"].links if link.endswith(".md")}


def test_perf_tests_shown_are_ones(pytester: pytest.Pytester) -> None:
    """Each block with a perf test is collected as it stands: its marks, load and limits have no mistake."""
    pytester.path.joinpath("smload.toml").write_text(
        "".join(f"[endpoints.{name}]\nregion = 'us-east-1'\n" for name in ("staging", "stable", "candidate"))
    )
    shown = 0
    for page in EVERY:
        for block in page.blocks("python"):
            if PERF_TEST.search(block.source):
                shown += 1
                head = "" if "import pytest" in block.source else "import pytest\n\n"
                name = f"test_{page.path.stem.replace('-', '_')}_{block.line}.py"
                pytester.path.joinpath(name).write_text(head + block.source)
    result = pytester.runpytest_inprocess("--collect-only", "-q", "-m", "perf", "--smload-endpoint", "staging")

    assert pytest.ExitCode.OK == result.ret
    assert shown <= len([line for line in result.outlines if "::" in line])


def test_markers_and_fixtures_are_complete() -> None:
    """Each marker and fixture has its row."""
    assert {f"@pytest.mark.{PERF}(**load)", f"@pytest.mark.{BUDGET}(**limits)"} <= set(MARKERS.rows("Markers"))
    assert set(FIXTURES) == set(MARKERS.rows("Fixtures"))


def test_figures_of_a_result_are_complete() -> None:
    """The figures listed are the result's."""
    listed = re.search(r"attributes: `([^`]+)`", MARKERS.section("Fixtures"))
    assert listed is not None
    assert [field.name for field in dataclasses.fields(Figures)] == listed[1].split()


def test_pin_and_autoscale_is_complete() -> None:
    """Each key of ``autoscaled`` and each limit on scaling has its row, and no other has one."""
    shown = PAGES["how-to/autoscaling.md"].rows("Pin instances, and test autoscaling")
    assert {*get_type_hints(AutoscaledFields), *SCALING_METRICS} == set(shown)


def test_limits_on_the_servers_side_are_complete() -> None:
    """Each metric has its row, by its direction, and no other has one."""
    shown = {
        name: cell for name, cell in CLOUDWATCH.rows("Limit what CloudWatch sees").items() if name in SERVER_METRICS
    }

    directions = {name: "at least" if metric.at_least else "at most" for name, metric in SERVER_METRICS.items()}
    assert directions == {name: cell.partition(" |")[0] for name, cell in shown.items()}


def test_thresholds_of_a_diagnosis_are_the_codes() -> None:
    """The table says from where on."""
    text = CLOUDWATCH.section("Diagnosis")
    for share in (TOP, IDLE, LOW, LOW_CACHE_HIT, FAR_SHARE):
        assert f"{share:.0%}".replace("%", " %") in text
    assert f"{FAR_MS:g} ms" in text


def test_report_keys_are_complete() -> None:
    """Each key of a load in report.json has its row, and no other has one."""
    fields = {field.name for field in dataclasses.fields(LoadResult)}
    figures = {field.name for field in dataclasses.fields(Figures)}
    text = PAGES["reference/report-json.md"].text.partition("## Every object")[0]
    rows = [line.partition(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    assert fields - figures | {"total", "verdict"} == set(re.findall(r"`([^`]+)`", " ".join(rows)))


def test_scenario_keys_are_complete() -> None:
    """Each key of a scenario file is there."""
    for table in (Scenario, Cold, Response, FaultTable):
        for name, field in table.model_fields.items():
            assert re.search(rf"\b{field.alias or name}\b", EMBEDDED.text), f"{table.__name__}.{field.alias or name}"


def test_scenario_shown_has_both_faults() -> None:
    """One by rate, one in a span of time."""
    (block,) = [block for block in EMBEDDED.sources("toml") if "[[faults]]" in block]
    assert 2 == block.count("[[faults]]")


def test_policy_shown_names_the_one_permission() -> None:
    """``sagemaker:InvokeEndpoint`` is all a load needs."""
    (block,) = PAGES["how-to/aws.md"].sources("json")
    assert ["sagemaker:InvokeEndpoint"] == [statement["Action"] for statement in json.loads(block)["Statement"]]


def test_every_policy_and_ci_file_is_told_of() -> None:
    """A file to copy that no page names is found by nobody."""
    for folder, page in (("iam", "how-to/iam.md"), ("ci", "how-to/ci.md")):
        files = {path.name for path in (ROOT / "examples" / folder).iterdir()}
        assert files <= {Path(link).name for link in PAGES[page].links}


def test_coverage_told_is_as_measured() -> None:
    """The table of intervals that hold the truth is that of benchmarks/README.md, for 2,000 requests."""
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8").partition("\n## coverage.py\n")[2]
    kinds = ("i.i.d.", "AR(0.99)", "M/G/1 70 %", "M/G/1 90 %", "on/off x 3")
    rows = [re.search(rf"^  {re.escape(kind)} (.*)$", measured, re.MULTILINE) for kind in kinds]
    expected = [re.findall(r"/ (\d+)% /", row[1]) for row in rows if row is not None]

    table = PAGES["explanation/statistics.md"].section("What a check says").partition("| process |")[2]
    told = [re.findall(r"(\d+) %\*{0,2} (?=\|)", line.split("|", 2)[2] + " ") for line in table.splitlines()[2:7]]
    assert expected == told


def test_the_tutorial_runs(pytester: pytest.Pytester) -> None:
    """Its test, its smload.toml and its scenario are one whole: the load goes to both models, three to one."""
    page = PAGES["tutorial.md"]
    files = {block.partition("\n")[0]: block for block in page.sources("python", "toml") if block.startswith("# ")}
    for name, text in files.items():
        path = pytester.path / name.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    quick = ("--smload-tps", "100", "--smload-duration", "1s", "--smload-warmup", "0s", "--smload-report", "report")
    pytester.runpytest_subprocess("-m", "perf", "-p", "no:cacheprovider", *quick)

    # How it ends depends on the machine.
    (test,) = json.loads((pytester.path / "report" / "report.json").read_text())["tests"]
    (load,) = test["loads"]
    assert "tests/perf/test_abalone.py::test_weighted_traffic" == test["nodeid"]
    assert {"xgboost-0.tar.gz": 0.75, "xgboost-1.tar.gz": 0.25} == {
        model: share["target_share"] for model, share in load["mix"].items()
    }
    assert {"total", "xgboost-0.tar.gz", "xgboost-1.tar.gz"} == {check["scope"] for check in load["checks"]}


def test_nothing_is_fetched_by_the_pages() -> None:
    """They are built without a network."""
    assert "intersphinx" not in (DOCS / "conf.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "explanation/statistics",
        "explanation/comparison",
        "explanation/architecture",
        "explanation/benchmarks",
        "how-to/command-line",
        "how-to/baselines",
        "how-to/control",
        "how-to/capacity",
        "how-to/watch",
    ],
)
def test_rates_told_are_as_measured(name: str) -> None:
    """A rate that the benchmarks no longer print is not told any more."""
    folder = ROOT / "benchmarks"
    printed = "\n".join((folder / page).read_text(encoding="utf-8") for page in ("README.md", "peers.md"))
    told = re.findall(r"(?<![\w.,])(\d+(?:\.\d+)?) (?:%|µs)", PAGES[f"{name}.md"].prose)
    assert [] == [rate for rate in told if not re.search(rf"(?<![\d.]){re.escape(rate)}(?![\d.]*\d)", printed)]


def test_causes_told_are_what_is_said() -> None:
    """Whoever searches for what a run has said finds it."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pytest_smload").rglob("*.py"))
    causes = [
        line.partition(" | ")[0] for line in PAGES["how-to/invalid.md"].text.splitlines() if line.startswith("| `")
    ]
    assert [] == [words for cause in causes for words in re.findall(r"`([^`]+)`", cause) if words not in code]


def test_settings_shown_are_complete(tmp_path: Path) -> None:
    """The whole smload.toml has an endpoint on AWS and an embedded one."""
    block = PAGES["reference/settings.md"].sources("toml")[0]
    (tmp_path / "smload.toml").write_text(block)
    settings = SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py")
    assert settings is not None
    assert ["staging", "local"] == list(settings.endpoints)


def test_safety_shown_is_complete(tmp_path: Path) -> None:
    """Each limit of ``[safety]`` is shown, and prices."""
    (block,) = [block for block in PAGES["how-to/safety.md"].sources("toml") if "[safety]" in block]
    (tmp_path / "smload.toml").write_text(block)
    settings = SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py")
    assert settings is not None
    assert None not in dataclasses.astuple(settings.safety)
    assert settings.prices.instance_hour


def test_the_recipe_for_moto_works(pytester: pytest.Pytester) -> None:
    """As shown, a load goes to the mock and passes."""
    sources = PAGES["how-to/proxies.md"].sources("python")
    (source,) = [block for block in sources if block.startswith("# test_with_moto.py")]
    pytester.makepyfile(test_with_moto=source)
    pytester.path.joinpath("smload.toml").write_text(
        'endpoint = "mocked"\n[endpoints.mocked]\nregion = "us-east-1"\npayload = ["1,2"]\ncontent_type = "text/csv"\n'
    )
    pytester.runpytest_subprocess("-m", "perf", "-p", "no:cacheprovider").assert_outcomes(passed=1)
