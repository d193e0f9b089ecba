"""Several loads in one test: a normal day, an overload that is only measured, and the recovery after it."""

import pytest


@pytest.mark.perf(tps=50, duration="1500ms", warmup="1s")
@pytest.mark.perf_budget(p95="1200ms", error_rate="1%")
def test_endpoint_recovers_from_overload(sm_endpoint, load_profile):
    before = sm_endpoint.load(load_profile, label="before")

    # Twice what the endpoint can do. budget=None: this load is measured, and cannot fail the test by itself.
    overload = sm_endpoint.load(load_profile.replace(tps=300, warmup="0s"), label="overload", budget=None)
    assert overload.errors.get("ServiceUnavailable", 0) > 0  # it sheds load ...
    assert overload.p95_ms < 5000  # ... so that what it accepts is answered soon

    after = sm_endpoint.load(load_profile, label="after")  # the marks' budget again
    assert after.p50_ms < 3 * before.p50_ms
