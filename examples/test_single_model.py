"""A single-model endpoint that classifies text sent as JSON; its load is the profile "smoke" of smload.toml."""

import json

import pytest


@pytest.mark.perf(endpoint="text", profile="smoke")
@pytest.mark.perf_budget(p50="1s", p95="1200ms", requests=20)
def test_classification_speed():
    """Marks alone are a complete test. The limit of smload.toml on p95, 1500 ms, replaces the mark's."""


@pytest.mark.perf(endpoint="text", users=12, duration="3s", warmup="0s")
def test_answers_are_right_before_they_are_fast(sm_endpoint, load_profile):
    """One request outside any load shows what is answered; a load only counts and times."""
    answer = sm_endpoint.invoke('{"inputs": "I would buy it again."}')
    assert answer.content_type == "application/json"
    assert set(json.loads(answer.body)[0]) == {"label", "score"}

    result = sm_endpoint.load(load_profile)
    assert result.error_rate == 0
