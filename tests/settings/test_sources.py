"""Options and environment variables: one of each per setting, parsed, and named in every complaint."""

from __future__ import annotations

import pytest

from pytest_smload.core.load.profile import LOAD_FIELDS
from pytest_smload.errors import ConfigurationError
from pytest_smload.options import FILE_OPTIONS
from pytest_smload.settings.sources import OPTIONS, SWITCHES, read_overrides


def problems(options: dict[str, str], environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_overrides(options, environment or {})
    return caught.value.problems


_LOADS = ("endpoint", "profile", "users", "tps", "duration", "warmup", "seed")
_GENERATORS = ("processes", "workers", "bind")


def test_every_option_has_a_variable() -> None:
    """Flag, pytest attribute and variable are one name in three spellings."""
    assert [(option.flag, option.dest, option.variable) for option in OPTIONS] == [
        (f"--smload-{name.replace('_', '-')}", f"smload_{name}", f"SMLOAD_{name.upper()}")
        for name in (*_LOADS, "transport", *_GENERATORS, *FILE_OPTIONS)
    ]


def test_options_of_a_load_are_its_fields() -> None:
    """A load field says how its option's text becomes a value if there is one of its name, and only then."""
    parsed = {name for name, row in LOAD_FIELDS.items() if row.from_text is not None}
    others = {"endpoint", "profile", "transport", *FILE_OPTIONS, *_GENERATORS}
    assert parsed == {option.name for option in OPTIONS} - others


def test_texts_become_values() -> None:
    """Options and variables are text; fields have their types."""
    overrides = read_overrides(
        {"users": "3", "seed": None, "duration": "90s"},
        {"SMLOAD_SEED": "7", "SMLOAD_TRANSPORT": "boto3", "PATH": "/bin"},
    )

    assert dict(overrides.options) == {"users": 3, "duration": "90s"}
    assert dict(overrides.environment) == {"seed": 7, "transport": "boto3"}
    assert overrides.levels() == [("environment", {"seed": 7}), ("options", {"users": 3, "duration": "90s"})]


def test_an_option_beats_its_variable() -> None:
    """The command line is nearer than the environment."""
    overrides = read_overrides({"endpoint": "staging"}, {"SMLOAD_ENDPOINT": "local", "SMLOAD_REPORT": "out"})

    assert (overrides.text("endpoint"), overrides.source("endpoint")) == ("staging", "--smload-endpoint")
    assert (overrides.text("report"), overrides.source("report")) == ("out", "SMLOAD_REPORT")
    assert overrides.text("profile") is None


def test_where_reports_go_is_said_by_option_and_variable() -> None:
    """A place in S3, or none; where neither says, None."""
    (place,) = read_overrides({}, {"SMLOAD_REPORT_TO": "s3://bucket/perf"}).report_to or ()
    assert "s3://bucket/perf" == place.url
    assert () == read_overrides({"report_to": "none"}, {"SMLOAD_REPORT_TO": "s3://bucket/perf"}).report_to
    assert None is read_overrides({}, {"SMLOAD_REPORT_TO": ""}).report_to
    assert ["--smload-report-to: 'bucket' is no place in S3; write \"s3://bucket/prefix\""] == problems(
        {"report_to": "bucket"}
    )


def test_an_empty_variable_is_unset() -> None:
    """CI systems pass variables on that nobody has defined."""
    assert dict(read_overrides({}, {"SMLOAD_TPS": "", "SMLOAD_PROFILE": " "}).environment) == {}


def test_mistakes_name_option_and_variable() -> None:
    """Every wrong value is one line that begins with where it was given."""
    found = problems(
        {"users": "0", "seed": "x", "duration": "30", "transport": "https", "endpoint": ""},
        {"SMLOAD_TPS": "fast", "SMLOAD_WARMUP": "-1s", "SMLOAD_ENDPIONT": "x"},
    )

    assert found == [
        f"SMLOAD_ENDPIONT: unknown environment variable; did you mean SMLOAD_ENDPOINT? (allowed: {_variables()})",
        "--smload-users: 0 is not a whole number from 1 to 5,000",
        "--smload-seed: 'x' is not a whole number",
        '--smload-duration: \'30\' is not a duration; write one like "250ms", "90s", "5m" or "1h30m"',
        "--smload-transport: 'https' is not one of http, boto3",
        "--smload-endpoint: needs a value (NAME)",
        "SMLOAD_TPS: 'fast' is not a number",
        'SMLOAD_WARMUP: \'-1s\' is not a duration; write one like "250ms", "90s", "5m" or "1h30m"',
    ]


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "0"])
def test_a_rate_is_a_number_above_0(text: str) -> None:
    """What float() takes is not yet a rate."""
    assert problems({"tps": text}) == [f"--smload-tps: {float(text)!r} is not a number above 0"]


def test_two_shapes_at_one_level_are_refused() -> None:
    """users and tps contradict each other on one command line, not across command line and environment."""
    assert problems({"users": "1", "tps": "2"}) == [
        "--smload-users and --smload-tps: are both given; a load has exactly one of users, tps and stages"
    ]
    assert dict(read_overrides({"users": "1"}, {"SMLOAD_TPS": "2"}).environment) == {"tps": 2.0}


def test_the_environment_is_in_no_traceback() -> None:
    """An uncaught complaint shown with --showlocals does not print the rest of the environment."""

    def complain() -> None:
        read_overrides({}, {**_planted(), "SMLOAD_TPS": "x"})

    with pytest.raises(ConfigurationError) as caught:
        complain()

    assert "PLANTED" not in str(caught.getrepr(showlocals=True, style="long", chain=True)).replace("_planted", "")


def _planted() -> dict[str, str]:
    return {"AWS_SECRET_ACCESS_KEY": "PLANTED"}


def _variables() -> str:
    return ", ".join(option.variable for option in (*OPTIONS, *SWITCHES))
