"""Chromium for the tests of pages: one for all of a module's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BINARIES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 60_000
"""A machine may be busy; what takes as long is not going to happen."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without it, or without Playwright, these tests say so and are skipped."""
    tool = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    if binary is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with tool.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found
        found.close()
