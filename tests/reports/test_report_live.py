"""What is said while a load runs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pytest_smload.core.live.standing import LiveCheck, RouteRow, Standing
from pytest_smload.core.live.view import LiveView
from pytest_smload.core.measure.scope_name import TOTAL, ScopeName
from pytest_smload.core.samples.progress import Progress
from pytest_smload.reports.text.columns import columns_of
from pytest_smload.reports.text.live import live_line, live_lines, plain_line

P95 = LiveCheck(TOTAL, "p95", 231.0, "231 ms", "<= 250 ms", holds=True, excess=0.924)
STANDS = Standing(worst=P95, hold=3, told=4)
ROWS = tuple(RouteRow(f"model-{place}.tar.gz", 1200 - place, 240.0 - place, place) for place in range(8))


def view(standing=STANDS, label=None, step="", control="", route_kind="model", **changes):
    usual = {
        "elapsed_s": 42.4,
        "total_s": 70.0,
        "phase": "window",
        "users": None,
        "target_tps": 1000.0,
        "tps": 998.2,
        "p95_ms": 212.4,
        "errors": 3,
        "in_flight": 11,
        "recent_s": 10.2,
    }
    progress = Progress(**(usual | changes))
    return LiveView(progress, standing, label=label, step=step, control=control, route_kind=route_kind)


def test_a_wide_line_says_of_each_figure_what_it_is_of():
    """The limit nearest to being broken over the window so far, rate and p95 of the last seconds, errors of it all."""
    expected = (
        "[0:42/1:10]  window so far: p95 231 ms of <= 250 ms, 3 of 4 hold  last 10s: 998 of 1,000 TPS, p95 212 ms"
        "  whole load: 3 errors  now 11 in flight"
    )
    assert expected == live_line(view(), 200)


def test_a_narrower_line_keeps_how_the_limits_stand():
    """80 columns have room for the verdict and the errors."""
    line = live_line(view(), 79)
    assert line == "[0:42/1:10]  window so far: p95 231 ms of <= 250 ms, 3 of 4 hold"
    assert live_line(view(), 40) == "window so far: p95 231 ms of <= 250 ms"
    assert live_line(view(), 30) == "p95 231 ms of <= 250 ms"
    assert live_line(view(), 10) == "p95 231 m…"


def test_without_limits_to_tell_of_the_phase_is_told():
    """Before the window, and where a load is only measured."""
    warm_up = view(Standing(untold=4), users=20, target_tps=None, phase="warm-up", recent_s=3.1, errors=1)
    expected = "[0:42/1:10]  warm-up  last 3s: 20 users, 998 TPS, p95 212 ms  whole load: 1 error"
    assert expected == live_line(warm_up, 82)
    assert live_line(warm_up, 60) == "[0:42/1:10]  last 3s: 20 users, 998 TPS, p95 212 ms"


def test_one_user_is_singular():
    """One user is not users."""
    assert "1 user, 9.5 TPS" in live_line(view(users=1, target_tps=None, tps=9.5), 200)


def test_before_the_first_success_there_is_no_p95():
    """A dash stands for a number that does not exist."""
    assert "p95 -" in live_line(view(Standing(), p95_ms=math.nan, tps=0.0), 200)


def test_a_limit_of_one_model_names_it():
    """A rate is called by its unit; what cannot be told yet is counted."""
    of_model = P95._replace(scope=ScopeName("model", "xgb-1"))
    assert "p95 of xgb-1 231 ms of <= 250 ms" in live_line(view(replace(STANDS, worst=of_model)), 200)
    tps = P95._replace(words="TPS", observed_text="38 TPS", limit=">= 40 TPS")
    line = live_line(view(Standing(worst=tps, hold=0, told=1, untold=2)), 200)
    assert "window so far: 38 TPS of >= 40 TPS, 0 of 1 hold, 2 not told yet" in line


def test_a_probe_and_a_control_are_named():
    """Which of a search's loads it is, and what it runs beside."""
    line = live_line(view(step="probe 3", control="variant blue"), 300)
    assert line.startswith("[0:42/1:10]  probe 3  beside variant blue  window so far")


