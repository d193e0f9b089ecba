"""The small pictures of the page: where their marks are, and that only numbers get into them."""

from __future__ import annotations

import re
from math import inf, nan
from xml.etree import ElementTree as ET

import pytest

from pytest_smload.reports.html import svg


def drawn(picture: object) -> ET.Element:
    """Return a picture as any reader of XML takes it."""
    return ET.fromstring(str(picture))


def numbers(path: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", path)]


def at(picture: object, name: str) -> dict[str, str]:
    """Return the attributes of the first mark of a class."""
    return dict(next(each for each in drawn(picture) if each.get("class") == name).attrib)


def test_a_picture_says_what_it_shows() -> None:
    """Its text is there for a screen reader, escaped, and without what turns a line round."""
    root = drawn(svg.whisker(90, 80, 100, 120, label='p95 of "a" <b> & \u202ec'))
    assert ("img", 'p95 of "a" <b> & c') == (root.get("role"), root.get("aria-label"))


def test_the_side_that_breaks_the_limit_is_shaded() -> None:
    """Right of an upper limit, left of a lower one; the value stands on its side of it."""
    upper = svg.whisker(90, 80, 100, 120, label="")
    lower = svg.whisker(150, 140, 160, 120, at_least=True, label="")
    limit = numbers(at(upper, "limit")["d"])[0]
    assert limit == numbers(at(lower, "limit")["d"])[0]
    assert (limit, 0) == (float(at(upper, "beyond")["x"]), float(at(lower, "beyond")["x"]))
    assert float(at(lower, "beyond")["width"]) == limit
    assert float(at(upper, "dot")["cx"]) < limit < float(at(lower, "dot")["cx"])


@pytest.mark.parametrize("value", [1_000, inf])
def test_what_is_far_beyond_ends_in_an_arrow(value: float) -> None:
    """A value off the picture is no dot at its edge."""
    assert "cx" not in at(svg.whisker(value, 80, inf, 120, label=""), "dot")


def test_an_interval_without_an_end_reaches_the_edge() -> None:
    """Where samples do not bound it, upwards or downwards."""
    low, _, high = numbers(at(svg.whisker(100, -inf, inf, 120, label=""), "whisker")["d"])
    assert low < 5
    assert high > 155


def test_a_limit_of_nothing_at_all_has_a_picture() -> None:
    """No failure allowed: the limit is at the left, whatever is beyond it is shaded."""
    picture = svg.whisker(3, 3, 3, 0, label="")
    assert numbers(at(picture, "limit")["d"])[0] < float(at(picture, "dot")["cx"])
    kept = svg.whisker(0, 0, 0, 0, label="")
    assert numbers(at(kept, "limit")["d"])[0] == float(at(kept, "dot")["cx"])


@pytest.mark.parametrize("numbers_", [(nan, 1, 2, 3), (1, 1, 2, inf), (1, 1, 2, -1)])
def test_what_has_no_place_has_no_mark(numbers_: tuple[float, float, float, float]) -> None:
    """The picture is empty, its text stays."""
    root = drawn(svg.whisker(*numbers_, label="not measured"))
    assert (0, "not measured") == (len(root), root.get("aria-label"))


def test_a_ratio_is_as_far_from_one_either_way() -> None:
    """On a logarithmic line: half and twice are as far from 1, the interval's ends around the value."""
    twice, half = (float(drawn(svg.ratio(each, each, each, 1.1, label=""))[-1].attrib["cx"]) - 80 for each in (2, 0.5))
    assert twice == pytest.approx(-half)
    assert 0 == len(drawn(svg.ratio(nan, nan, nan, 1.1, label="")))
    assert 5 == len(drawn(svg.ratio(1.2, 0, inf, 1.1, label="")))


def test_a_sparkline_has_gaps_and_keeps_its_extremes() -> None:
    """From zero to the largest; what is not finite is a gap, and no point is lost."""
    root = drawn(svg.sparkline([0, 10, nan, 5, 10], label=""))
    path = root[0].attrib["d"]
    assert "M0 16l0 0 1-14M3 9l0 0 1-7" == path
    assert "0 0 4 18" == root.attrib["viewBox"]
    assert 0 == len(drawn(svg.sparkline([nan, inf], label="")))
    assert "M0 16l0 0 1 0" == drawn(svg.sparkline([0, 0], label=""))[0].attrib["d"]


def test_shares_are_joined() -> None:
    """What was asked for is hollow, what was achieved full."""
    picture = svg.shares(0.5, 0.4, label="")
    assert float(at(picture, "dot")["cx"]) < float(at(picture, "hollow")["cx"])
    assert 0 == len(drawn(svg.shares(0.5, nan, label="")))
    assert 3 == len(drawn(svg.shares(0, 0, label="")))
