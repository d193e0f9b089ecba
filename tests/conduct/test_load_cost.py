"""What a load's requests cost, and when that is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from finished import result
from test_find_capacity import request

from pytest_smload.conduct.allowance import Safeguards
from pytest_smload.conduct.load_cost import check_prices, needs_prices, with_cost
from pytest_smload.core.hosting.hosting import Hosting, Variant
from pytest_smload.core.safety.cost import LoadCost, Prices
from pytest_smload.errors import ConfigurationError
from pytest_smload.reports.json_report import load_record
from pytest_smload.reports.words.cells import metric_words, observed_text
from pytest_smload.reports.words.details import cost_lines

HOSTING = Hosting(
    status="InService", config_name="c", variants=(Variant("blue", instance_type="ml.c5.large", instances=2),)
)
PRICED = Safeguards(prices=Prices(instance_hour={"ml.c5.large": 0.9}, source="smload.toml [prices]"))
LIMITED = replace(request(budget={"cost_per_million": 100}).load, safeguards=PRICED)


def test_cost_at_the_measured_rate() -> None:
    """1.80 dollars an hour over what half a request a second makes of an hour; told, written, and judged."""
    found = with_cost(result(), LIMITED, HOSTING)

    assert found.cost == LoadCost(1.8, pytest.approx(1.8 / (found.tps * 3600) * 1e6))
    check = found.checks[-1]
    assert ("cost_per_million", "fail", "<= $100") == (check.metric, check.outcome, check.limit)
    assert "cost per million requests" == metric_words(check)
    assert observed_text(check).startswith("$")
    assert cost_lines(found)[0].endswith("per million requests, $1.8 an hour")
    assert {"hourly_usd", "usd_per_million"} == set(load_record(found)["cost"])


def test_without_a_price_nothing_is_said() -> None:
    """No price is guessed; and without prices and limits nobody is asked what hosts the endpoint."""
    free = request().load

    assert with_cost(result(), free, HOSTING).cost is None
    assert with_cost(result(), LIMITED, None).cost is None
    assert not needs_prices(free)
    assert needs_prices(LIMITED)
    assert needs_prices(replace(free, safeguards=PRICED))
    check_prices(free, None)


@pytest.mark.parametrize(
    ("hosting", "why"),
    [
        (None, "what hosts the endpoint is not known"),
        (
            replace(HOSTING, variants=(Variant("blue", instance_type="ml.g5.xlarge", instances=1),)),
            'there is no price of ml.g5.xlarge; add "ml.g5.xlarge" = USD per hour to smload.toml',
        ),
    ],
)
def test_a_limit_that_cannot_be_held_is_refused(hosting: Hosting | None, why: str) -> None:
    """In one line, before anything is sent."""
    with pytest.raises(ConfigurationError, match=r"the mark: cost_per_million <= \$100 cannot be held: ") as refused:
        check_prices(LIMITED, hosting)

    assert why in str(refused.value)


def test_a_price_of_nothing_holds_no_limit() -> None:
    """Whatever the load, it would pass."""
    free = replace(LIMITED, safeguards=Safeguards(prices=Prices(instance_hour={"ml.c5.large": 0.0})))

    with pytest.raises(ConfigurationError, match=r"the instances cost nothing by \[prices\]"):
        check_prices(free, HOSTING)
