"""What is said before and while a load runs."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.core.hosting.hosting import Hosting, Variant
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.samples.progress import Progress
from pytest_smload.reports.text.live import before_load_line, hosting_line, live_line, plain_line


def progress(**changes):
    usual = {
        "elapsed_s": 42.4,
        "total_s": 70.0,
        "phase": "window",
        "users": None,
        "target_tps": 1000.0,
        "tps": 998.2,
        "p95_ms": 212.4,
        "errors": 3,
        "in_flight": 11,
    }
    return Progress(**(usual | changes))


def test_an_open_load_shows_the_rate_asked_for():
    """Elapsed and total, phase, TPS of the target, p95, errors, in flight."""
    assert live_line(progress()) == "[0:42/1:10]  window  998 of 1,000 TPS  p95 212 ms  errors 3  in flight 11"


def test_a_closed_load_shows_its_users():
    """Users in place of a target."""
    line = live_line(progress(users=20, target_tps=None, phase="warm-up"))
    assert line == "[0:42/1:10]  warm-up  20 users, 998 TPS  p95 212 ms  errors 3  in flight 11"


def test_one_user_is_singular():
    """One user is not users."""
    assert "1 user, 9.5 TPS" in live_line(progress(users=1, target_tps=None, tps=9.5))


def test_a_long_line_sheds_its_least_needed_parts():
    """80 columns are never exceeded: in flight goes first."""
    big = {"elapsed_s": 3730, "total_s": 7210, "phase": "draining", "target_tps": 10000.0, "tps": 9999.0}
    line = live_line(progress(**big, p95_ms=1531, errors=123456, in_flight=5000))
    assert line == "[1:02:10/2:00:10]  draining  9,999 of 10,000 TPS  p95 1.53 s  errors 123,456"


@pytest.mark.parametrize("width", [10, 40, 60, 79])
def test_a_line_is_never_wider_than_asked(width):
    """A narrow terminal gets a shorter line, never a wrapped one."""
    assert width >= len(live_line(progress(errors=10**9, in_flight=10**9), width))


def test_before_the_first_success_p95_is_a_dash():
    """Nothing measured reads "-"."""
    assert "p95 -" in live_line(progress(p95_ms=math.nan, tps=0.0))


def test_a_log_line_is_plain():
    """Lines for CI are sentences without control characters, and name the load where it has a label."""
    expected = "smload: 42s of 1m10s, window: 998 of 1,000 TPS, p95 212 ms, errors 3, in flight 11"
    assert expected == plain_line(progress())
    assert "smload: load 'peak': 42s of 1m10s, " in plain_line(progress(), label="peak")
    assert plain_line(progress(), label="a\x1b[2J\n").isprintable()


def target(**changes):
    usual = {
        "endpoint_name": "abalone-mme-staging",
        "region": "us-east-1",
        "url": "https://runtime.sagemaker.us-east-1.amazonaws.com",
        "url_source": "botocore",
        "credentials": SimpleNamespace(method="assume-role", current="never shown"),
    }
    return EndpointTarget(**(usual | changes))


def facts(account=None):
    return EndpointFacts(
        name="staging", endpoint_name="abalone-mme-staging", region="us-east-1", url="https://x", account=account
    )


def test_before_a_load_one_line_says_where_it_goes():
    """Endpoint, region, account, address and what set it, origin of the credentials, transport."""
    expected = (
        "smload: load on staging (abalone-mme-staging, us-east-1, account 111122223333), "
        "https://runtime.sagemaker.us-east-1.amazonaws.com resolved by botocore; "
        "credentials from assume-role; transport http"
    )
    assert expected == before_load_line(facts("111122223333"), target(), transport="http", transport_reason="default")


def test_a_second_line_says_what_hosts_the_endpoint():
    """And who asked; a name that would steer the terminal does not."""
    hosting = Hosting(
        status="InService",
        config_name="c\x1b[2J-1",
        variants=(Variant("blue", instance_type="ml.c5.large", instances=2),),
        multi_model=True,
    )

    line = hosting_line(facts(), hosting, "assumed-role/ci")
    assert line.startswith("smload: abalone-mme-staging is InService on 2 x ml.c5.large, multi-model, configuration c")
    assert line.endswith("; asked as assumed-role/ci")
    assert "\x1b" not in line


def test_an_override_of_the_address_is_named():
    """The variable that moved the address is part of the line, and so is the reason for another transport."""
    moved = target(url="https://vpce-1.example.com", url_source="AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME")
    expected = (
        "smload: load on staging (abalone-mme-staging, us-east-1), https://vpce-1.example.com set by "
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME; credentials from assume-role; transport boto3 (a proxy is set)"
    )
    line = before_load_line(facts(), moved, transport="boto3", transport_reason="a proxy is set")
    assert expected == line


def test_secrets_in_an_address_are_not_shown():
    """User name, password and query of a URL stay out of the line."""
    line = before_load_line(facts(), target(url="https://me:hunter2@host:8443/a?token=t0p"), transport="http")
    assert " https://host:8443 resolved" in line
    assert "hunter2" not in line
    assert "t0p" not in line
