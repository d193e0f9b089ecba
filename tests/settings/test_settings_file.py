"""The settings file: where it is found, what it may say, and one line for every mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_smload.errors import ConfigurationError
from pytest_smload.settings.file import SettingsFiles
from pytest_smload.settings.tables import FileSettings

DESIGN = """
endpoint = "staging"
[endpoints.staging]
name = "abalone-mme-staging"
region = "us-east-1"
account = "111122223333"
content_type = "text/csv"
payload = "payloads/abalone.csv"
[endpoints.staging.models]
"xgboost-0.tar.gz" = 3
"xgboost-1.tar.gz" = 1
[endpoints.local]
scenario = "scenarios/abalone.toml"
[profiles.smoke]
users = 10
duration = "30s"
[profiles.peak]
tps = 1000
arrivals = "poisson"
duration = "5m"
[budgets.default]
error_rate = "1%"
[budgets."tests/perf/test_abalone.py::test_weighted_traffic"]
p95 = "250ms"
each = { p99 = "800ms" }
models."xgboost-1.tar.gz" = { p95 = "400ms" }
profiles.smoke = { tps = ">= 20" }
"""


def read(root: Path, text: str, name: str = "smload.toml") -> FileSettings:
    (root / name).write_text(text)
    found = SettingsFiles(root).of_test(root / "tests" / "test_x.py")
    assert found is not None
    return found


def problems(root: Path, text: str, name: str = "smload.toml") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(root, text, name)
    return caught.value.problems


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    """Endpoints, profiles and budgets of the documented file arrive as frozen records."""
    settings = read(tmp_path, DESIGN)

    staging = settings.endpoints["staging"]
    assert settings.endpoint == "staging"
    assert settings.root == tmp_path
    assert (staging.endpoint_name, staging.region, staging.account) == (
        "abalone-mme-staging",
        "us-east-1",
        "111122223333",
    )
    assert staging.source == "smload.toml [endpoints.staging]"
    assert not staging.embedded
    assert dict(staging.traffic) == {
        "models": {"xgboost-0.tar.gz": 3, "xgboost-1.tar.gz": 1},
        "payload": "payloads/abalone.csv",
        "content_type": "text/csv",
    }
    assert settings.endpoints["local"].embedded
    assert settings.endpoints["local"].scenario == tmp_path / "scenarios" / "abalone.toml"
    assert dict(settings.profiles["smoke"]) == {"users": 10, "duration": "30s"}
    assert list(settings.budgets) == ["default", "tests/perf/test_abalone.py::test_weighted_traffic"]
    assert list(settings.budgets["tests/perf/test_abalone.py::test_weighted_traffic"].profiles) == ["smoke"]


def test_the_same_schema_holds_in_pyproject(tmp_path: Path) -> None:
    """[tool.smload] has the same tables, and sources name them as they are written there."""
    settings = read(
        tmp_path, '[tool.smload]\nendpoint = "x"\n[tool.smload.endpoints.x]\nname = "y"\n', "pyproject.toml"
    )

    assert settings.endpoints["x"].source == "pyproject.toml [tool.smload.endpoints.x]"
    assert settings.endpoints["x"].endpoint_name == "y"


def test_what_cloudwatch_is_asked_and_cannot_say_is_the_endpoints(tmp_path: Path) -> None:
    """Whether it is asked, and what an instance has."""
    endpoints = read(
        tmp_path, "[endpoints.staging]\ncloudwatch = true\nvcpus = 8\ngpus = 0\n[endpoints.other]\n"
    ).endpoints

    assert (True, 8, 0) == (endpoints["staging"].cloudwatch, endpoints["staging"].vcpus, endpoints["staging"].gpus)
    assert (False, None, None) == (endpoints["other"].cloudwatch, endpoints["other"].vcpus, endpoints["other"].gpus)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("vcpus = 0", "vcpus: must be more than 0"),
        ('vcpus = "8"', "vcpus: must be a whole number"),
        ("gpus = -1", "gpus: must be 0 or more"),
        ('cloudwatch = "yes"', "cloudwatch: must be true or false"),
    ],
)
def test_what_an_instance_cannot_have_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    """One line, naming table and key."""
    assert [f"smload.toml [endpoints.staging]: {problem}"] == problems(tmp_path, f"[endpoints.staging]\n{line}\n")


def test_an_endpoint_is_called_as_its_table_by_default(tmp_path: Path) -> None:
    """Without name, the table's name is the endpoint's."""
    assert read(tmp_path, "[endpoints.abalone]\n").endpoints["abalone"].endpoint_name == "abalone"


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    """From the test file's folder upwards the first file with settings is taken whole, and read once."""
    inner = tmp_path / "team" / "perf"
    inner.mkdir(parents=True)
    (tmp_path / "smload.toml").write_text('endpoint = "local"')
    (tmp_path / "team" / "pyproject.toml").write_text('[tool.smload.endpoints.theirs]\n[project]\nname = "x"\n')
    (inner / "pyproject.toml").write_text('[project]\nname = "not-ours"\n')
    files = SettingsFiles(tmp_path)

    nearest = files.of_test(inner / "test_a.py")
    outer = files.of_test(tmp_path / "test_b.py")

    assert nearest is not None
    assert outer is not None
    assert nearest.label == "team/pyproject.toml"
    assert outer.label == "smload.toml"
    assert files.of_test(tmp_path / "team" / "test_c.py") is nearest


