"""``[safety]``, ``[prices]`` and the endpoint's own keys of preflight, and every mistake in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_smload.core.safety.limits import NO_SAFETY
from pytest_smload.errors import ConfigurationError
from pytest_smload.settings.file import SettingsFiles
from pytest_smload.settings.tables import FileSettings

WHOLE = """
[endpoints.staging]
production = true
wait_in_service = "30m"
watch = "10s"
[safety]
production = ["*prod*"]
allow = ["staging-*"]
max_tps = 50
max_requests = 10_000
max_duration = "10m"
max_cost_usd = 2.5
[prices]
data_gb = 0.016
"ml.c5.large" = 0.119
ml.g5.xlarge = 1.4
"""


def settings(folder: Path, text: str) -> FileSettings:
    (folder / "smload.toml").write_text(text)
    found = SettingsFiles(folder).of_test(folder / "test_it.py")
    assert found is not None
    return found


def test_every_key(tmp_path: Path) -> None:
    """Durations in seconds, patterns as tuples, instance types whether quoted or not."""
    found = settings(tmp_path, WHOLE)

    staging, safety = found.endpoints["staging"], found.safety
    assert ("staging", 1800.0, 10.0) == (staging.production, staging.wait_in_service_s, staging.watch_s)
    assert (("*prod*",), ("staging-*",)) == (safety.production, safety.allow)
    assert (50.0, 10_000, 600.0, 2.5) == (
        safety.max_tps,
        safety.max_requests,
        safety.max_duration_s,
        safety.max_cost_usd,
    )
    assert ("smload.toml [safety]", "smload.toml [prices]") == (safety.source, found.prices.source)
    assert {"ml.c5.large": 0.119, "ml.g5.xlarge": 1.4} == dict(found.prices.instance_hour)
    assert 0.016 == found.prices.data_gb


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ("", "prod"),
        ('region = "us-east-1"', "prod"),
        ('region = "eu-west-1"', ""),
        ('account = "444455556666"', ""),
        ('scenario = "s.toml"', ""),
    ],
)
@pytest.mark.parametrize("name", ["abalone", "Abalone"])
def test_another_table_of_a_production_endpoint_is_production_too(
    tmp_path: Path, name: str, more: str, by: str
) -> None:
    """As far as it may be the same one; SageMaker's names are unique whatever their case."""
    marked = '[endpoints.prod]\nname = "abalone"\nregion = "us-east-1"\naccount = "111122223333"\nproduction = true\n'
    found = settings(tmp_path, f'{marked}[endpoints.other]\nname = "{name}"\n{more}\n[endpoints.third]\n')

    assert ("prod", by, "") == tuple(found.endpoints[each].production for each in ("prod", "other", "third"))


def test_without_them(tmp_path: Path) -> None:
    """Nothing is limited; an endpoint is waited for ten minutes, and not watched in between."""
    found = settings(tmp_path, "[endpoints.staging]\n")

    assert (NO_SAFETY.allow, NO_SAFETY.max_tps, {}) == (
        found.safety.allow,
        found.safety.max_tps,
        dict(found.prices.instance_hour),
    )
    staging = found.endpoints["staging"]
    assert ("", 600.0, None) == (staging.production, staging.wait_in_service_s, staging.watch_s)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[safety]\nmax_tsp = 1",
            "[safety]: unknown key 'max_tsp'; did you mean 'max_tps'? (allowed: production, allow",
        ),
        ("[safety]\nusers = 1", "[safety]: unknown key 'users' (allowed: production, allow"),
        ('[safety]\nproduction = "*prod*"', '[safety]: production: must be a list of texts: ["*prod*"]'),
        ("[safety]\nproduction = [3]", '[safety]: production: must be text in quotes: "..."'),
        ('[safety]\nallow = [""]', "[safety]: allow: must not be empty"),
        ("[safety]\nallow = []", '[safety]: allow: must name something: ["staging-*"]'),
        ("[safety]\nmax_tps = 0", "[safety]: max_tps: must be more than 0"),
        ('[safety]\nmax_tps = "50"', "[safety]: max_tps: must be a number"),
        ("[safety]\nmax_tps = nan", "[safety]: max_tps: "),
        ("[safety]\nmax_requests = 1.5", "[safety]: max_requests: must be a whole number"),
        ("[safety]\nmax_duration = 60", '[safety]: max_duration: must be text in quotes: "..."'),
        ('[safety]\nmax_duration = "60"', "[safety]: max_duration: '60' is not a duration"),
        ('[safety]\nmax_duration = "0s"', "[safety]: max_duration: '0s' is no time to load anything in"),
        ("[safety]\nmax_cost_usd = -1", "[safety]: max_cost_usd: must be more than 0"),
        ("safety = 3", "safety: must be a table"),
        ("prices = 3", "prices: must be a table"),
        ("[prices]\ndata_bg = 1", "[prices]: unknown key 'data_bg'; did you mean 'data_gb'? (allowed: data_gb, and"),
        ('[prices]\n"c5.large" = 1', "[prices]: unknown key 'c5.large' (allowed: data_gb, and instance types: "),
        ('[prices]\n"ml.c5.large" = "1"', "[prices]: ml.c5.large: '1' is not a price; write US dollars as a number"),
        ('[prices]\n"ml.c5.large" = true', "[prices]: ml.c5.large: True is not a price"),
        ("[prices]\ndata_gb = -1", "[prices]: data_gb: -1 is not a price"),
        ("[prices]\ndata_gb = inf", "[prices]: data_gb: inf is not a price"),
        ('[endpoints.x]\nproduction = "yes"', "[endpoints.x]: production: must be true or false"),
        (
            '[endpoints.x]\nwatch = "5s"',
            "[endpoints.x]: watch: '5s' is too often; each look is a call to AWS: 10s or more",
        ),
        ('[endpoints.x]\nwait_in_service = "soon"', "[endpoints.x]: wait_in_service: 'soon' is not a duration"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, sentence: str) -> None:
    """Each is one line, with what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        settings(tmp_path, text)

    (problem,) = caught.value.problems
    assert sentence in problem
    assert problem.startswith("smload.toml")
