"""The page in Chromium: it works by mouse and keyboard, on a phone and on paper, and only its own script runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import drawn_runs
import pytest
from hostile_runs import TEXTS, hostile

from pytest_smload.reports.json_report import read_report

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from pytest_smload.core.results.result import RunResult

BRIEFLY = {"resultTypes": ["violations"]}
GRAVE = ("serious", "critical")
DRAWN = ".plot[data-drawn]"
UNHIDDEN = {"exclude": [[".main-svg"]]}
"""What is drawn is hidden from screen readers, which have its summary and its numbers; it is large."""


def mixed() -> RunResult:
    """Failures, a control, a search, an attempt that was repeated."""
    (failed,), (control,), (search,) = (
        kind().tests for kind in (drawn_runs.failed, drawn_runs.control, drawn_runs.capacities)
    )
    return drawn_runs.of(
        replace(failed, loads=()),
        replace(failed, attempt=2),
        replace(control, loads=control.loads[:1], nodeid="tests/perf/test_control.py::test_control"),
        replace(search, capacities=search.capacities[:1]),
    )


def several_variants() -> RunResult:
    """CloudWatch's figures of two variants."""
    (test,) = drawn_runs.hosted().tests
    server = test.loads[0].server
    assert server is not None
    series = tuple(
        replace(each, variant=variant)
        for variant in ("green", "blue-with-quite-a-long-name-of-2026")
        for each in server.series
    )
    return drawn_runs.of(replace(test, loads=(replace(test.loads[0], server=replace(server, series=series)),)))


def attacked() -> RunResult:
    """Every text that would run, one after the other, in every field."""
    return hostile(" ".join(text for kind, text in TEXTS.items() if kind not in ("long", "surrogate")))


def draw_all(page: Page) -> int:
    """Scroll to every chart, wait until it is drawn, and return how many there are."""
    figures = page.locator("figure.chart").all()
    for figure in figures:
        figure.scroll_into_view_if_needed()
        figure.locator(DRAWN).wait_for()
    return len(figures)


def first_cells(page: Page, count: int = 3) -> list[str]:
    return page.locator("table.routes tbody th").all_inner_texts()[:count]


def test_nobody_is_left_out(opened: Any) -> None:
    """axe finds nothing serious, with charts drawn, a model opened and numbers unfolded; in the dark neither."""
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed").Axe()
    page = opened(mixed, color_scheme="light")
    assert 7 == draw_all(page)
    page.locator("button.open").first.click()
    page.locator(f"tr.inside {DRAWN}").nth(1).wait_for()
    page.locator("figure.chart details summary").first.click()
    page.locator(".numbers table").first.wait_for()
    assert [] == grave(axe.run(page, context=UNHIDDEN, options=BRIEFLY))
    light = page.locator(".main-svg").first.evaluate("(svg) => svg.style.background")
    page.emulate_media(color_scheme="dark")
    assert light != page.locator(".main-svg").first.evaluate("(svg) => svg.style.background")
    assert [] == grave(axe.run(page, context=UNHIDDEN, options={**BRIEFLY, "runOnly": ["color-contrast"]}))