def test_nothing_above_rootdir_is_read(tmp_path: Path) -> None:
    """The search ends at rootdir."""
    (tmp_path / "smload.toml").write_text("not toml at all")
    root = tmp_path / "project"
    root.mkdir()

    assert SettingsFiles(root).of_test(root / "test_x.py") is None


def test_two_files_in_one_folder_are_refused(tmp_path: Path) -> None:
    """smload.toml beside [tool.smload] would leave one of them silently without effect."""
    (tmp_path / "pyproject.toml").write_text("[tool.smload]\n")

    assert problems(tmp_path, "") == [
        "smload.toml and [tool.smload] of pyproject.toml are in one folder; keep one of them"
    ]


def test_a_broken_pyproject_without_our_table_is_left_alone(tmp_path: Path) -> None:
    """What is wrong with somebody else's tables is not ours to report."""
    (tmp_path / "pyproject.toml").write_text("[project\n")

    assert SettingsFiles(tmp_path).of_test(tmp_path / "test_x.py") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = \n", "smload.toml, line 1, column 5: invalid value"),
        ("[endpoints\n", "smload.toml, line 1, column 11: expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", "smload.toml, line 2, column 6: cannot overwrite a value"),
        ("a = " + "9" * 5_000, "smload.toml: has a whole number of thousands of digits, which is none of ours"),
        (
            'endpoint = "x"\n[endpoint.x]\n',
            "smload.toml, line 2, column 12: endpoint is the name of the default endpoint; tables of endpoints ",
        ),
        ('a = "', "smload.toml: "),
    ],
)
def test_a_syntax_error_has_its_line(tmp_path: Path, text: str, expected: str) -> None:
    """TOML that does not parse is one line: file, line, what."""
    found = problems(tmp_path, text)

    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    """Each mistake is one line with file, table, key, what is allowed and the nearest match."""
    text = """
endpoint = "stagin"
budget = 1
[endpoints.staging]
regon = "us-east-1"
account = 111122223333
transport = "https"
users = 3
models = { a = 0 }
payload = 3
[profiles.smoke]
user = 10
duration = "30"
[budgets.default]
p59 = "250ms"
profiles.smok = { p95 = "1s" }
"""
    found = problems(tmp_path, text)

    starts = [
        "smload.toml: unknown key 'budget'; did you mean 'budgets'? (allowed: endpoint, endpoints, ",
        "smload.toml [endpoints.staging]: unknown key 'regon'; did you mean 'region'? (allowed: name, region, ",
        'smload.toml [endpoints.staging]: account: must be text in quotes: "..."',
        "smload.toml [endpoints.staging]: transport: must be 'http' or 'boto3'",
        "smload.toml [endpoints.staging]: unknown key 'users' (allowed: ",
        "smload.toml [endpoints.staging]: models: weights sum to 0",
        "smload.toml [endpoints.staging]: payload: 3 is neither text",
        "smload.toml [profiles.smoke]: unknown key 'user'; did you mean 'users'?",
        "smload.toml [profiles.smoke]: duration: '30' is not a duration",
        "smload.toml: endpoint: there is no endpoint 'stagin'; did you mean 'staging'? (known: staging, local)",
        "smload.toml [budgets.default]: unknown key 'p59'",
        "smload.toml [budgets.default] profiles.smok: there is no profile 'smok'; did you mean 'smoke'? (known: smoke)",
    ]
    missing = [start for start in starts if not any(line.startswith(start) for line in found)]
    assert missing == []
    assert len(found) == len(starts)
    assert any(line.endswith("(a key of a load profile: it goes into [profiles.NAME])") for line in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("endpoints = 3", "smload.toml: endpoints: must be a table"),
        ("[endpoints]\nx = 3", "smload.toml [endpoints]: x: must be a table"),
        ("[profiles]\nx = 3", "smload.toml [profiles]: x: must be a table"),
        (
            '[endpoints.x]\naccount = "12"',
            "smload.toml [endpoints.x]: account: '12' is not an account; write its 12 digits",
        ),
        ('[endpoints.x]\nname = "arn:aws:x"', "smload.toml [endpoints.x]: name: 'arn:aws:x' is not an endpoint name"),
        (
            '[endpoints.local]\nendpoint_url = "x"',
            "smload.toml [endpoints.local]: endpoint_url: 'local' is the embedded",
        ),
        (
            "[endpoints.x.models]\nxgboost-0.tar.gz = 3",
            "smload.toml [endpoints.x]: models: 'xgboost-0' holds a table; a model name with dots needs quotes",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    """The line says where the mistake is and what is allowed."""
    found = problems(tmp_path, text)

    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    "key",
    ["aws_access_key_id", "aws_secret_access_key", "secret", "token", "aws_session_token", "password", "profile"],
)
@pytest.mark.parametrize("table", ["endpoints.staging", "profiles.smoke"])
def test_credentials_have_no_keys(tmp_path: Path, key: str, table: str) -> None:
    """A key that looks like a credential is told where credentials come from, and its value is not repeated."""
    found = problems(tmp_path, f'[{table}]\n{key} = "PLANTED"\n')

    assert len(found) == 1
    assert found[0].startswith(
        f"smload.toml [{table}]: {key}: there are no key options: credentials come from boto3's own"
    )
    assert "PLANTED" not in found[0]


def test_a_planted_secret_is_in_no_traceback(tmp_path: Path) -> None:
    """Even with --showlocals an uncaught error does not print the value of a credential key."""
    with pytest.raises(ConfigurationError) as caught:
        SettingsFiles(_with_secret(tmp_path)).of_test(tmp_path / "test_x.py")

    shown = str(caught.getrepr(showlocals=True, style="long", chain=True))
    assert "there are no key options" in shown
    assert "PLANTED-TOKEN" not in shown


def _with_secret(root: Path) -> Path:
    (root / "smload.toml").write_text('[endpoints.x]\ntoken = "PLANTED-TOKEN"\n')
    return root


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profile.smoke]\nusers = 1", "there is no table [profile.smoke]; did you mean [profiles.smoke]?"),
        ("[budget.default]\np95 = '1s'", "there is no table [budget.default]; did you mean [budgets.default]?"),
        ("[endpoint_s]\nname = 'a'", "there is no table [endpoint_s]; did you mean [endpoints.NAME]?"),
        (
            "[zzz]\na = 1",
            "there is no table [zzz] (tables: [endpoints.NAME], [profiles.NAME], [budgets.NAME], [safety]",
        ),
        ("[saftey]\na = 1", "there is no table [saftey]; did you mean [safety]?"),
        ("[price]\na = 1", "there is no table [price]; did you mean [prices]?"),
    ],
)
def test_an_unknown_table_is_called_that(tmp_path: Path, text: str, said: str) -> None:
    """Not an unknown key; with the table that was meant as it is written."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    assert [line for line in caught.value.problems if line.startswith(f"smload.toml: {said}")]


@pytest.mark.parametrize(
    "text",
    [
        f"[profiles.smoke]\nusers = {'9' * 4400}\n",
        f"[profiles.smoke]\ntps = {10**400}\n",
        f"[profiles.smoke]\nduration = '{'9' * 400}s'\n",
        f"[budgets.default]\nrequests = {10**400}\n",
        f"endpoint = {'[' * 5000}{']' * 5000}\n",
    ],
    ids=["4,400 digits", "ten to the 400", "400 nines", "limit", "nesting"],
)
def test_absurd_numbers_are_one_line(tmp_path: Path, text: str) -> None:
    """A number nobody means is a mistake like any other: no traceback, one short line."""
    (line,) = problems(tmp_path, text)

    assert "\n" not in line
    assert 400 > len(line)


def test_where_reports_and_figures_go(tmp_path: Path) -> None:
    """A URL or a table says where reports are kept, ``otel`` whether figures are sent; neither is there by default."""
    (tmp_path / "smload.toml").write_text(
        'otel = true\n[report_to]\nurl = "s3://bucket/perf/"\nencryption = "aws:kms"\nkms_key = "alias/reports"\n'
    )
    found = SettingsFiles(tmp_path).of_test(tmp_path / "test_x.py")
    assert found is not None
    assert found.report_to is not None
    assert (True, "s3://bucket/perf", "aws:kms", "alias/reports") == (
        found.otel,
        found.report_to.url,
        found.report_to.encryption,
        found.report_to.kms_key,
    )
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "smload.toml").write_text("")
    bare = SettingsFiles(tmp_path).of_test(tmp_path / "below" / "test_x.py")
    assert bare is not None
    assert (None, False) == (bare.report_to, bare.otel)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('report_to = "bucket"\n', "smload.toml: report_to: 'bucket' is no place in S3; write \"s3://bucket/prefix\""),
        ('[report_to]\nurl = "s3://bucket"\nacl = "x"\n', "smload.toml: report_to: unknown key 'acl'"),
        ('report_to = "s3://bucket"\notel = "yes"\n', "smload.toml: otel: must be true or false"),
    ],
)
def test_what_is_no_place_for_reports(tmp_path: Path, text: str, said: str) -> None:
    """It is refused with file and key, as any mistake."""
    (found,) = problems(tmp_path, text)
    assert found.startswith(said)
