"""The values of the fixtures, and how their errors look."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smload.errors import SmloadError
from pytest_smload.gate.keys import GATE, PERF_RUN
from pytest_smload.gate.sm_endpoint import SmEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.gate.perf_run import PerfRun


def profile_of(request: pytest.FixtureRequest) -> LoadProfile:
    """Return the value of ``load_profile``."""
    with _one_line():
        run: PerfRun = request.node.stash[PERF_RUN]
        return run.load_profile()


def endpoint_of(request: pytest.FixtureRequest) -> SmEndpoint:
    """Return the value of ``sm_endpoint``."""
    with _one_line():
        return SmEndpoint(request.config.stash[GATE], request.node.stash[PERF_RUN])


def result_of(endpoint: SmEndpoint, profile: LoadProfile) -> LoadResult:
    """Return the value of ``load_result``."""
    with _one_line():
        return endpoint.load(profile)


@contextmanager
def _one_line() -> Iterator[None]:
    """Show our errors as their text alone: the traceback through our code says nothing a user can act on."""
    __tracebackhide__ = True
    try:
        yield
    except SmloadError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
