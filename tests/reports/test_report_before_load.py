"""What is said before a load runs."""

from __future__ import annotations

from types import SimpleNamespace

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.core.hosting.hosting import Hosting, Variant
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.reports.text.before_load import before_load_line, hosting_line


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
