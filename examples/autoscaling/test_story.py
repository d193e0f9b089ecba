"""One instance is loaded until it breaks, then scaling is let go: a second one arrives, and latency falls."""

import pytest

from pytest_smload import Stage

STEPS = (20, 40, 60, 80, 100)
TARGET_MS = 200


@pytest.mark.perf(tps=STEPS[0], warmup="1s")
def test_what_one_instance_carries_and_two_do_better(sm_endpoint, load_profile):
    steps = load_profile.replace(stages=[Stage("2s", tps=tps, name=f"{tps} TPS") for tps in STEPS])
    with sm_endpoint.pinned(instances=1):
        found = sm_endpoint.load(steps, label="steps on one instance", budget=None)
    kept = [tps for tps in STEPS if found.stages[f"{tps} TPS"].p95_ms <= TARGET_MS]
    knee = max(kept)
    assert knee < STEPS[-1]

    too_much = load_profile.replace(tps=1.6 * knee, duration="10s")
    with sm_endpoint.autoscaled(min=1, max=2, invocations_per_instance=60 * knee * 0.7):
        scaled = sm_endpoint.load(too_much, label="autoscaled", budget={"scaled_to": 2, "scale_out_within": "10s"})
    before, *_, after = scaled.scaling.phases
    assert after.p95_ms < before.p95_ms
