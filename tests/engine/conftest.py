"""Fixtures of the engine's tests."""

from __future__ import annotations

import pytest
from fakes import FakeTransport


@pytest.fixture
def transport() -> FakeTransport:
    """A transport that answers in 2 ms."""
    return FakeTransport()
