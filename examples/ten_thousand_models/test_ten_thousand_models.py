"""Ten thousand models, popular by Zipf's law, on an instance whose memory holds a hundred: who is kept waiting?"""

from statistics import quantiles

import pytest

LOAD_MS = 300  # a model that has to be loaded takes longer, one that is in memory does not


@pytest.mark.perf(tps=150, duration="3s", warmup="2s", prime=False)
@pytest.mark.perf_budget(p95="2s", cold_p95="2s", errors={"ModelNotReadyException": 0})
def test_who_waits_for_memory(load_result, latencies_ms):
    cold = [latency for latency in latencies_ms if latency > LOAD_MS]
    warm = [latency for latency in latencies_ms if latency <= LOAD_MS]
    share = len(cold) / len(latencies_ms)
    cold_p95, warm_p95 = (quantiles(each, n=20)[-1] for each in (cold, warm))
    asked = load_result.cold.touched
    print(f"{asked:,} models asked; cold {share:.0%}, p95 {cold_p95:.0f} ms; warm p95 {warm_p95:.0f} ms")
    assert share < 0.8
    assert cold_p95 > 3 * warm_p95
