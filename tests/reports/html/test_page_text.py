"""Whatever a name, a message or a label holds, the page shows it as text: nothing of it is markup or script."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from _pytest.junitxml import bin_xml_escape
from hostile_runs import FIELDS, TEXTS, hostile
from read_page import Page

from pytest_smload.reports.html.charts import Charts
from pytest_smload.reports.html.fragment import load_html
from pytest_smload.reports.html.page import run_html
from pytest_smload.reports.html.views import run_view
from pytest_smload.reports.junit import junit_properties
from pytest_smload.reports.words.cells import plain_text

LEFT_OUT = ("commit", "status", "account")
MOST_SHOWN = 20
"""Characters of a text that are told apart."""
each_text = pytest.mark.parametrize("kind", TEXTS)


@cache
def page_of(kind: str) -> Page:
    return Page(run_html(hostile(TEXTS.get(kind, kind))))


def own(page: Page) -> list[tuple[str, ...]]:
    """Elements with the names of their attributes; but where names may break, and those that are told exactly."""
    return [tuple(name for name in each if name != "data-name") for each in page.elements if each[0] != "wbr"]


@each_text
def test_no_element_or_attribute_is_anybody_elses(kind: str) -> None:
    """The page of a hostile run has the elements of a harmless one, in the same order."""
    assert own(page_of("harmless")) == own(page_of(kind))


@each_text
def test_each_field_is_shown_as_it_is(kind: str) -> None:
    """In full, or cut at its end: what is shown is what was given, but for what nobody sees."""
    page = page_of(kind)
    shown = page.text + " ".join(value for _, value in page.values) + texts(page.json("drawn"))
    for mark, field in FIELDS.items():
        given = plain_text(mark + TEXTS[kind])[:MOST_SHOWN].rstrip()
        if field not in LEFT_OUT:
            assert given in shown, field


def texts(value: Any) -> str:
    """Return all texts of a JSON value."""
    if isinstance(value, dict):
        return " ".join(map(texts, [*value, *value.values()]))
    if isinstance(value, list):
        return " ".join(map(texts, value))
    return value if isinstance(value, str) else ""


@each_text
def test_no_text_of_a_chart_is_markup_to_its_library(kind: str) -> None:
    """It takes some tags in labels for markup: none but our own is in any."""
    for chart in page_of(kind).json("drawn"):
        found = texts({"data": chart["data"], "layout": chart["layout"], "narrow": chart["narrow"]})
        ours = found.replace("<extra></extra>", "") if chart["title"].startswith("Latencies") else found
        assert "<" not in ours
        assert not re.search("[\u202e\u2066\u200b\x00\x1b\n]", ours)


@each_text
def test_nothing_runs_or_is_fetched(kind: str) -> None:
    """No handler, no address of a scheme of its own, no style; scripts are the page's four."""
    page = page_of(kind)
    names = {name for name, _ in page.values}
    assert [] == [name for name in names if name.startswith("on") or name in ("src", "action", "formaction", "srcdoc")]
    assert {"#", "d"} == {value[:1] for name, value in page.values if name == "href"}
    assert {"drawn", "record", "plotly", ""} == set(page.packed)
    assert all(re.fullmatch(r"height: \d+px", value) for name, value in page.values if name == "style")
    assert {
        name: re.fullmatch("[A-Za-z0-9+/=\\s]*", page.packed[name]) is not None for name in ("drawn", "record")
    } == {
        "drawn": True,
        "record": True,
    }


@each_text
def test_a_models_charts_are_found_by_its_exact_name(kind: str) -> None:
    """What its button tells, or else shows, is a key of the record."""
    page = page_of(kind)
    (test,) = page.json("record")["tests"]
    routes = test["loads"][0]["distribution"]["routes"]
    exact = [json.loads(value) for name, value in page.values if name == "data-name"]
    assert set(exact) <= set(routes)
    shown = [name for name in routes if name not in exact]
    assert all(name == plain_text(name) for name in shown)
    assert routes


@each_text
def test_a_notebook_shows_text_too(kind: str) -> None:
    """The load's part by itself."""
    load = hostile(TEXTS[kind]).tests[0].loads[0]
    harmless = hostile("harmless").tests[0].loads[0]
    assert own(Page(load_html(harmless))) == own(Page(load_html(load)))


def test_a_name_that_is_a_colour_of_ours_stays_a_name() -> None:
    """Traces called ``ink`` are not coloured in."""
    charts = Charts()
    run_view(hostile({"error kind": "ink", "control": "\x01ink"}), charts)
    names = {trace.get("name") for chart in charts.charts for trace in chart.data}
    assert {"ink", "control  ink"} <= names


@each_text
def test_junit_stays_valid_xml(kind: str) -> None:
    """As pytest writes properties: values with its escapes, names as they are."""
    suite = ET.Element("testsuite")
    for name, value in junit_properties(hostile(TEXTS[kind]).tests[0]):
        ET.SubElement(suite, "property", name=name, value=bin_xml_escape(value))
    found = ET.fromstring(ET.tostring(suite, encoding="utf-8"))
    assert len(suite) == len(found) > 10
