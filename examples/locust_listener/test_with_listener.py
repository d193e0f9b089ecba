"""A load that Locust's listeners hear: conftest.py beside this file attaches one."""

import csv
from pathlib import Path

import pytest


@pytest.mark.perf(tps=40, duration="1s", warmup="500ms")
@pytest.mark.perf_budget(p90="1200ms")
def test_every_request_is_heard(load_result):
    with Path("smload-report", "requests.csv").open(newline="") as file:
        requests = list(csv.DictReader(file))
    assert len(requests) == load_result.warmup.sent + load_result.sent
    assert {request["model"] for request in requests} == {"xgboost-0.tar.gz", "xgboost-1.tar.gz"}
