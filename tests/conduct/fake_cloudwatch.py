"""A control plane of one endpoint in memory, and a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.core.hosting.hosting import Hosting, Variant

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
    """Answers GetMetricData.

    Attributes:
        figures: By metric name and statistic, the value of each period from the window's begin on, at the moment asked
            for: a function of the clock's seconds.
        refusal: Code to refuse it with, and whether that is a denial; None where it is answered.
        questions: What it was asked for, a set of (metric, statistic, period) per call.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.target = FakeTarget()
        self.clock = clock
        self.figures: dict[tuple[str, str], Callable[[float], list[float | None]]] = {}
        self.refusal: tuple[str, bool] | None = None
        self.questions: list[set[tuple[str, str, int]]] = []

    def put(self, metric: str, **statistics: list[float | None] | Callable[[float], list[float | None]]) -> None:
        for statistic, values in statistics.items():
            self.figures[metric, statistic] = values if callable(values) else lambda _now, values=values: values

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        assert (service, operation) == ("cloudwatch", "GetMetricData")
        if self.refusal is not None:
            code, denied = self.refusal
            how = "is not allowed" if denied else "failed"
            action = "cloudwatch:GetMetricData"
            raise ControlPlaneError(f"{action} {how}: {code}", action=action, code=code, denied=denied)
        queries = arguments["MetricDataQueries"]
        stats = [query["MetricStat"] for query in queries]
        self.questions.append({(each["Metric"]["MetricName"], each["Stat"], each["Period"]) for each in stats})
        yield {"MetricDataResults": [self._result(query, arguments["StartTime"].timestamp()) for query in queries]}

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


class FakePreflight:
    """What is known of the endpoint: two ml.m5.large, publishing by the minute, unless *facts* say otherwise."""

    def __init__(self, plane: FakePlane, **facts: Any) -> None:
        self.plane = plane
        self.notes: list[str] = []
        self.hosting: Hosting | None = Hosting(status="InService", config_name="abalone-3", **facts)
        if "variants" not in facts:
            self.serve(Variant("AllTraffic", "ml.m5.large", 2, 2, 1.0))

    def serve(self, *variants: Variant) -> None:
        assert self.hosting is not None
        self.hosting = replace(self.hosting, variants=variants)
