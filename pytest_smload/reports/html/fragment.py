"""Parts of the page that stand by themselves in a notebook's cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_smload.reports.html.check_views import check_view, figures_view
from pytest_smload.reports.html.page import environment
from pytest_smload.reports.html.views import ORDER
from pytest_smload.reports.words.details import finding_text, is_judged
from pytest_smload.reports.words.headline import load_headline
from pytest_smload.reports.words.margin import worst_first

if TYPE_CHECKING:
    from pytest_smload.core.measure.figures import TimelinePoint
    from pytest_smload.core.results.result import LoadResult

MOST_ROWS = 40
MOST_SECONDS = 30


def load_html(load: LoadResult) -> str:
    """Return the verdict, the causes, the checks and the figures of *load*; no script is in it."""
    checks = sorted(worst_first(load.checks), key=lambda check: ORDER[check.outcome])
    scopes = [("total", load.total), *load.routes.items()]
    text: str = (
        environment()
        .get_template("fragment.html")
        .render(
            verdict=load.verdict,
            headline=load_headline(load),
            causes=[finding_text(each) for each in load.client.reasons],
            checks=[check_view(check, trusted=is_judged(load)) for check in checks[:MOST_ROWS]],
            scopes=[(name, figures_view(stats)) for name, stats in scopes[:MOST_ROWS]],
            left_out=max(0, len(scopes) - MOST_ROWS),
        )
    )
    return text


def timeline_html(points: Sequence[TimelinePoint]) -> str:
    """Return the seconds as a table, of many those at the beginning and the end."""
    shown: list[TimelinePoint | None] = [*points]
    if len(shown) > MOST_SECONDS:
        shown = [*shown[: MOST_SECONDS // 2], None, *shown[-MOST_SECONDS // 2 :]]
    text: str = environment().get_template("seconds.html").render(points=shown, count=len(points))
    return text
