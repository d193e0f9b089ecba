"""Pages in a real browser, which must stay quiet and ask for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chromium import PATIENCE_MS, browser

from pytest_smload.reports.html.page import run_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from pytest_smload.core.results.result import RunResult

__all__ = ["browser"]

Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[], RunResult]], Path]:
    """Write the page of a kind of run, once."""
    folder, found = tmp_path_factory.mktemp("pages"), {}

    def write(kind: Callable[[], RunResult]) -> Path:
        if kind not in found:
            found[kind] = folder / f"{len(found)}.html"
            found[kind].write_text(run_html(kind()), encoding="utf-8", errors="backslashreplace")
        return found[kind]

    return write


@pytest.fixture
def opened(browser: Browser, written: Callable[[Callable[[], RunResult]], Path]) -> Iterator[Open]:
    """Open the page of a kind of run; at the end, nothing was asked of anybody and nothing complained of."""
    asked: list[str] = []
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_(kind: Callable[[], RunResult], *, before: str = "", **options: Any) -> Page:
            context = stack.enter_context(browser.new_context(viewport={"width": 1280, "height": 900}, **options))
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            if before:
                page.add_init_script(before)
            page.goto(written(kind).as_uri())
            return page

        yield open_
    assert [] == complaints
    # Its icon and the download it makes itself never leave it.
    assert [] == [url for url in asked if not url.startswith(("file://", "data:,", "blob:"))]
    assert len(set(asked) - {"data:,"}) <= 2
