"""A load that changes over time: each stage is reported, and a limit may name one."""

import pytest

from pytest_smload import Stage


@pytest.mark.perf(stages=[Stage("2s", tps=10, name="night"), Stage("2s", tps=60, name="noon")], warmup="0s")
@pytest.mark.perf_budget(p90="1200ms")
@pytest.mark.perf_budget(stage="noon", p95="1200ms", tps=25)
def test_noon(load_result):
    assert load_result.stages["noon"].tps > 1.5 * load_result.stages["night"].tps
