"""Where a locustfile's requests go, and what its load takes from the settings."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from pytest_smload.conduct.endpoints import EndpointPool
from pytest_smload.conduct.own_users import environ_of
from pytest_smload.settings.resolve import choose_endpoint, resolve_load, with_endpoint_defaults
from pytest_smload.settings.sources import read_overrides
from pytest_smload.settings.tables import EndpointSettings, embedded_endpoint

NOTHING = read_overrides({}, {})
OWN = [("the mark", {"locustfile": "locustfile.py", "users": 3})]


def test_no_endpoint_is_needed() -> None:
    """Its classes have hosts of their own: nothing is asked of AWS, and nothing of an endpoint told to the file."""
    settings = choose_endpoint(overrides=NOTHING, marks=OWN, file=None)
    pool = EndpointPool()
    assert settings.unhosted
    assert pool.preflight(settings) is None
    assert {} == environ_of(settings, pool.target(settings))


def test_the_endpoints_own_traffic_is_none_of_its() -> None:
    """Models and payload of the endpoint's table are for loads whose requests are ours."""
    traffic = MappingProxyType({"models": {"a": 1}, "payload": "rows.csv", "content_type": "text/csv"})
    endpoint = EndpointSettings(name="staging", endpoint_name="e", source="[endpoints.staging]", traffic=traffic)
    profile = resolve_load(overrides=NOTHING, marks=OWN, file=None, endpoint=endpoint).profile
    assert (None, None) == (profile.models, profile.payload)
    assert profile is with_endpoint_defaults(profile, endpoint)


@pytest.mark.parametrize("option", ["tps"])
def test_an_option_that_does_not_fit_is_named(option: str) -> None:
    """Whoever gave it."""
    from pytest_smload.errors import ConfigurationError

    overrides = read_overrides({option: "40"}, {})
    with pytest.raises(ConfigurationError, match=f"--smload-{option}: {option}: a load with a locustfile takes none"):
        resolve_load(overrides=overrides, marks=OWN, file=None, endpoint=embedded_endpoint())
