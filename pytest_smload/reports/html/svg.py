"""Draws the small pictures of the page as inline SVG, which show without scripts and print as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.words.cells import plain_text

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDTH, _HEIGHT = 160, 18
_MIDDLE = _HEIGHT / 2
_INSET = 6


def whisker(value: float, lower: float, upper: float, bound: float, *, at_least: bool = False, label: str) -> Markup:
    """Return a value with its interval on a line, beside the limit; the side that breaks the limit is shaded.

    The limit is where two thirds of the line are. What runs off the picture ends in an arrow.

    Args:
        value, lower, upper: Of one unit; infinite where it has no end.
        bound: The limit.
        at_least: The limit is a least value, kept above it.
        label: What a screen reader says.
    """
    if not math.isfinite(bound) or bound < 0 or math.isnan(value):
        return _picture("", label)
    known = [each for each in (value, upper) if math.isfinite(each) and each > 0]
    whole = bound * 1.5 or max(known, default=1.0) * 1.2

    def x(of: float, edge: float) -> float:
        at = _INSET + of / whole * (_WIDTH - 2 * _INSET) if math.isfinite(of) else edge
        return min(max(at, 2.0), _WIDTH - 2.0)

    limit, low, high = x(bound, 0), x(lower, 2.0), x(upper, _WIDTH - 2.0)
    begin, end = (0.0, limit) if at_least else (limit, float(_WIDTH))
    middle = _MIDDLE
    off = value > whole
    dot = (
        f'<path class="dot" d="M{_WIDTH - 9} {middle - 4}l8 4l-8 4z"/>'
        if off
        else f'<circle class="dot" cx="{x(value, _WIDTH):.1f}" cy="{middle:g}" r="3.5"/>'
    )
    return _picture(
        f'<rect class="beyond" x="{begin:.1f}" y="0" width="{end - begin:.1f}" height="{_HEIGHT}"/>'
        f'<path class="limit" d="M{limit:.1f} 0V{_HEIGHT}"/>'
        f'<path class="whisker" d="M{low:.1f} {middle:g}H{high:.1f}"/>{dot}',
        label,
    )


def ratio(value: float, lower: float, upper: float, allowed: float | None = None, *, label: str) -> Markup:
    """Return a ratio with its interval on a logarithmic line about 1, beside the ratio *allowed*, if there is one."""
    known = [each for each in (value, lower, upper, allowed or 1.0) if math.isfinite(each) and each > 0]
    if not math.isfinite(value) or value <= 0:
        return _picture("", label)
    reach = max(0.1, *(abs(math.log(each)) for each in known)) * 1.1

    def x(of: float) -> float:
        at = math.log(of) if of > 0 else -reach
        return _WIDTH / 2 + min(max(at / reach, -1.0), 1.0) * (_WIDTH / 2 - _INSET)

    low = x(lower) if lower > 0 else 2.0
    high = x(upper) if math.isfinite(upper) else _WIDTH - 2.0
    at = x(allowed) if allowed is not None else None
    limit = f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="1" y2="{_HEIGHT - 1}"/>' if at is not None else ""
    return _picture(
        f'<line class="one" x1="{x(1):.1f}" x2="{x(1):.1f}" y1="1" y2="{_HEIGHT - 1}"/>'
        f"{limit}"
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
        y = round(_HEIGHT - 2 - max(value, 0.0) / top * (_HEIGHT - 4))
        # A minus sign parts numbers as a space does.
        path += f"M{index} {y}l0 0" if last is None else f" 1 {y - last}".replace(" -", "-")
        last = y
    return _picture(
        f'<path class="course" d="{path}"/>', label, f"0 0 {max(1, len(values) - 1)} {_HEIGHT}", stretched=True
    )


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


def _picture(inside: str, label: str, box: str = f"0 0 {_WIDTH} {_HEIGHT}", *, stretched: bool = False) -> Markup:
    from markupsafe import Markup

    begin = '<svg class="small" role="img" aria-label="{}" viewBox="{}"'
    begin += ' preserveAspectRatio="none">' if stretched else ">"
    return Markup(f"{begin}{inside}</svg>").format(plain_text(label), box)  # noqa: S704 - numbers alone are inside
