"""One instance holds about 200 requests a second and then fails; sizing says how many hold 1,000, and they do."""

import pytest

WANTED_TPS = 1000


@pytest.mark.perf(tps=130, duration="3s", max_duration="3s", warmup="500ms", arrivals="uniform")
@pytest.mark.perf_budget(p95="250ms", error_rate="2%")
def test_instances_for_1000(sm_endpoint, load_profile):
    with sm_endpoint.pinned(instances=1):
        one = sm_endpoint.capacity(load_profile, at_least=130, within="60s", label="one instance")
    too_much = max(one.levels, key=lambda level: level.offered_tps)
    assert too_much.errors.get("ServiceUnavailable")

    instances = one.instances_for(WANTED_TPS, headroom=0.1)
    assert one.cost_per_million() < 1  # US dollars, by [prices]
    assert one.autoscaling_target(safety=0.5) == one.tps * 0.5 * 60  # for SageMakerVariantInvocationsPerInstance
    with sm_endpoint.pinned(instances=instances):
        sm_endpoint.load(load_profile.replace(tps=WANTED_TPS), label=f"{instances} instances")
