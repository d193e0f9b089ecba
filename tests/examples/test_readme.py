"""README.md agrees with the code: its examples work, its tables are complete, its commands and links exist."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import get_type_hints

import pytest

from pytest_smload.core.diagnosis.rules import FAR_MS, FAR_SHARE, IDLE, LOW, LOW_CACHE_HIT, TOP
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.load.profile import LOAD_FIELDS, LoadProfile
from pytest_smload.core.measure.figures import Figures
from pytest_smload.core.results.result import LoadResult
from pytest_smload.emulator.scenario import Cold, FaultTable, Response, Scenario, load_scenario
from pytest_smload.gate.marks import BUDGET, FIXTURES, PERF
from pytest_smload.gate.typed_marks import AutoscaledFields
from pytest_smload.options import OPTIONS, SWITCHES
from pytest_smload.settings.file import SettingsFiles

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLAGS = {option.flag for option in (*OPTIONS, *SWITCHES)} | {"--smload"}


def blocks(language: str) -> list[str]:
    """The fenced code blocks of *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^## ", README.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> dict[str, str]:
    """The rows of a section's tables by each name in code quotes of their first cell."""
    found: dict[str, str] = {}
    for line in section(title).splitlines():
        if line.startswith("| `"):
            first, _, rest = line[2:].partition(" | ")
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), rest))
    return found


@pytest.mark.parametrize("source", blocks("python"))
def test_python_blocks_compile(source: str) -> None:
    """Each is a file, or the part of one."""
    ast.parse(source)


def test_shown_test_is_the_example() -> None:
    """The example shown is the file of that name, without its docstring."""
    (block,) = [block for block in blocks("python") if block.startswith("# examples/")]
    name, _, shown = block.partition("\n")
    file = (ROOT / name.removeprefix("# ")).read_text(encoding="utf-8")
    assert file.partition('"""\n\n')[2] == shown


def test_shown_output_is_of_the_shown_test() -> None:
    """One run fails and one passes, both of the example shown, by options that exist."""
    failing, passing = [block for block in blocks("console") if "examples/" in block.partition("\n")[0]]
    for output in (failing, passing):
        command = shlex.split(output.partition("\n")[0].removeprefix("$ "))
        assert command[:4] == ["pytest", "-m", "perf", "examples/test_weighted_multi_model.py"]
        assert {word for word in command if word.startswith("--")} <= FLAGS
    assert re.search(r"^FAIL +xgboost-1.tar.gz +p95 +<= 1 s", failing, re.MULTILINE)
    assert re.search(r"^=+ 1 failed in [\d.]+s =+$", failing, re.MULTILINE)
    assert re.search(r"^FAIL +test_weighted_traffic ", failing, re.MULTILINE)
    assert re.search(r"^PASS +test_weighted_traffic ", passing, re.MULTILINE)
    assert re.search(r"^=+ 1 passed in [\d.]+s =+$", passing, re.MULTILINE)


def test_set_up_lines_are_the_promised_ones() -> None:
    """Two lines, copied from here, do everything on a machine with only python3."""
    venv = "python3 -m venv .venv && .venv/bin/pip install -e"
    lines = [block.strip() for block in blocks("shell")]
    assert f"{venv} '.[emulator]' && .venv/bin/pytest -m perf examples" in lines
    assert f"{venv} '.[test]' && .venv/bin/pytest" in lines


def settings_blocks() -> list[str]:
    """The one of the start, then the complete one."""
    return [block for block in blocks("toml") if "[endpoints." in block]


def test_settings_block_is_a_settings_file(tmp_path: Path) -> None:
    """Each smload.toml shown is read without a complaint."""
    names = []
    for block in settings_blocks():
        (tmp_path / "smload.toml").write_text(block)
        settings = SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py")
        assert settings is not None
        names.append(list(settings.endpoints))
    assert [["staging"], ["staging", "local"]] == names


def test_safety_block_is_of_a_settings_file(tmp_path: Path) -> None:
    """The tables of safety and prices shown are read without a complaint."""
    (block,) = [block for block in blocks("toml") if "[safety]" in block]
    (tmp_path / "smload.toml").write_text(block)
    settings = SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py")
    assert settings is not None
    assert None not in dataclasses.astuple(settings.safety)
    assert settings.prices.instance_hour


def test_commented_keys_of_the_settings_block_exist(tmp_path: Path) -> None:
    """With its optional lines in force, the file is still read without a complaint."""
    *_, block = settings_blocks()
    (tmp_path / "smload.toml").write_text(re.sub(r"^# (?=\w+[\w.]* = )", "", block, flags=re.MULTILINE))
    assert SettingsFiles(tmp_path).of_test(tmp_path / "test_it.py") is not None


def test_scenario_block_is_a_scenario(tmp_path: Path) -> None:
    """The scenario shown is read without a complaint."""
    (block,) = [block for block in blocks("toml") if "[[faults]]" in block]
    path = tmp_path / "scenario.toml"
    path.write_text(block)
    assert 2 == len(load_scenario(path).faults)


def test_json_block_is_json() -> None:
    """The IAM policy names the one permission needed."""
    (block,) = blocks("json")
    assert ["sagemaker:InvokeEndpoint"] == [statement["Action"] for statement in json.loads(block)["Statement"]]


