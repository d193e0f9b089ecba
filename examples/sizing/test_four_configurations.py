"""One model hosted in four ways: each carries what it is rated for; which does a million requests for the least?"""

import pytest

from pytest_smload import compare_capacities

RATED_TPS = {"c5-large": 125, "c5-xlarge": 330, "c5-2xlarge": 460, "g4dn-xlarge": 425}
ON_EACH = [pytest.param(name, marks=pytest.mark.perf(endpoint=name, tps=tps)) for name, tps in RATED_TPS.items()]
FOUND = {}


@pytest.mark.perf(duration="500ms", max_duration="1s", warmup="100ms", arrivals="uniform", pinned=1)
@pytest.mark.perf_budget(p95="120ms", error_rate="5%")
@pytest.mark.parametrize("name", ON_EACH)
def test_what_it_is_rated_for(name, sm_endpoint, load_profile):
    # Without max_tps the search goes on to the knee.
    FOUND[name] = sm_endpoint.capacity(load_profile, max_tps=RATED_TPS[name], label=name)
    if FOUND.keys() == RATED_TPS.keys():
        compared = compare_capacities(FOUND.values())  # the table is in report.md, too
        for row in compared.rows:
            print(f"{row.name}: {row.tps:g} TPS, ${row.usd_per_million:.3f} per million, x p95 {row.price_latency:.4f}")
        assert compared.cheapest == "c5-xlarge"
