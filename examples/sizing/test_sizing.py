"""One instance holds about 200 requests a second and then fails; sizing says five for 1,000, and five hold them.

AWS's best practices for load tests in short: find what one instance holds, multiply, and load as many as that says.
"""

import pytest

WANTED_TPS = 1000


@pytest.mark.perf(tps=200, duration="700ms", max_duration="1400ms", warmup="200ms", arrivals="uniform")
@pytest.mark.perf_budget(p95="200ms", error_rate="2%")
def test_instances_for_1000(sm_endpoint, load_profile):
    with sm_endpoint.pinned(instances=1):
        one = sm_endpoint.capacity(load_profile, at_least=150, within="30s", label="one instance")
    too_much = max(one.levels, key=lambda level: level.offered_tps)
    assert too_much.errors.get("ServiceUnavailable")

    instances = one.instances_for(WANTED_TPS, headroom=0)  # five; six with the 30 % of headroom that it has by itself
    assert instances < one.instances_for(WANTED_TPS)
    assert one.cost_per_million() < 1  # US dollars, by [prices]
    assert one.autoscaling_target(safety=0.5) == one.tps * 0.5 * 60  # for SageMakerVariantInvocationsPerInstance
    with sm_endpoint.pinned(instances=instances):
        sm_endpoint.load(
            load_profile.replace(tps=WANTED_TPS, duration="2s", max_duration=None), label=f"{instances} instances"
        )
