"""A control plane of one endpoint in memory, and a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from pytest_smload.aws.control_plane import ControlPlaneError

BEGIN = 1_790_000_040
"""hh:mm:00, when the load's window begins."""


class FakeClock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class FakeTarget:
    endpoint_name = "abalone"


class FakePlane:
    """Answers as SageMaker and CloudWatch do.

    Attributes:
        figures: By metric name and statistic, the value of each period from the window's begin on, at the moment asked
            for: a function of the clock's seconds.
        refusals: Code to refuse an action with, and whether it is a denial.
        questions: What GetMetricData was asked for, a set of (metric, statistic, period) per call.
    """

    def __init__(self, clock: FakeClock, *, config: dict[str, Any] | None = None) -> None:
        self.target = FakeTarget()
        self.calls: list[str] = []
        self.clock = clock
        self.config = config or {}
        self.variant = {"VariantName": "AllTraffic", "CurrentInstanceCount": 2, "CurrentWeight": 1.0}
        self.instance_type = "ml.m5.large"
        self.figures: dict[tuple[str, str], Callable[[float], list[float | None]]] = {}
        self.refusals: dict[str, tuple[str, bool]] = {}
        self.questions: list[set[tuple[str, str, int]]] = []
        self.closed = False

    def put(self, metric: str, **statistics: list[float | None] | Callable[[float], list[float | None]]) -> None:
        for statistic, values in statistics.items():
            self.figures[metric, statistic] = values if callable(values) else lambda _now, values=values: values

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        action = f"{service}:{operation}"
        self.calls.append(action)
        if action in self.refusals:
            code, denied = self.refusals[action]
            how = "is not allowed" if denied else "failed"
            raise ControlPlaneError(f"{action} {how}: {code}", action=action, code=code, denied=denied)
        if operation == "DescribeEndpoint":
            return {"EndpointConfigName": "abalone-3", "ProductionVariants": [self.variant]}
        if operation == "DescribeEndpointConfig":
            return {
                "ProductionVariants": [{"VariantName": "AllTraffic", "InstanceType": self.instance_type}],
                **self.config,
            }
        assert operation == "GetMetricData"
        queries = arguments["MetricDataQueries"]
        stats = [query["MetricStat"] for query in queries]
        self.questions.append({(each["Metric"]["MetricName"], each["Stat"], each["Period"]) for each in stats})
        return {"MetricDataResults": [self._result(query, arguments["StartTime"].timestamp()) for query in queries]}

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self.call(service, operation, **arguments)

    def close(self) -> None:
        self.closed = True

    def _result(self, query: dict[str, Any], start_s: float) -> dict[str, Any]:
        stat = query["MetricStat"]
        values_of = self.figures.get((stat["Metric"]["MetricName"], stat["Stat"]), lambda _now: [])
        points = [
            (BEGIN + place * stat["Period"], value)
            for place, value in enumerate(values_of(self.clock.now_s))
            if value is not None and BEGIN + place * stat["Period"] >= start_s
        ]
        return {
            "Id": query["Id"],
            "Timestamps": [datetime.fromtimestamp(begin_s, UTC) for begin_s, _ in points],
            "Values": [value for _, value in points],
            "StatusCode": "Complete",
        }