def grave(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return what is serious of what axe found, with where it is."""
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in found["violations"]
        if each["impact"] in GRAVE
    ]


def test_models_are_searched_sorted_and_opened_by_mouse(opened: Any) -> None:
    """Of 200, one is found; sorted either way; its charts are drawn when it is opened, and go when it is closed."""
    page = opened(drawn_runs.many_models)
    assert "tenant-017.tar.gz" == first_cells(page)[0]
    head = page.locator("th[data-sort=name] button")
    head.click()
    assert ["tenant-000.tar.gz", "tenant-001.tar.gz", "tenant-002.tar.gz"] == first_cells(page)
    head.click()
    assert "tenant-199.tar.gz" == first_cells(page)[0]
    assert "sorted by name, largest first" == page.locator("#live").inner_text()
    page.locator("th[data-sort=requests] button").click()
    assert "tenant-000.tar.gz" == first_cells(page)[0]
    assert "descending" == page.locator("th[data-sort=requests]").get_attribute("aria-sort")
    page.locator("input.search").fill("TENANT-12")
    assert "10 of 200" == page.locator(".found").inner_text()
    assert 10 == page.locator("table.routes tbody tr:visible").count()
    button = page.locator("button.open:visible").first
    button.click()
    page.locator(f"tr.inside {DRAWN}").nth(1).wait_for()
    assert "true" == button.get_attribute("aria-expanded")
    assert "answers" in page.locator("tr.inside figcaption").first.inner_text()
    button.click()
    assert 0 == page.locator("tr.inside").count()


def test_models_are_searched_sorted_and_opened_by_keyboard(opened: Any) -> None:
    """Each by the Tab key and Enter; the first stop leads past the header."""
    page = opened(drawn_runs.many_models)
    page.keyboard.press("Tab")
    assert "Skip to the verdict" == page.evaluate("document.activeElement.textContent")
    page.locator("input.search").focus()
    page.keyboard.type("tenant-19")
    assert "10 of 200" == page.locator(".found").inner_text()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert "model" == page.evaluate("document.activeElement.textContent.trim()")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "open":
            break
    assert "tenant-190.tar.gz" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.locator(f"tr.inside {DRAWN}").first.wait_for()


def test_the_timeline_has_one_cursor(opened: Any) -> None:
    """Arrow keys read it second by second, the warm-up first, and point at what they read; the mouse shows all lanes
    at once; its numbers are a table."""
    page = opened(drawn_runs.failed)
    figure = page.locator("figure.chart").first
    figure.scroll_into_view_if_needed()
    place = figure.locator(DRAWN)
    place.wait_for()
    place.focus()
    for second in ("-5", "-4", "-3"):
        page.keyboard.press("ArrowRight")
        assert figure.locator(".readout").inner_text().startswith(f"s {second}, offered/s -, answered/s ")
        figure.locator(".hoverlayer .legendtitletext", has_text=second.replace("-", "\u2212")).wait_for()
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "Home", "PageDown"):
        page.keyboard.press(key)
    readout = figure.locator(".readout").inner_text()
    assert readout.startswith("s 5, offered/s 40, answered/s ")
    assert "p95 ms" in readout
    box = place.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    # What the keys pointed at is there until the mouse has moved.
    figure.locator(".hoverlayer .legendtitletext", has_text=re.compile("^[23][0-9]$")).wait_for()
    said = figure.locator(".hoverlayer").text_content() or ""
    assert [] == [name for name in ("answered", "p95", "ModelError", "requests under way") if name not in said]
    figure.locator("summary").click()
    figure.locator(".numbers tbody tr").nth(64).wait_for()
    assert "s" == figure.locator(".numbers th").first.inner_text()


def test_the_cursor_reads_cloudwatchs_periods_from_within(opened: Any) -> None:
    """In the midst of a minute its value is shown, though the minute began long before."""
    page = opened(drawn_runs.hosted)
    figure = page.locator("figure.chart").first
    figure.scroll_into_view_if_needed()
    place = figure.locator(DRAWN)
    place.wait_for()
    place.focus()
    for key in ("Home", "PageDown", "PageDown", "PageDown"):
        page.keyboard.press(key)
    readout = figure.locator(".readout").inner_text()
    assert readout.startswith("s 25, ")
    assert "model mean ms 49.8" in readout
    assert "CPU max % 83.2" in readout
    box = place.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    # What the keys pointed at is there until the mouse is heard of.
    figure.locator(".hoverlayer", has_text="model mean : 49.8").wait_for()


OVERLAPS = """() => {
  const plot = document.querySelector("figure.chart .plot"), { top, left } = plot.getBoundingClientRect(), found = [];
  const axes = Object.entries(plot._fullLayout).filter(([name]) => /^yaxis[0-9]*$/.test(name)).map(([, axis]) => axis);
  for (const legend of plot.querySelectorAll(".infolayer > g[class^=legend]")) {
    const box = legend.getBoundingClientRect(), name = legend.getAttribute("class");
    if (box.left < left) found.push([name, "is cut"]);
    for (const axis of axes) {
      const above = top + axis._offset, below = above + axis._length;
      // Five pixels around its entries are empty.
      if (box.top + 5 < below - 1 && box.bottom - 5 > above + 1) found.push([name, axis.title.text]);
    }
  }
  return found;
}"""


def test_a_timelines_legends_have_room(opened: Any) -> None:
    """None reaches into a lane, nor out of the screen, on a phone and after it was turned round."""
    page = opened(several_variants)
    figure = page.locator("figure.chart").first
    for width, drawn in ((390, "narrow"), (900, "wide"), (390, "narrow")):
        page.set_viewport_size({"width": width, "height": 900})
        figure.scroll_into_view_if_needed()
        figure.locator(f".plot[data-drawn={drawn}]").wait_for()
        assert [] == page.evaluate(OVERLAPS), width


def test_the_record_is_downloaded(opened: Any, tmp_path: Path) -> None:
    """It is a report.json that is read as any other."""
    page = opened(drawn_runs.small)
    with page.expect_download() as download:
        page.locator("#download").click()
    assert "report.json" == download.value.suggested_filename
    download.value.save_as(tmp_path / "report.json")
    (test,) = read_report(tmp_path / "report.json").tests
    assert ("pass", 2400) == (test.verdict, test.loads[0].sent)


def test_paper_is_light_and_has_every_chart(opened: Any) -> None:
    """Printed from a dark screen, without having scrolled; what is folded is open, and folds again."""
    page = opened(drawn_runs.several_loads, color_scheme="dark")
    page.locator("head script").wait_for(state="attached")  # the charts' library, unpacked
    charts = page.locator("figure.chart").count()
    assert page.locator(DRAWN).count() < charts
    page.evaluate(
        """addEventListener("beforeprint", () => {
          window.printed = [...document.querySelectorAll("figure.chart .plot")].map((plot) =>
            [plot.dataset.drawn, plot.querySelector(".main-svg")?.style.background, plot.clientWidth <= 800]);
          window.folded = document.querySelectorAll("details:not(.numbers):not([open])").length;
        })"""
    )
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    found: list[list[Any]] = page.evaluate("window.printed")
    assert [["wide", "rgb(255, 255, 255)"]] * charts == [each[:2] for each in found]
    assert 0 == page.evaluate("window.folded")
    assert 0 < page.locator("details:not(.numbers):not([open])").count()


@pytest.mark.parametrize("kind", [mixed, drawn_runs.many_models])
def test_a_phone_shows_all_of_it(opened: Any, kind: Any) -> None:
    """Nothing is wider than the screen but what scrolls by itself."""
    page = opened(kind)
    page.set_viewport_size({"width": 390, "height": 800})
    draw_all(page)
    assert 390 == page.evaluate("document.documentElement.scrollWidth")
    for table in page.locator("table.cards").all()[:2]:
        box = table.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390


def test_hostile_text_runs_nothing(opened: Any) -> None:
    """Drawn, hovered, opened and unfolded, it is text: nothing is run, no element is made of it, no link leads away."""
    page = opened(attacked)
    draw_all(page)
    page.locator("button.open").first.click()
    page.locator(f"tr.inside {DRAWN}").nth(1).wait_for()
    for each in page.locator("summary:visible").all():
        each.click()
    page.locator(f"figure.chart {DRAWN}").first.hover()
    assert page.evaluate("window.pwned === undefined")
    assert 0 == page.locator("a[href^='javascript'], img, iframe, object, embed, [onload], [onfocus]").count()
    assert {"#"} == set(page.locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href')[0])"))
    legend = page.locator("figure.chart .legendtext").all_text_contents()
    assert any("<script>window.pwned=1</script>" in text for text in legend)
    assert "</script><script>window.pwned=1</script>" in page.locator("h2").nth(1).inner_text()


def test_a_browser_that_cannot_unpack_says_so(opened: Any) -> None:
    """Verdicts and tables are there; a chart's place tells why it is empty."""
    page = opened(drawn_runs.small, before="delete window.DecompressionStream")
    page.get_by_text("The chart cannot be drawn: this browser is too old").first.wait_for()
    assert not page.locator("#download").is_visible()
    assert 1 == page.locator("table.routes").count()
