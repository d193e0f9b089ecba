"""Names of scopes as a type: no model's name takes another scope's place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smload.core.measure.scope_name import EACH, TOTAL, ScopeName

ODD_NAMES = ["total", "stage a", "model a", "model total", "each model", "model ", "stage ", "", "a", "a b"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_text_is_read_back_as_the_same_scope(name: str) -> None:
    """Whatever a model or a stage is called."""
    for scope in (ScopeName("model", name), ScopeName("stage", name), TOTAL, EACH):
        assert scope == ScopeName.parse(str(scope))


@given(st.text(), st.text())
def test_no_two_scopes_share_a_text(one: str, other: str) -> None:
    """Texts are equal for equal scopes only."""
    scopes = [TOTAL, EACH, *(ScopeName(kind, name) for kind in ("model", "stage") for name in {one, other})]
    assert len(scopes) == len({str(scope) for scope in scopes})


def test_plain_names_stay_as_they_are() -> None:
    """A TargetModel reads as it is written in AWS."""
    assert "xgboost-0.tar.gz" == str(ScopeName("model", "xgboost-0.tar.gz"))
    assert "stage 1" == str(ScopeName("stage", "1"))
    assert "model total" == str(ScopeName("model", "total"))
