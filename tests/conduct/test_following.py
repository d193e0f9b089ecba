"""A running load as it is followed for those who watch it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from pytest_smload.conduct.demands import Demands
from pytest_smload.conduct.following import Following
from pytest_smload.core.limits.sources import override_budget
from pytest_smload.core.live.view import LiveView
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.samples.ended import Ended
from pytest_smload.core.samples.progress import Progress
from pytest_smload.engine.hooks import LoadHooks, Running

LIMITS = {"p50": "100ms", "error_rate": "5%", "each": {"p50": "90ms"}}


def following(
    shown: list[LiveView], hooks: LoadHooks, *, root: Path = Path(), limits: Any = LIMITS, **load: Any
) -> Following:
    budget = override_budget(limits, source="a test")
    request: Any = SimpleNamespace(
        budget=budget,
        scaling=None,
        label="peak",
        step="probe 2",
        control=SimpleNamespace(settings=SimpleNamespace(name="b")),
    )
    plan = LoadPlan.from_profile(
        LoadProfile(duration="10s", warmup="0s", **({} if "locustfile" in load else {"payload": b"1"}), **load), root
    )
    return Following(request, plan, Demands.of(request, plan, simulated=False), shown.append, hooks)


def progress(elapsed_s: float, took_ms: float, names: list[str]) -> Progress:
    ended = Ended.of(
        took_ms=np.full(50, took_ms),
        kind=np.zeros(50, dtype="u1"),
        route=np.full(50, len(names) - 1, dtype="u2"),
        in_window=np.ones(50, dtype=bool),
        names=names,
    )
    return Progress(elapsed_s, 10.0, "window", 2, None, 1.0, 1.0, 0, 0, window_s=elapsed_s, ended=ended)


def test_what_is_shown_adds_up_and_begins_anew_with_each_run() -> None:
    """A load that is repeated is told from one that goes on by its clock."""
    shown: list[LiveView] = []
    heard: list[Progress] = []
    watch = following(shown, LoadHooks(on_progress=heard.append), users=2, models={"a": 1, "b": 1})
    watch.hear(progress(1.0, 50.0, ["a", "b"]))
    watch.hear(progress(2.0, 95.0, ["a", "b"]))
    assert [view.standing.hold for view in shown] == [3, 3]
    assert shown[-1].standing.untold == 1
    watch.hear(progress(1.0, 200.0, ["a", "b"]))
    assert shown[-1].standing.hold == 1
    assert shown[-1].standing.rows[0].requests == 50
    assert (shown[-1].label, shown[-1].step, shown[-1].control, shown[-1].route_kind) == (
        "peak",
        "probe 2",
        "b",
        "model",
    )
    assert len(heard) == 3


def test_a_regression_budget_is_not_told_yet() -> None:
    """Only the end of the load tells; it is none of those that hold."""
    shown: list[LiveView] = []
    watch = following(shown, LoadHooks(), limits={"p50": "100ms", "regression": {"p50": "10%"}}, users=2)
    watch.hear(progress(2.0, 50.0, [""]))
    assert (shown[-1].standing.hold, shown[-1].standing.told, shown[-1].standing.untold) == (2, 2, 1)


def test_names_of_a_locustfile_get_their_limits_as_they_come(tmp_path: Path) -> None:
    """Each name is held to what is asked of each."""
    shown: list[LiveView] = []
    (tmp_path / "locustfile.py").write_text("")
    watch = following(shown, LoadHooks(), root=tmp_path, users=2, locustfile="locustfile.py")
    watch.hear(progress(1.0, 50.0, ["GET /"]))
    watch.hear(progress(2.0, 95.0, ["GET /", "POST /"]))
    standing = shown[-1].standing
    assert standing.worst is not None
    assert (standing.worst.scope.name, standing.worst.holds) == ("POST /", False)


def test_who_watches_may_end_the_load_for_good() -> None:
    """Asked once more it is still ended, and what was measured is not trusted; without that, nothing is said."""
    answers = [False, True, False]
    watch = following([], LoadHooks(wants_end=lambda: answers.pop(0)), users=2, models={"a": 1, "b": 1})
    ends_load = watch.hooks(lambda running: running.sent > 100).ends_load
    assert ends_load is not None
    assert [ends_load(Running(at, 1, primed=True)) for at in (1.0, 2.5, 3.0)] == [False, True, True]
    assert watch.finding is not None
    assert watch.finding.cause == "somebody pressed Stop in Locust's web UI 2.5s into the load"

    unwatched = following([], LoadHooks(), users=2, models={"a": 1, "b": 1})
    ends_load = unwatched.hooks(lambda running: running.sent > 100).ends_load
    assert ends_load is not None
    assert [ends_load(Running(1.0, sent, primed=True)) for sent in (1, 101)] == [False, True]
    assert unwatched.finding is None
