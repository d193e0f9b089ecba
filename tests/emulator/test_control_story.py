"""Whole stories on one URL: metrics against the log under load, and an endpoint that scales itself."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

USERS = 8
CONFIG = Config(retries={"total_max_attempts": 1, "mode": "standard"}, proxies={}, max_pool_connections=USERS)
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/abalone/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
FAULTY = """
endpoint = "abalone"
workers = 2
queue_limit = 1
latency = { uniform = ["1ms", "20ms"] }
[variants]
blue = 3
green = 1
[hosting]
metrics_period = "1s"
[[faults]]
kind = "ModelError"
rate = 0.1
[[faults]]
kind = "ModelError"
original_status = 400
rate = 0.05
[[faults]]
kind = "ThrottlingException"
rate = 0.05
[[faults]]
kind = "reset"
rate = 0.02
"""


def sums(cloudwatch: Any, variant: str, begun: datetime, *names: tuple[str, str]) -> dict[str, list[float]]:
    """Return values of metrics of a variant since *begun*, by the minute, newest first."""
    dimensions = [{"Name": "EndpointName", "Value": "abalone"}, {"Name": "VariantName", "Value": variant}]
    queries = [
        {
            "Id": f"m{at}",
            "Label": f"{name} {statistic}",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions},
                "Period": 60,
                "Stat": statistic,
            },
        }
        for at, (name, statistic) in enumerate(names)
    ]
    found = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=begun, EndTime=datetime.now(UTC) + timedelta(minutes=1)
    )
    return {result["Label"]: result["Values"] for result in found["MetricDataResults"]}


def test_metrics_equal_the_log_under_load(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """Counts of each kind, of each variant, are those of the log; so is the sum of all model times."""
    emulator = start_emulator(FAULTY)
    client = boto3_client(emulator, config=CONFIG)
    begun = datetime.now(UTC)

    def invoke(_: int) -> None:
        try:
            client.invoke_endpoint(EndpointName="abalone", Body=b"1")
        except (ClientError, BotoCoreError):
            return

    with ThreadPoolExecutor(USERS) as users:
        list(users.map(invoke, range(600)))
    time.sleep(1.2)
    log = emulator.log()
    cloudwatch = boto3_client(emulator, service="cloudwatch")
    for number, (variant, _, _) in enumerate(log.destinations, 1):
        rows = [row for row, destination in enumerate(log.destination) if destination == number]
        kinds = Counter(log.kind[row] for row in rows)
        found = sums(
            cloudwatch,
            variant,
            begun,
            ("Invocations", "Sum"),
            ("Invocation4XXErrors", "Sum"),
            ("Invocation5XXErrors", "Sum"),
            ("InvocationModelErrors", "Sum"),
            ("ModelLatency", "Sum"),
            ("ModelLatency", "SampleCount"),
        )
        totals = {label: sum(values) for label, values in found.items()}
        errors = totals["Invocation4XXErrors Sum"] + totals["Invocation5XXErrors Sum"]

        assert {"ok", "ModelError", "ServiceUnavailable"} <= set(kinds)
        assert totals["Invocations Sum"] == len(rows)
        assert errors == kinds["ModelError"] + kinds["ServiceUnavailable"]
        assert totals["Invocation4XXErrors Sum"] > 0
        assert totals["InvocationModelErrors Sum"] == errors + kinds["Connection"]
        times_s = [log.model_time_s[row] for row in rows if log.model_time_s[row]]
        assert totals["ModelLatency Sum"] == pytest.approx(sum(times_s) * 1e6)
        assert totals["ModelLatency SampleCount"] == kinds["ok"] + kinds["ModelError"] == len(times_s)
    throttled = log.destination.count(0)
    assert throttled == log.kinds["ThrottlingException"] > 0


def test_an_overloaded_endpoint_scales_out(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """One instance is too few; target tracking adds one, which takes its share, and latency falls."""
    emulator = start_emulator(
        'endpoint = "abalone"\nworkers = 1\nlatency = "20ms"\n'
        '[hosting]\nstart_up = "300ms"\n[autoscaling]\nspeed = 60\n'
    )
    client = boto3_client(emulator, config=CONFIG)
    scaling = boto3_client(emulator, service="application-autoscaling")
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(
        **TARGET,
        PolicyName="p",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 120.0, "PredefinedMetricSpecification": metric},
    )
    over = threading.Event()

    def user() -> None:
        while not over.is_set():
            client.invoke_endpoint(EndpointName="abalone", Body=b"1")

    users = [threading.Thread(target=user) for _ in range(4)]
    for one in users:
        one.start()
    ended: list[dict[str, Any]] = []
    for _ in range(200):
        found = scaling.describe_scaling_activities(**TARGET)["ScalingActivities"]
        ended = [activity for activity in found if activity["StatusCode"] == "Successful"]
        if ended:
            break
        time.sleep(0.1)
    time.sleep(1.0)
    over.set()
    for one in users:
        one.join()
    log = emulator.log()
    (activity,) = ended
    span_s = (activity["EndTime"] - activity["StartTime"]).total_seconds()
    joined_s = time.monotonic() - (datetime.now(UTC) - activity["EndTime"]).total_seconds()
    times_ms = [(at_s, (end_s - at_s) * 1000) for at_s, end_s in zip(log.received_s, log.answered_s, strict=True)]
    before, after = (
        median(time_ms for at_s, time_ms in times_ms if fits(at_s))
        for fits in (lambda at_s: at_s < joined_s - 0.5, lambda at_s: at_s > joined_s + 0.3)
    )

    assert activity["Description"] == "Setting desired instance count to 2."
    assert "AlarmHigh" in activity["Cause"]
    assert span_s >= 0.3
    assert after < 0.75 * before