def test_markers_and_fixtures_are_complete() -> None:
    """Each marker and fixture has its row."""
    assert {f"@pytest.mark.{PERF}(**load)", f"@pytest.mark.{BUDGET}(**limits)"} <= set(rows("Markers"))
    assert set(FIXTURES) == set(rows("Fixtures"))


def test_options_and_variables_are_complete() -> None:
    """Each option has its row, with its metavar and its variable, and no other has one."""
    options = rows("Options and environment variables")
    every = (*OPTIONS, *SWITCHES)
    expected = {f"{option.flag} {option.metavar}".strip(): f"`{option.variable}`" for option in every}
    assert {"--smload", *expected} == set(options)
    assert expected == {name: options[name].partition(" |")[0] for name in expected}


def test_load_fields_are_the_codes() -> None:
    """Each field of a load has its row, with the code's default and its line on the field, and no other has one."""
    shown = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", section("Load fields"))
    expected = [
        f"| `{field.name}` | {default(field.default, row.unset)}| {row.summary} |"
        for field, row in zip(dataclasses.fields(LoadProfile), LOAD_FIELDS.values(), strict=True)
    ]
    assert expected == [line for line in shown.splitlines() if line.startswith("| `")]


def default(value: object, unset: str) -> str:
    """The default as a cell: JSON, text in code quotes; None is what it amounts to."""
    text = unset if value is None else f"`{json.dumps(value)}`" if isinstance(value, str) else json.dumps(value)
    return f"{text} " if text else ""


def test_limits_are_complete() -> None:
    """Each metric has its row, and no other has one."""
    assert list(METRICS) == list(rows("Limits"))


def test_pin_and_autoscale_is_complete() -> None:
    """Each key of ``autoscaled`` and each limit on scaling has its row, and no other has one."""
    assert {*get_type_hints(AutoscaledFields), *SCALING_METRICS} == set(rows("Pin and autoscale"))


def test_limits_on_the_servers_side_are_complete() -> None:
    """Each metric has its row, by its direction, and no other has one."""
    shown = rows("Limits on the server's side")

    assert set(SERVER_METRICS) == set(shown)
    directions = {name: "at least" if metric.at_least else "at most" for name, metric in SERVER_METRICS.items()}
    assert directions == {name: cell.partition(" |")[0] for name, cell in shown.items()}


def test_thresholds_of_a_diagnosis_are_the_codes() -> None:
    """The table says from where on."""
    text = section("Diagnosis")
    for share in (TOP, IDLE, LOW, LOW_CACHE_HIT, FAR_SHARE):
        assert f"{share:.0%}".replace("%", " %") in text
    assert f"{FAR_MS:g} ms" in text


def test_figures_of_a_result_are_complete() -> None:
    """The figures listed are the result's."""
    listed = re.search(r"attributes: `([^`]+)`", section("Fixtures"))
    assert listed is not None
    assert [field.name for field in dataclasses.fields(Figures)] == listed[1].split()


def test_report_keys_are_complete() -> None:
    """Each key of a load in report.json has its row, and no other has one."""
    fields = {field.name for field in dataclasses.fields(LoadResult)}
    figures = {field.name for field in dataclasses.fields(Figures)}
    assert fields - figures | {"total", "verdict"} == set(rows("report.json"))


def test_scenario_keys_are_complete() -> None:
    """Each key of a scenario file is there."""
    text = section("The embedded endpoint")
    for table in (Scenario, Cold, Response, FaultTable):
        for name, field in table.model_fields.items():
            assert re.search(rf"\b{field.alias or name}\b", text), f"{table.__name__}.{field.alias or name}"


def test_links_lead_somewhere() -> None:
    """Relative links are files of this repository; links within the page are its headings."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif "://" not in target:
            assert (ROOT / target).exists(), target


def test_commands_use_files_that_exist() -> None:
    """Benchmarks and scenarios named in commands are there."""
    for path in re.findall(r"(?:benchmarks|examples)/[\w./-]+\w", "\n".join(blocks("shell"))):
        assert (ROOT / path).exists(), path


def test_installation_and_start_come_first() -> None:
    """Before everything else: how to install it into one's own project, and a start there."""
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert ["Installation", "Five minutes", "How to size a load", "How to read a failure"] == headings[:4]


def test_the_starts_test_is_a_perf_test(pytester: pytest.Pytester) -> None:
    """The first test shown is collected without a complaint, and skipped by a plain pytest."""
    source = blocks("python")[0]
    assert source.startswith("# tests/perf/test_first.py\n")
    pytester.makepyfile(test_first=source)
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)


def test_the_recipe_for_moto_works(pytester: pytest.Pytester) -> None:
    """As shown, a load goes to the mock and passes."""
    (source,) = [block for block in blocks("python") if block.startswith("# test_with_moto.py")]
    pytester.makepyfile(test_with_moto=source)
    pytester.path.joinpath("smload.toml").write_text(
        'endpoint = "mocked"\n[endpoints.mocked]\nregion = "us-east-1"\npayload = ["1,2"]\ncontent_type = "text/csv"\n'
    )
    pytester.runpytest_subprocess("-m", "perf", "-p", "no:cacheprovider").assert_outcomes(passed=1)
