"""``report.html``: one page that opens offline, asks nothing of anybody, and takes all text for text."""

from __future__ import annotations

import base64
import gzip
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_smload.reports.html.charts import Charts
from pytest_smload.reports.html.views import run_view
from pytest_smload.reports.json_report import run_record
from pytest_smload.reports.words.cells import plain_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from pytest_smload.core.results.result import RunResult


def run_html(run: RunResult) -> str:
    """Return the page of *run*; jinja2 and plotly must be there."""
    charts = Charts()
    view = run_view(run, charts)
    return page_of("page.html", charts, record=_shortened(run_record(run)), run=view)


def page_of(template: str, charts: Charts, *, record: Any, **view: Any) -> str:
    """Return the page that *template* makes of *view*, with *charts* drawn and *record*, if any, for download."""
    drawn = [chart.json() for chart in charts.charts]
    page: str = (
        environment()
        .get_template(template)
        .render(
            **view,
            plotly=_plotly() if charts.charts else "",
            drawn=_packed(json.dumps(drawn, allow_nan=False, separators=(",", ":"))),
            record=_packed(json.dumps(record, separators=(",", ":"))) if record is not None else "",
        )
    )
    return page


@cache
def environment() -> Environment:
    """Return what renders the templates: all text is plain and escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return value if isinstance(value, Markup) or not isinstance(value, str) else plain_text(value)

    made = Environment(
        loader=PackageLoader("pytest_smload.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = breakable
    return made


def breakable(text: str) -> Markup:
    """Return *text* so that a browser may break it where paths and node ids have their joints."""
    from markupsafe import Markup

    pieces = re.split(r"(?<=[/_.\]])(?=\w)|(?<=::)|(?=\[)", plain_text(text))
    return Markup("<wbr>").join(pieces)


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return _packed(get_plotlyjs())


def _shortened(value: Any) -> Any:
    """Return a record with its numbers to seven digits: what is downloaded from a page is no larger than the page."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    return [_shortened(each) for each in value] if isinstance(value, list) else value


def _packed(text: str) -> str:
    """Return *text* compressed, in letters that can end no element: the page's script unpacks it when it is needed."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
