"""What CloudWatch said of a load: the part of its result that is the server's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

from pytest_smload.core.limits.check import Unit
from pytest_smload.core.server.variant import ServingVariant


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSeries:
    """One metric of one variant over a load's window, period by period.

    Attributes:
        name: What it is limited by (``model_latency_mean``); ``invocations`` and ``concurrent_requests_max`` are not.
        metric: CloudWatch's own name of it.
        variant: VariantName.
        unit: Of its values; those of counts are of the whole period.
        begin_s, end_s: When the first period begins and the last one ends, in seconds from the begin of the load's
            window.
        period_s: How long each is; of a long window the last may be shorter.
        values: Of each period; NaN where CloudWatch has no data of it.
    """

    name: str
    metric: str
    variant: str
    unit: Unit
    begin_s: float
    end_s: float
    period_s: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSide:
    """CloudWatch's figures of a load.

    Attributes:
        window_begin, window_end: The whole periods of the load's window they are of, ISO 8601 in UTC.
        period_s: How long these are.
        variants: Those that served it.
        sent: Requests the load began in that window; *counted*: its Invocations.
        at_edges: Requests under way when the window began or ended, which may be counted on either side.
        foreign: At least so many of them were not sent by this load.
        uncounted: At least so many of the model's answers CloudWatch had not counted at the end of the wait.
        sent_in_all, counted_in_all: The same of all the load's runs, warm-up and priming included, and of the whole
            periods that hold them: what others sent in the rest of these is counted too.
        waited_s: How long CloudWatch took to have counted.
        client_ms, model_ms, overhead_ms, rest_ms: Mean service time as the client saw it, ModelLatency,
            OverheadLatency, and what is left for network and client; NaN where a part is not known.
        agrees: Whether the server's time fits into the client's.
        figures: Value of each metric on the server's side that there was data of, by the name it is limited by.
        series: What there is over time of them, and of what else is shown so, per variant; percentiles, which are of
            the whole window, have none.
    """

    window_begin: str
    window_end: str
    period_s: int
    variants: tuple[ServingVariant, ...]
    sent: int
    counted: int
    sent_in_all: int
    counted_in_all: int
    at_edges: int = 0
    foreign: int = 0
    uncounted: int = 0
    waited_s: float = 0.0
    client_ms: float = nan
    model_ms: float = nan
    overhead_ms: float = nan
    rest_ms: float = nan
    agrees: bool = True
    figures: Mapping[str, float] = field(default_factory=dict)
    series: tuple[ServerSeries, ...] = ()
