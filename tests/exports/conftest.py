"""What the files of exports are made of."""

from __future__ import annotations

import pytest
from recorded_loads import Loads


@pytest.fixture(scope="session")
def loads() -> Loads:
    """What makes recorded loads."""
    return Loads()
