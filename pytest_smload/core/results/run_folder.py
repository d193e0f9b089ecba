"""Names the folder under which a run's reports are kept beside those of others: test, endpoint, region, time."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smload.core.request.endpoint import EndpointFacts
    from pytest_smload.core.results.result import RunResult

_LONGEST: Final = 150
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


def run_folder(run: RunResult, run_id: str) -> str:
    """Return four parts joined by slashes: ``tests-perf-test_abalone.py/abalone/us-east-1/20260102T030405Z-1f2e3d``.

    The first is what the ids of its tests have in common, up to a ``/`` or ``::``; endpoints and regions are joined by
    ``+`` where there are several.

    Args:
        run: The run; without a load its endpoint and region are ``none``.
        run_id: Tells it from another that began in the same second.
    """
    endpoints = [load.endpoint for test in run.tests for load in test.loads]
    endpoints += [capacity.endpoint for test in run.tests for capacity in test.capacities]
    time = re.sub(r"[-:]|\+00:00$|\.\d+", "", run.started_at)
    parts = [
        _common([test.nodeid for test in run.tests] + [failure.nodeid for failure in run.failures]),
        _joined(each.endpoint_name or each.name for each in endpoints),
        _joined(_region(each) for each in endpoints),
        f"{time}Z-{run_id}",
    ]
    return "/".join(_safe(part) for part in parts)


def _region(endpoint: EndpointFacts) -> str:
    return endpoint.region or "none"


def _common(nodeids: list[str]) -> str:
    """What *nodeids* have in common of their parts."""
    split = [re.split(r"/|::", nodeid) for nodeid in nodeids]
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*split, strict=False))]
    return "-".join(shared) or "tests"


def _joined(names: Iterable[str]) -> str:
    return "+".join(sorted({_safe(name) for name in names})) or "none"


def _safe(text: str) -> str:
    """*text* as a part of a path that is no path: without slashes, and neither ``.`` nor ``..``."""
    safe = "+".join(_UNSAFE.sub("-", part).strip(".-") for part in text.split("+"))
    return safe[:_LONGEST] or "none"
