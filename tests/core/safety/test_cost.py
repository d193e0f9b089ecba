"""What a load costs, and when that cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_smload.core.hosting.hosting import Hosting, Serverless, Variant
from pytest_smload.core.safety.cost import Prices, hourly_cost, usd

PRICES = Prices(instance_hour={"ml.c5.large": 0.1, "ml.g5.xlarge": 1.0}, data_gb=0.016, source="smload.toml [prices]")
BLUE = Variant("blue", instance_type="ml.c5.large", instances=3)


def hosted(*variants: Variant) -> Hosting:
    return Hosting(status="InService", config_name="c", variants=variants)


def test_instances_of_all_variants() -> None:
    """Shadow variants run as well."""
    shadow = Variant("shadow", instance_type="ml.g5.xlarge", instances=2, shadow=True)

    cost, unknown = hourly_cost(hosted(BLUE, shadow), PRICES)

    assert (pytest.approx(2.3), "") == (cost, unknown)


def test_cost_of_a_load() -> None:
    """Instance hours and data."""
    assert pytest.approx(0.5 + 0.032) == PRICES.of(hourly_usd=1.0, seconds=1800, data_bytes=2 * 2**30)


@pytest.mark.parametrize(
    ("hosting", "why"),
    [
        (None, "sagemaker:DescribeEndpoint must be allowed"),
        (hosted(), "sagemaker:DescribeEndpointConfig must be allowed"),
        (hosted(replace(BLUE, instance_type=None)), "sagemaker:DescribeEndpointConfig must be allowed"),
        (
            hosted(replace(BLUE, instance_type="ml.m5.large")),
            'add "ml.m5.large" = USD per hour to smload.toml [prices]',
        ),
        (hosted(replace(BLUE, serverless=Serverless(2048, 5))), "the endpoint is serverless"),
    ],
)
def test_cost_that_cannot_be_told(hosting: Hosting | None, why: str) -> None:
    """It is said what is missing; nothing counts as free because it is not known."""
    cost, unknown = hourly_cost(hosting, PRICES)

    assert 0 == cost
    assert why in unknown


def test_amounts_for_people() -> None:
    """Cents of a small load are told."""
    assert ["$0.00123", "$12.35", "$0"] == [usd(amount) for amount in (0.001234, 12.3456, 0)]
