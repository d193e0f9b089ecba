"""Whatever a scenario file says, it is an endpoint that can be run, or is refused in lines that name what is wrong."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from awkward import assert_lines, scalars, spliced, tables, texts, toml, values
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_smload.emulator.app import EmulatorApp
from pytest_smload.emulator.scenario import FAULT_KINDS, FaultTable, Scenario, ScenarioError, load_scenario

FOLDER = Path(__file__).parents[2] / "examples" / "scenarios"
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))]
FEW = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def keys_of(schema: Any) -> list[str]:
    return [field.alias or name for name, field in schema.model_fields.items()]


durations = st.sampled_from(["1ms", "20ms", "1s", "0s"]) | scalars
distributions = durations | st.fixed_dictionaries({"lognormal": tables("p50", "p95", likely=durations)}) | values
parts: dict[str, st.SearchStrategy[Any]] = {
    "latency": distributions | st.dictionaries(texts, distributions, max_size=2),
    "cold": tables(*keys_of(Scenario.model_fields["cold"].annotation.__args__[0]), likely=distributions),
    "response": tables("body", "size", "echo", "content_type", "custom_attributes", likely=scalars),
    "faults": st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(FAULT_KINDS) | scalars},
            optional=dict.fromkeys([key for key in keys_of(FaultTable) if key != "kind"], distributions),
        ),
        max_size=2,
    ),
    "variants": st.dictionaries(texts, st.integers(0, 3) | tables("weight", "instances", "latency"), max_size=2),
    "components": st.dictionaries(texts, distributions | tables("copies", "latency", "variant"), max_size=2),
    "hosting": tables(*keys_of(Scenario.model_fields["hosting"].annotation)),
    "autoscaling": tables(*keys_of(Scenario.model_fields["autoscaling"].annotation)),
}
scenarios = st.fixed_dictionaries(
    {}, optional={key: parts.get(key, scalars) | values for key in [*keys_of(Scenario), "latncy"]}
)


def check(folder: Path, text: str) -> bool:
    """Return whether *text* is a scenario, having made an endpoint of it."""
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        scenario = load_scenario(path)
    except ScenarioError as error:
        assert_lines([problem.replace(str(folder), "") for problem in error.problems])
        return False
    EmulatorApp(scenario)
    assert all(variant.weight < float("inf") for variant in scenario.variants.values())
    assert 0 <= scenario.latency_of("m").sample_s(Random(1)) < float("inf")
    return True


@FEW
@given(table=scenarios)
@example(table={"instances": 10**400})
@example(table={"latency": "9" * 400 + "s"})
@example(table={"cold": {"memory": 10**400}})
@example(table={"variants": {"v": 10**400}})
@example(table={"variants": {"v": float("inf")}})
@example(table={"a\nb": 1, "hosting": {"a\nb": 1}, "variants": {"a\nb": "x"}})
def test_tables(table: dict[str, Any], tmp_path: Path) -> None:
    """Any values under keys that there are and others."""
    check(tmp_path, toml(table))


@FEW
@given(text=spliced(*EXAMPLES))
@example(text=f"seed = {'9' * 5_000}")
@example(text="seed = " + "[" * 5_000)
def test_texts(text: str, tmp_path: Path) -> None:
    """Any text that is somewhat like a scenario."""
    check(tmp_path, text)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_are_scenarios(text: str, tmp_path: Path) -> None:
    """What is fuzzed begins at files without a mistake."""
    assert check(tmp_path, text)


@pytest.mark.parametrize("head", ["", "[latency]\n", "[hosting]\n", "[variants]\n", "[[faults]]\n"])
def test_dotted_keys_make_no_depth_beyond_reading(head: str, tmp_path: Path) -> None:
    """TOML itself takes a key of thousands of parts."""
    path = tmp_path / "scenario.toml"
    path.write_text(head + "a." * 3_000 + "a = 1")
    with pytest.raises(ScenarioError, match=r"is nested too deeply to be read$"):
        load_scenario(path)
