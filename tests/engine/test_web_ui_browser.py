"""Locust's web UI of a load in Chromium: what somebody who watches sees, and can do."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest
from chromium import PATIENCE_MS, browser

from pytest_smload.core.samples.ended import Ended
from pytest_smload.core.samples.progress import Progress
from pytest_smload.engine.web_ui.address import Address
from pytest_smload.engine.web_ui.process import WebUi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

__all__ = ["browser"]

HOST = "https://runtime.example"


@pytest.fixture
def ui() -> Iterator[WebUi]:
    served = WebUi(Address.parse("0", "--smload-ui"))
    yield served
    served.close()


@pytest.fixture
def page(browser: Browser, ui: WebUi) -> Iterator[Page]:
    """The page, opened before any load; at the end, it has complained of nothing."""
    complaints: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(ui.url)
        yield page
    # Browsers say on their own that something was refused, or that nobody answers.
    assert [] == [each for each in complaints if "Failed to load resource" not in each]


def told(elapsed_s: float, count: int) -> Progress:
    ended = Ended.of(
        took_ms=np.full(count, 10.0),
        kind=np.zeros(count, dtype="u1"),
        route=np.zeros(count, dtype="u2"),
        in_window=np.ones(count, dtype=bool),
        kinds=("ok",),
        messages={},
        names=["a.tar.gz"],
    )
    return Progress(elapsed_s, 60.0, "window", 7, None, 1.0, 1.0, 0, 1, ended=ended)


def counted(page: Page, requests: int) -> None:
    """Wait until the page has counted so many requests of the model."""
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="a.tar.gz", exact=True))
    row.get_by_role("cell").nth(2).filter(has_text=re.compile(f"^{requests}$")).wait_for()


def said(page: Page, text: str) -> None:
    """Wait until the line above Locust's page says *text*."""
    page.locator("#smload").get_by_text(text).wait_for()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_it_is_a_page_to_look_at(page: Page, ui: WebUi) -> None:
    """It asks for no load to be started; the first one appears by itself, and grows; nothing offers to change it."""
    said(page, "No load runs yet")
    assert not button(page, "Start").count()
    with ui.showing(HOST, "test_it.py::test_load"):
        ui.hear(told(1.0, 100))
        said(page, "test_it.py::test_load")
        counted(page, 100)
        ui.hear(told(2.0, 50))
        counted(page, 150)
        button(page, "Stop").wait_for()
        assert [False] * 3 == [button(page, name).is_visible() for name in ("Edit", "New", "Reset")]
        asked = "(path) => fetch(path, {method: 'POST'}).then((answer) => answer.status)"
        assert [403, 403] == [page.evaluate(asked, path) for path in ("./swarm", "./stats/reset")]
        ui.hear(told(3.0, 1))
        counted(page, 151)
        assert not ui.wants_end()
    said(page, "this load is over")
    assert not button(page, "New").is_visible()


def test_stop_ends_the_load_and_the_next_one_can_be_stopped_too(page: Page, ui: WebUi) -> None:
    """The next load appears by itself, counted from nothing."""
    for name, requests in (("test_first", 100), ("test_second", 30)):
        with ui.showing(HOST, name):
            ui.hear(told(1.0, requests))
            said(page, name)
            counted(page, requests)
            assert not ui.wants_end()
            button(page, "Stop").click()
            said(page, f"{name}: somebody pressed Stop")
            assert ui.wants_end()


def test_it_says_that_the_run_has_ended(page: Page, ui: WebUi) -> None:
    """The last figures stay, and nothing can be pressed that nobody would hear."""
    with ExitStack() as shown:
        shown.enter_context(ui.showing(HOST, "test_load"))
        ui.hear(told(1.0, 100))
        counted(page, 100)
        button(page, "Stop").wait_for()
        ui.close()
    said(page, "The run has ended")
    assert not button(page, "Stop").is_visible()
    counted(page, 100)
