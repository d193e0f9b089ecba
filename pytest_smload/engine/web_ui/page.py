"""Completes Locust's page: a line on whose load it shows, and a script that keeps it current."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.engine.web_ui.shown import ShownLoad

_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")


def complete(app: Any, shown: ShownLoad) -> None:
    """Have Locust's *app* say what it shows is of."""

    def standing() -> Any:
        return jsonify({"load": shown.number, "said": shown.standing})

    forget: Callable[[], None] = getattr(app.view_functions["locust.request_stats"], "clear_cache", lambda: None)
    last: object = None

    def forget_earlier_figures() -> None:
        # Locust answers from memory for two seconds: its page would take the load before for this one, and ask no more.
        nonlocal last
        now = shown.number, shown.standing
        if now != last:
            forget()
            last = now

    def with_script(response: Any) -> Any:
        if request.path == "/" and response.mimetype == "text/html":
            before, body_end, after = response.get_data(as_text=True).rpartition("</body>")
            response.set_data(f'{before}<script data-load="{shown.number}">{_SCRIPT}</script>{body_end}{after}')
        return response

    app.add_url_rule("/smload", view_func=standing)
    app.before_request(forget_earlier_figures)
    app.after_request(with_script)
