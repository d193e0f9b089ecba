"""Decides what a reader of a failed test should do next, and the command to type for it."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.reports.words.headline import is_closed

if TYPE_CHECKING:
    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.results.result import LoadResult, TestResult

REPORT_FOLDER = "smload-report"
_LOG_GROUP = re.compile(r"log-group:([\w./#-]+)")
_THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException")


def rerun_command(nodeid: str, options: Sequence[str] = ()) -> str:
    """Return the shell command that runs one perf test again, with the run's own *options*."""
    return shlex.join(["pytest", "-m", "perf", nodeid, *options])


def next_steps(test: TestResult, report_dir: str | None = None, options: Sequence[str] = ()) -> list[str]:
    """Return advice on a failed test, a sentence a line, commands indented below theirs.

    Args:
        test: The test.
        report_dir: The folder ``report.json`` goes to in this run, or None where no report was asked for.
        options: This run's ``--smload-…`` arguments: without them the command would run another load.
    """
    loads = [load for load in test.loads if any(check.outcome == "fail" for check in load.checks)]
    lines = list(dict.fromkeys(line for load in loads for line in _advice(load)))
    smaller = _smaller_tps(loads[0]) if len(test.loads) == 1 and loads else None
    again = rerun_command(test.nodeid, options)
    if smaller is not None:
        lines += ["at a rate it may keep up with:", f"  {again} --smload-tps {smaller}"]
    elif report_dir is None:
        by_route = {f" and {kind} by {kind}" for load in test.loads if (kind := load.route_kind) is not None}
        lines += [f"for the whole record, second by second{by_route.pop() if len(by_route) == 1 else ''}:"]
        lines += [f"  {again} --smload-report {REPORT_FOLDER}"]
    else:
        lines += [f"the whole record is in {report_dir}/report.json; to run it again:", f"  {again}"]
    return lines


def _advice(load: LoadResult) -> Iterator[str]:
    errors = load.errors
    endpoint, profile = load.endpoint, load.profile
    if load.unsent:
        yield "lower tps, or scale the endpoint (instances, workers, autoscaling)"
    elif is_closed(profile) and _failed(load, "tps") and (ceiling := _closed_ceiling(load)) is not None:
        yield ceiling
    if errors.get("ModelError"):
        if _is_local(endpoint):
            yield "ModelError comes from the container: see the scenario's faults, or the log of what listens there"
        else:
            yield "ModelError comes from the container; its log says why:"
            yield f"  aws logs tail {_log_group(load)} --region {endpoint.region} --since {_since(load)}"
    if errors.get("ModelNotReadyException"):
        yield "ModelNotReadyException: models were still loading; warm up longer, or give the models more memory"
    if any(errors.get(kind) for kind in _THROTTLED):
        yield "throttled: lower the load, or raise the account's SageMaker Runtime quota in this region"
    if errors.get("Timeout"):
        yield f"Timeout: no answer within {profile.get('timeout', '70s')}; the profile's timeout sets that limit"


def _closed_ceiling(load: LoadResult) -> str | None:
    users, mean_ms = load.profile.get("users"), load.mean_ms
    if not users or not math.isfinite(mean_ms) or mean_ms <= 0 or load.profile.get("wait"):
        return None
    ceiling = f"{users} users that wait {mean_ms:.3g} ms for each answer cannot exceed {users * 1000 / mean_ms:.3g} TPS"
    if load.profile.get("locustfile"):
        return f"{ceiling}, less what they wait in between: use more users, or a shorter wait_time"
    return f"{ceiling}: use more users, or ask for a rate with tps"


def _smaller_tps(load: LoadResult) -> int | None:
    """Return nine tenths of what the endpoint managed, where it fell behind a rate that the option can replace."""
    rate = load.profile.get("tps")
    managed = load.tps * 0.9
    if not load.unsent or not rate or load.label or not math.isfinite(managed) or managed < 1:
        return None
    return int(float(f"{managed:.2g}"))


def _failed(load: LoadResult, metric: str) -> bool:
    return any(check.metric == metric and check.outcome == "fail" for check in load.checks)


def _is_local(endpoint: EndpointFacts) -> bool:
    return is_loopback(urlsplit(endpoint.url).hostname or "")


def _log_group(load: LoadResult) -> str:
    named = _LOG_GROUP.search(str(load.examples.get("ModelError", "")))
    return named[1] if named else f"/aws/sagemaker/Endpoints/{load.endpoint.endpoint_name}"


def _since(load: LoadResult) -> str:
    # Still reaches the load's beginning when somebody reads this half an hour later; the AWS CLI takes one unit only.
    return f"{math.ceil(load.window_s / 60) + 30}m"
