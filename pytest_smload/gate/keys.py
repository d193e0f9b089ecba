"""Where the plugin keeps its things on pytest's objects; importing this costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pytest_smload.gate.gate import Gate
    from pytest_smload.gate.marks import PerfTest
    from pytest_smload.gate.perf_run import PerfRun
    from pytest_smload.gate.results import ResultKeeper

OPTED_IN: Final[pytest.StashKey[bool]] = pytest.StashKey()
"""Config: whether this run asked for load."""
COLLECTED: Final[pytest.StashKey[list[pytest.Item]]] = pytest.StashKey()
"""Config: everything collected, before any deselection; opted-in runs only."""
GATE: Final[pytest.StashKey[Gate]] = pytest.StashKey()
"""Config: the gate, from the end of collection on, where perf tests were selected."""
KEEPER: Final[pytest.StashKey[ResultKeeper]] = pytest.StashKey()
"""Config: who gathers the records, in opted-in runs."""
PERF_TEST: Final[pytest.StashKey[PerfTest]] = pytest.StashKey()
"""Item: what the marks of a test of ours ask for."""
SAID: Final[pytest.StashKey[dict[str, str]]] = pytest.StashKey()
"""Config: node id of the first test that failed with an error of ours, by the error's text."""
PERF_RUN: Final[pytest.StashKey[PerfRun]] = pytest.StashKey()
"""Item: the current attempt."""
IN_BODY: Final[pytest.StashKey[bool]] = pytest.StashKey()
"""Item: whether its body is running."""

RESULT: Final = "smload"
"""Attribute of a test report that holds the test's result."""
TOLD: Final = "smload_told"
"""Attribute of a report of ours whose text shows the checks of the loads."""
FAILURE: Final = "smload_failure"
"""Attribute of a failed report of ours whose result does not say why it failed: the failure in one line."""
LEFT: Final = "smload_left"
"""Key of `pytest_smload.gate.exports.Left` in what an xdist worker sends when it is done."""
BASELINE: Final = "smload_baseline"
"""Attribute of the report of a test whose loads were to be recorded as baselines: what came of it, in one line."""
STALE: Final = "smload_stale"
"""Attribute of a report of ours that tells, a line each, of baselines whose test or load no longer exists."""
INVALID_PHASE: Final = "measurement"
"""``when`` of a report that is an error because its measurement cannot be trusted: neither body nor set-up failed, and
no ``xfail`` may excuse it. Anything but ``"call"`` makes terminal and JUnit count it as an error."""
ERROR_PHASE: Final = "load"
"""The same for a test whose load could not be sent as described, or that ran none."""
