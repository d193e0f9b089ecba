"""What is said of a run that was to be recorded and is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smload.gate import baseline_updates
from pytest_smload.gate.baseline_updates import update_baselines

DISTURBED = "the client's own delays may have worsened p95 by up to 5.9%"
TELLS_OF_THE_OPTION = "it regressed: p95 +90 %; to record it all the same, add --smload-accept-regression"


@pytest.mark.parametrize(("accepting", "said"), [(False, TELLS_OF_THE_OPTION), (True, DISTURBED)])
def test_an_option_that_is_given_is_not_advised(monkeypatch: pytest.MonkeyPatch, accepting: bool, said: str) -> None:
    """Where an accepted regression is not recorded for another reason, that reason is told."""
    monkeypatch.setattr(baseline_updates, "change_words", lambda comparison: comparison)
    result = SimpleNamespace(
        baseline=SimpleNamespace(regressed=["p95 +90 %"], run=None),
        notes=[f"not recorded as a baseline: {DISTURBED}"],
    )
    run: Any = SimpleNamespace(nodeid="test_it", verdict="fail", results=[result], accepting=accepting)

    assert f"baseline not recorded: test_it: {said}" == update_baselines(run, when="call", outcome="failed")
