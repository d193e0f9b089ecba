"""Draws the small pictures of the page as inline SVG, which show without scripts and print as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDTH, _HEIGHT = 160, 18
_MIDDLE = _HEIGHT / 2
_INSET = 6


def whisker(value: float, lower: float, upper: float, bound: float, *, label: str) -> Markup:
    """Return a value with its interval on a line, beside the limit; the limit is where two thirds of the line are.

    Args:
        value, lower, upper: Of one unit; an end that is not finite runs off the picture.
        bound: The limit, above 0.
        label: What a screen reader says.
    """
    if not (math.isfinite(bound) and bound > 0 and math.isfinite(value)):
        return _picture("", label)

    def x(of: float) -> float:
        at = _INSET + (of / bound) * (_WIDTH - 2 * _INSET) * 2 / 3
        return min(max(at, 2.0), _WIDTH - 2.0)

    low, high = (x(each) if math.isfinite(each) else edge for each, edge in ((lower, 2.0), (upper, _WIDTH - 2.0)))
    return _picture(
        f'<line class="limit" x1="{x(bound):.1f}" x2="{x(bound):.1f}" y1="1" y2="{_HEIGHT - 1}"/>'
        f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{_MIDDLE}" y2="{_MIDDLE}"/>'
        f'<circle class="dot" cx="{x(value):.1f}" cy="{_MIDDLE}" r="3.5"/>',
        label,
    )


def ratio(value: float, lower: float, upper: float, allowed: float, *, label: str) -> Markup:
    """Return a ratio with its interval on a logarithmic line about 1, beside the ratio allowed."""
    known = [each for each in (value, lower, upper, allowed) if math.isfinite(each) and each > 0]
    if not math.isfinite(value) or value <= 0:
        return _picture("", label)
    reach = max(0.1, *(abs(math.log(each)) for each in known)) * 1.1

    def x(of: float) -> float:
        at = math.log(of) if of > 0 else -reach
        return _WIDTH / 2 + min(max(at / reach, -1.0), 1.0) * (_WIDTH / 2 - _INSET)

    low = x(lower) if lower > 0 else 2.0
    high = x(upper) if math.isfinite(upper) else _WIDTH - 2.0
    return _picture(
        f'<line class="one" x1="{x(1):.1f}" x2="{x(1):.1f}" y1="1" y2="{_HEIGHT - 1}"/>'
        f'<line class="limit" x1="{x(allowed):.1f}" x2="{x(allowed):.1f}" y1="1" y2="{_HEIGHT - 1}"/>'
        f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{_MIDDLE}" y2="{_MIDDLE}"/>'
        f'<circle class="hollow" cx="{x(1):.1f}" cy="{_MIDDLE}" r="3.5"/>'
        f'<circle class="dot" cx="{x(value):.1f}" cy="{_MIDDLE}" r="3.5"/>',
        label,
    )


def sparkline(values: Sequence[float], *, label: str) -> Markup:
    """Return the course of *values*, a gap where one is not finite, from zero to the largest."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return _picture("", label)
    top = max(known) or 1.0
    # Steps of one to the right, each relative to the last: a page has thousands of these.
    path, last = "", None
    for index, value in enumerate(values):
        if not math.isfinite(value):
            last = None
            continue
        y = round(_HEIGHT - 2 - value / top * (_HEIGHT - 4))
        path += f"M{index} {y}l0 0" if last is None else f" 1 {y - last}"
        last = y
    return _picture(f'<path class="course" d="{path}"/>', label, f"0 0 {max(1, len(values) - 1)} {_HEIGHT}", "none")


def shares(target: float, achieved: float, *, label: str) -> Markup:
    """Return two shares of one whole, the one asked for and the one achieved, joined by a line."""
    if not (math.isfinite(target) and math.isfinite(achieved)):
        return _picture("", label)
    top = max(target, achieved) * 1.25 or 1.0
    first, second = (_INSET + each / top * (_WIDTH - 2 * _INSET) for each in (target, achieved))
    return _picture(
        f'<line class="whisker" x1="{first:.1f}" x2="{second:.1f}" y1="{_MIDDLE}" y2="{_MIDDLE}"/>'
        f'<circle class="hollow" cx="{first:.1f}" cy="{_MIDDLE}" r="4.5"/>'
        f'<circle class="dot" cx="{second:.1f}" cy="{_MIDDLE}" r="3"/>',
        label,
    )


def _picture(inside: str, label: str, box: str = f"0 0 {_WIDTH} {_HEIGHT}", aspect: str = "xMidYMid") -> Markup:
    from markupsafe import Markup

    return Markup(
        '<svg class="small" role="img" aria-label="{}" viewBox="{}" preserveAspectRatio="{}" width="{}" '
        'height="{}">{}</svg>'
    ).format(label, box, aspect, _WIDTH, _HEIGHT, Markup(inside))  # noqa: S704 - numbers alone are in it
