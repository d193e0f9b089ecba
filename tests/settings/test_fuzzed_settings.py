"""Whatever a settings file, an option or a mark says, it is read, or refused in lines that name what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from awkward import assert_lines, nested, scalars, spliced, tables, texts, toml, values
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.sources import parse_budget_table, parse_marker_limits
from pytest_smload.core.load.profile import LOAD_FIELDS, LoadProfile, check_load_fields
from pytest_smload.core.load.weights import check_weights, resolve_weights
from pytest_smload.core.units import LONGEST_S, parse_duration_s
from pytest_smload.errors import ConfigurationError
from pytest_smload.options import OPTIONS, SWITCHES
from pytest_smload.settings.file import SettingsFiles
from pytest_smload.settings.safety import SafetyTable
from pytest_smload.settings.schema import ENDPOINT_KEYS
from pytest_smload.settings.sources import read_overrides

if TYPE_CHECKING:
    from pytest_smload.settings.tables import FileSettings

EXAMPLE = (Path(__file__).parents[2] / "examples" / "smload.toml").read_text(encoding="utf-8")
WHOLE = """
endpoint = "staging"
[endpoints.staging]
account = "111122223333"
wait_in_service = "5m"
models = { "xgboost-{0..9}.tar.gz" = "zipf(1.1)", "b" = 1 }
payload = ["1,2"]
[profiles.peak]
stages = [{ duration = "30s", tps = 10 }, { duration = "1m", tps = 50, name = "top" }]
abort_on = { error_rate = "50%", for = "10s" }
[budgets.default]
p95 = "250ms"
regression = { p95 = "10%", floor = "5ms" }
each = { p99 = "800ms" }
errors = { ModelError = 0 }
models."b" = { p95 = "400ms" }
profiles.peak = { tps = ">= 20" }
[safety]
production = ["*prod*"]
max_cost_usd = 5
[prices]
ml.c5.large = 0.1
"""
FEW = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
loads = tables(*LOAD_FIELDS)
budget = tables(
    *METRICS, "each", "models", "stages", "profiles", "regression", "baseline_required", "model", likely=scalars
)
files = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": scalars,
        "endpoints": st.dictionaries(texts, tables(*ENDPOINT_KEYS), max_size=2) | values,
        "profiles": st.dictionaries(texts, loads, max_size=2) | values,
        "budgets": st.dictionaries(texts, budget | tables("each", "models", "stages", likely=budget), max_size=2)
        | values,
        "safety": tables(*SafetyTable.model_fields) | values,
        "prices": tables("ml.c5.large", "data_gb", "ml") | values,
        "endpiont": values,
    },
)


def read(folder: Path, text: str) -> FileSettings | None:
    """Read *text* as a settings file; None where it is refused as it should be."""
    (folder / "smload.toml").write_text(text, encoding="utf-8", newline="")
    try:
        found = SettingsFiles(folder).of_test(folder / "test_x.py")
    except ConfigurationError as error:
        assert_lines(error.problems)
        return None
    assert found is not None
    for table in found.profiles.values():
        try:
            LoadProfile(**table)
        except ConfigurationError as error:
            assert_lines(error.problems)
    return found


@FEW
@given(table=files)
@example(table={"prices": {"ml.c5.large": 10**400}})
@example(table={"safety": {"max_requests": 10**400}})
@example(table={"profiles": {"p": {"stages": [{"name": [1], "duration": "1s", "tps": 1}]}}})
@example(table={"profiles": {"p": {"stages": [{"name": {}, "duration": "1s", "tps": 1}] * 2}}})
@example(table={"profiles": {"a\nb": {"q": 1}}, "a\nb": {"q": 1}, "endpoints": {"a\nb": {"c\nd": 1}}})
def test_tables(table: dict[str, Any], tmp_path: Path) -> None:
    """Any values under keys that there are and others."""
    read(tmp_path, toml(table))


@FEW
@given(text=spliced(EXAMPLE, WHOLE))
@example(text=f"seed = {'9' * 5_000}")
@example(text="[" * 5_000)
def test_texts(text: str, tmp_path: Path) -> None:
    """Any text that is somewhat like a settings file."""
    read(tmp_path, text)


@pytest.mark.parametrize(
    "head", ["", "[endpoints.x]\n", "[profiles.x]\n", "[profiles.x.models]\n", "[budgets.x]\n", "[prices]\n"]
)
def test_dotted_keys_make_no_depth_beyond_reading(head: str, tmp_path: Path) -> None:
    """TOML itself takes a key of thousands of parts."""
    (tmp_path / "smload.toml").write_text(head + "a." * 3_000 + "a = 1")
    with pytest.raises(ConfigurationError, match=r"^smload\.toml: is nested too deeply to be read$"):
        SettingsFiles(tmp_path).of_test(tmp_path / "test_x.py")


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    """What is fuzzed begins at files without a mistake."""
    assert read(tmp_path, WHOLE)
    (tmp_path / "scenarios").mkdir()
    assert read(tmp_path, EXAMPLE)


@FEW
@given(fields=loads)
@example(fields={"tps": 10**400, "duration": "9" * 400 + "s"})
@example(fields={"stages": [{"name": [1], "duration": "1s", "tps": 1}]})
def test_load_fields(fields: dict[str, Any]) -> None:
    """Fields without a mistake make a profile, others are told."""
    problems = check_load_fields(fields)
    if problems:
        assert_lines(ConfigurationError(problems).problems)
    if problems or set(fields) - set(LOAD_FIELDS):
        return
    try:
        profile = LoadProfile(**fields)
    except ConfigurationError as error:
        assert_lines(error.problems)
    else:
        assert 0 < profile.duration_s <= LONGEST_S * 100
        assert 1 <= profile.most_in_flight


@FEW
@given(table=budget)
@example(table={"requests": 10**400, "p95": "9" * 400 + "s"})
@example(table={"models": {"a\nb": {"p95": 1}}, "profiles": {"a\nb": {"q\n": 1}}, "stages": {"\n": 1}})
def test_limits(table: dict[str, Any]) -> None:
    """Of marks and of files: each mistake is a line."""
    for problems in (parse_budget_table(table, source="the file")[1], parse_marker_limits(table, source="the mark")[1]):
        if problems:
            assert_lines(ConfigurationError(problems).problems)


@pytest.mark.parametrize("name", LOAD_FIELDS)
def test_a_list_that_is_thousands_deep(name: str) -> None:
    """No field's message needs to write it out."""
    problems = check_load_fields({name: nested(5_000)})

    assert name == "payload" or problems
    assert all(len(problem) < 500 for problem in problems)


