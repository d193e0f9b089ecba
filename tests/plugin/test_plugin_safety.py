"""What safety refuses before a load and ends during one, in runs against an endpoint with a control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hosted_runs import HostedEndpoint, hosted, lines_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_runs import MakeProject

ONE_LOAD = "@perf(users=2, **SHORT)\ndef test_it(): pass\n"
USAGE_ERROR = 4


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory, project: MakeProject) -> Iterator[HostedEndpoint]:
    """An endpoint of two instances with a tag."""
    scenario = """
latency = "4ms"
instances = 2
multi_model = false
[hosting]
instance_type = "ml.c5.large"
tags = { env = "Prod-EU", team = "fish" }
"""
    with hosted(scenario, tmp_path_factory.mktemp("safety"), project) as running:
        yield running


@pytest.mark.parametrize(
    ("table", "safety", "why"),
    [
        ("production = true", "", "[endpoints.staging] says production = true"),
        ("", '[safety]\nproduction = ["abalone-*"]', "'abalone-staging' matches 'abalone-*' of smload.toml [safety]"),
    ],
)
def test_production_is_refused_before_anything_runs(
    endpoint: HostedEndpoint, table: str, safety: str, why: str
) -> None:
    """By its table or its name: a usage error, nothing sent, nothing asked."""
    run = endpoint.run(ONE_LOAD, endpoint.settings(table, safety))

    assert USAGE_ERROR == run.exit_code
    assert f"ERROR: smload: endpoint 'abalone-staging' is production ({why}" in run.out
    assert (0, []) == (endpoint.sent(), endpoint.asked())


def test_production_by_its_tags_is_refused_before_a_request(endpoint: HostedEndpoint) -> None:
    """Tags are AWS's to tell: the test errs, in one line."""
    run = endpoint.run(ONE_LOAD, endpoint.settings(rest='[safety]\nproduction = ["*prod*"]'))

    (line,) = run.section("test_it").strip().splitlines()
    assert "is production (its tag 'env=Prod-EU' matches '*prod*' of smload.toml [safety] production)" in line
    assert "add --smload-allow-production if this one is meant" in line
    assert 0 == endpoint.sent()


@pytest.mark.parametrize(("option", "variable"), [("--smload-allow-production", ""), ("", "1")])
def test_production_that_is_meant(endpoint: HostedEndpoint, option: str, variable: str) -> None:
    """By option or variable; tags are not even asked for."""
    settings = endpoint.settings("production = true", '[safety]\nproduction = ["*prod*", "abalone-*"]')
    run = endpoint.run(ONE_LOAD, settings, *filter(None, [option]), env={"SMLOAD_ALLOW_PRODUCTION": variable})

    assert "1 passed" == run.summary, run.out
    assert "sagemaker:ListTags" not in endpoint.asked()


def test_the_next_command_of_a_failure_says_that_production_is_meant(endpoint: HostedEndpoint) -> None:
    """Typed as it is shown, it is not refused."""
    tests = "@perf(users=2, **SHORT)\n@perf_budget(p50='1us')\ndef test_it(): pass\n"
    run = endpoint.run(tests, endpoint.settings("production = true"), "--smload-allow-production")

    (command,) = lines_with(run, ["pytest -m perf test_it.py::test_it"])
    assert "--smload-allow-production" in command


def test_only_what_is_allowed_may_be_loaded(endpoint: HostedEndpoint) -> None:
    """The embedded endpoint is no exception."""
    rest = '[safety]\nallow = ["staging-*"]'
    run = endpoint.run(ONE_LOAD, endpoint.settings(rest=rest))
    assert "smload.toml [safety] allow: endpoint 'abalone-staging' is none of 'staging-*'" in run.out

    run = endpoint.run(ONE_LOAD, endpoint.settings(rest=rest), "--smload-endpoint", "local")
    assert "endpoint 'local' is none of 'staging-*'" in run.out


def test_one_request_by_hand_is_refused_as_well(endpoint: HostedEndpoint) -> None:
    """A loop of them would be a load."""
    tests = "@perf(users=1)\ndef test_it(sm_endpoint): sm_endpoint.invoke(b'1')\n"
    run = endpoint.run(tests, endpoint.settings("production = true"))

    assert USAGE_ERROR == run.exit_code
    assert 0 == endpoint.sent()


@pytest.mark.parametrize(
    "asked", ["sm_endpoint.invoke(b'1')", "sm_endpoint.pinned(1).__enter__()", "sm_endpoint.load(load_profile)"]
)
def test_whatever_is_asked_of_production_its_tags_are_looked_at_first(endpoint: HostedEndpoint, asked: str) -> None:
    """One request and a pin no less than a load."""
    tests = f"@perf(users=1, **SHORT)\ndef test_it(sm_endpoint, load_profile): {asked}\n"
    run = endpoint.run(tests, endpoint.settings(rest='[safety]\nproduction = ["env=prod*"]'))

    assert "its tag 'env=Prod-EU' matches 'env=prod*'" in run.section("test_it")
    assert 0 == endpoint.sent()
    assert not [action for action in endpoint.asked() if "Update" in action or "Register" in action]


def test_another_table_of_a_production_endpoint_is_refused_too(endpoint: HostedEndpoint) -> None:
    """Whichever is asked for, one of them has said it."""
    again = endpoint.settings().partition("[endpoints.staging]")[2]
    settings = endpoint.settings("production = true", f"[endpoints.again]{again}")
    run = endpoint.run(ONE_LOAD, settings, "--smload-endpoint", "again")

    assert USAGE_ERROR == run.exit_code
    assert "is production ([endpoints.staging] says production = true)" in run.out
    assert 0 == endpoint.sent()