@pytest.mark.parametrize("rows", [1, 24, 60])
@pytest.mark.parametrize("columns", [2, 10, 33, 40, 80, 120, 300])
@pytest.mark.parametrize("name", ["m", "\x1b[2J\nm", "模型" * 40, "e\u0301" * 90, "\u202eevil"])
def test_no_line_wraps_or_steers_the_terminal(rows, columns, name):
    """Whatever the width, and whatever models are called: the last column stays free."""
    rows_of_routes = [row._replace(name=name + row.name) for row in ROWS]
    worst = P95._replace(scope=ScopeName("model", name))
    standing = Standing(worst=worst, hold=3, told=4, rows=rows_of_routes, routes=200)
    huge = view(standing, control=name, errors=10**9, in_flight=10**9)
    lines = live_lines(huge, columns=columns, rows=rows)
    assert all(columns_of(line) < columns for line in lines)
    assert all(line.isprintable() for line in lines)
    assert (len(lines) > 1) == (rows >= 24)


def test_a_tall_terminal_shows_the_worst_models():
    """A heading of its own says how many of how many, and over what."""
    lines = live_lines(view(replace(STANDS, rows=ROWS, routes=200)), columns=100, rows=30)
    assert lines[0].startswith("[0:42/1:10]  window  last 10s: 998 of 1,000 TPS, p95 212 ms  whole load: 3 errors")
    assert lines[1] == "window so far: p95 231 ms of <= 250 ms, 3 of 4 hold"
    assert lines[2].split("  ")[0] == "model: worst 6 of 200, window so far"
    assert lines[2].split()[-3:] == ["p95", "requests", "errors"]
    assert lines[3].split() == ["model-0.tar.gz", "240", "ms", "1,200", "0"]
    assert len(lines) == 9


def test_a_tall_narrow_terminal_leaves_no_figure_out():
    """Parts go on to further lines; words of the limits, titles and columns give way, not what they say."""
    standing = replace(STANDS, rows=ROWS, routes=200, untold=31)
    assert live_lines(view(standing, control="stable"), columns=41, rows=30)[:6] == [
        "[0:42/1:10]  beside stable  window",
        "last 10s: 998 of 1,000 TPS, p95 212 ms",
        "whole load: 3 errors  now 11 in flight",
        "window so far: p95 231 ms of <= 250 ms",
        "model              p95  requests  errors",
        "model-0.tar.gz  240 ms     1,200       0",
    ]


def test_models_with_limits_are_ordered_by_them():
    """How much of its limit each uses is beside its name; one that cannot be told has a dash."""
    rows = [ROWS[0]._replace(excess=1.25), ROWS[1]._replace(excess=math.inf), ROWS[2]]
    lines = live_lines(view(replace(STANDS, rows=rows, routes=3)), columns=100, rows=30)
    assert lines[2].split()[-6:] == ["of", "its", "limit", "p95", "requests", "errors"]
    assert [line.split()[1] for line in lines[3:]] == ["125%", "∞", "-"]


def test_elsewhere_a_line_says_the_same():
    """For logs: no control characters, every figure with its name or unit."""
    expected = (
        "smload: 42s of 1m10s, window; last 10s: 998 of 1,000 TPS, p95 212 ms; "
        "window so far: p95 231 ms of <= 250 ms, 3 of 4 hold; whole load: 3 errors; now 11 in flight"
    )
    assert expected == plain_line(view())
    assert "smload: load 'peak': 42s of 1m10s, " in plain_line(view(label="peak"))
    assert "smload: probe 3, 42s of 1m10s, " in plain_line(view(step="probe 3"))
    assert plain_line(view(label="a\x1b[2J\n")).isprintable()