@FEW
@given(weights=st.dictionaries(texts, scalars, max_size=4) | st.lists(scalars, max_size=4) | values)
@example(weights={"a": 10**400})
@example(weights=["{0..65534}{0..65534}"])
def test_weights(weights: Any) -> None:
    """Weights without a mistake are shares of one; `check_weights` and `resolve_weights` agree on which those are."""
    problems = check_weights(weights)
    if problems:
        assert_lines(ConfigurationError(problems).problems)
    elif not isinstance(weights, str):
        assert sum(resolve_weights(weights).values()) == pytest.approx(1)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=texts | st.text(st.sampled_from("0123456789.hmsu \n٣"), max_size=12))
@example(text="9" * 400 + "s")
@example(text="9" * 100_000)
@example(text="1e9s")
def test_durations(text: str) -> None:
    """A duration is a number of seconds from 0 to the longest, or one line."""
    try:
        assert 0 <= parse_duration_s(text) <= LONGEST_S
    except ValueError as error:
        assert_lines([str(error)])


@FEW
@given(
    options=st.dictionaries(st.sampled_from([each.name for each in OPTIONS]), texts, max_size=3),
    variables=st.dictionaries(
        st.sampled_from([each.variable for each in (*OPTIONS, *SWITCHES)]) | texts.map("SMLOAD_{}".format),
        texts,
        max_size=3,
    ),
)
@example(options={"seed": "9" * 5_000}, variables={"SMLOAD_TPS": "1e999", "SMLOAD_A\nB": "x"})
def test_options_and_variables(options: dict[str, str], variables: dict[str, str]) -> None:
    """Any text of any option or variable."""
    try:
        read_overrides(options, variables)
    except ConfigurationError as error:
        assert_lines(error.problems)
