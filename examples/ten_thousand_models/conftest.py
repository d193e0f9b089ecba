"""Keeps what each request of this folder's loads took: the API does not tell whether a model was in memory."""

import pytest

LATENCIES_MS = []


def pytest_smload_environment(environment):
    LATENCIES_MS.clear()
    environment.events.request.add_listener(lambda response_time, **_: LATENCIES_MS.append(response_time))


@pytest.fixture
def latencies_ms():
    """Of every request of the last load, warm-up included."""
    return LATENCIES_MS