def test_a_described_load_that_exceeds_a_limit_is_refused_before_anything_runs(endpoint: HostedEndpoint) -> None:
    """With a line per limit; options are held as marks are."""
    rest = '[safety]\nmax_tps = 20\nmax_requests = 100\nmax_duration = "5s"'
    tests = "@perf(tps=10, duration='4s', warmup='1s')\ndef test_it(): pass\n"
    run = endpoint.run(tests, endpoint.settings(rest=rest), "--smload-tps", "30", "--smload-duration", "6s")

    assert USAGE_ERROR == run.exit_code
    for words in (
        "test_it.py::test_it: smload.toml [safety] max_tps = 20: the load is 30 TPS",
        "max_requests = 100: the load sends 203 requests",
        "max_duration = 5s: the load takes 7s",
    ):
        assert words in run.out
    assert 0 == endpoint.sent()


def test_a_load_of_the_body_that_exceeds_a_limit_is_refused(endpoint: HostedEndpoint) -> None:
    """When it is asked for; those before it stand."""
    tests = """
@perf(users=2, **SHORT)
def test_it(sm_endpoint, load_profile):
    sm_endpoint.load(load_profile)
    sm_endpoint.load(load_profile.replace(tps=30))
"""
    run = endpoint.run(tests, endpoint.settings(rest="[safety]\nmax_tps = 20_000\nmax_requests = 10_000"))
    assert "1 passed" == run.summary

    run = endpoint.run(tests.replace("tps=30", "tps=30_000"), endpoint.settings(rest="[safety]\nmax_tps = 20_000"))
    assert "max_tps = 20000: the load is 30000 TPS; ask for less, or raise it there" in run.out
    assert 1 == len(run.loads("test_it"))


def test_a_closed_load_is_ended_at_max_requests(endpoint: HostedEndpoint) -> None:
    """To the request; INVALID, for what was measured is not what was asked for; and not repeated."""
    tests = "@perf(users=2, duration='20s', warmup='100ms')\n@perf_budget(p95='60s')\ndef test_it(): pass\n"
    run = endpoint.run(tests, endpoint.settings(rest="[safety]\nmax_requests = 300"))

    assert "invalid" == run.tests()["test_it"]["verdict"]
    (load,) = run.loads("test_it")
    assert load["client"]["reasons"][0]["cause"].startswith(
        "smload.toml [safety] max_requests = 300 ended the load after"
    )
    assert 300 == endpoint.sent()
    assert "max_requests" not in load["profile"]
    assert [] == load.get("reruns", [])


def test_a_closed_load_is_ended_when_it_is_too_fast(endpoint: HostedEndpoint) -> None:
    """Its rate is the endpoint's doing: it is measured, and the load ended within seconds."""
    tests = "@perf(users=4, duration='60s', warmup='100ms')\ndef test_it(): pass\n"
    run = endpoint.run(tests, endpoint.settings(rest="[safety]\nmax_tps = 50"))

    (load,) = run.loads("test_it")
    assert "invalid" == load["verdict"]
    assert load["client"]["reasons"][0]["cause"].startswith(
        "smload.toml [safety] max_tps = 50 ended the load: its users"
    )
    assert load["window_s"] < 30


def test_cost_is_that_of_all_loads_of_a_run(endpoint: HostedEndpoint) -> None:
    """The second load would be one too many; the first was none."""
    price = 3600.0 / 2
    rest = f'[safety]\nmax_cost_usd = 3\n[prices]\n"ml.c5.large" = {price}'
    tests = """
@perf(users=2, duration="1s", warmup="500ms")
def test_first(): pass
@perf(users=2, duration="1s", warmup="500ms")
def test_second(): pass
"""
    run = endpoint.run(tests, endpoint.settings(rest=rest))

    assert "1 passed, 1 error" == run.summary, run.out
    (line,) = run.section("test_second").strip().splitlines()
    assert line.startswith("smload.toml [safety] max_cost_usd = 3: the load costs about $1.50 ($3600.00 an hour), $1.")
    assert "having been spent in this run; shorten it, or raise max_cost_usd" in line


def test_cost_that_cannot_be_told_is_refused(endpoint: HostedEndpoint) -> None:
    """A limit that cannot be held is none."""
    run = endpoint.run(ONE_LOAD, endpoint.settings(rest="[safety]\nmax_cost_usd = 3"))

    (line,) = run.section("test_it").strip().splitlines()
    assert (
        "smload.toml [safety] max_cost_usd cannot be held: there is no price of ml.c5.large; add "
        '"ml.c5.large" = USD per hour to smload.toml [prices]'
    ) == line
    assert 0 == endpoint.sent()


def test_a_load_within_all_limits_is_what_it_is_without(endpoint: HostedEndpoint) -> None:
    """The same verdict and profile, and no note."""
    rest = """
[safety]
production = ["never"]
allow = ["abalone-*"]
max_tps = 50_000
max_requests = 50_000
max_duration = "1m"
max_cost_usd = 100
[prices]
"ml.c5.large" = 0.1
data_gb = 0.016
"""
    tests = "@perf(tps=40, **SHORT)\n@perf_budget(p50='60s')\ndef test_it(): pass\n"
    bare, safe = (endpoint.run(tests, endpoint.settings(rest=each)) for each in ("", rest))

    assert ["1 passed"] * 2 == [bare.summary, safe.summary]
    ((bare_load,), (safe_load,)) = bare.loads("test_it"), safe.loads("test_it")
    assert bare_load["profile"] == safe_load["profile"]
    assert bare_load["sent"] == safe_load["sent"]
    assert [] == safe_load["notes"]
