"""Follows a running load for those who watch it, and hears from them that it is to end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_smload.core.live.standing import HeldLimits
from pytest_smload.core.live.tally import Tally
from pytest_smload.core.live.view import LiveView
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.conduct.demands import Demands
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.progress import Progress
    from pytest_smload.engine.hooks import LoadHooks, Running

STOPPED = "somebody pressed Stop in Locust's web UI"


class Following:
    """One load, its repetitions included, as it is watched.

    Args:
        show: Called about once a second.
        hooks: Who else hears how it goes, and who may want its end.

    Attributes:
        notes: For the report: who could not be shown how it went, and why.
    """

    def __init__(
        self,
        request: LoadRequest,
        plan: LoadPlan,
        demands: Demands,
        show: Callable[[LiveView], object],
        hooks: LoadHooks,
    ) -> None:
        self._request, self._plan, self._demands = request, plan, demands
        self._show, self._hooks = show, hooks
        self._tally = Tally()
        self._limits = HeldLimits((), ())
        self._limits_of = -1
        self._last_s = 0.0
        self._stopped_s: float | None = None
        self._watchers: list[Callable[[Progress], object]] = [self._show_view]
        if hooks.on_progress is not None:
            self._watchers.insert(0, hooks.on_progress)
        self.notes: list[str] = []
        profile = plan.profile
        # What is offered changes with stages, and the share of it a limit asks for is of all of them.
        self._offered_tps = profile.tps if profile.open_model and not profile.stages else None

    def hooks(self, ends: Callable[[Running], bool]) -> LoadHooks:
        """Return the hooks of the load, which *ends* may end as well."""
        return replace(
            self._hooks, on_progress=self.hear, ends_load=lambda running: ends(running) or self.ends(running)
        )

    def hear(self, progress: Progress) -> None:
        """Take how the load goes, and show it to each who watches, as long as that can be done."""
        for watcher in list(self._watchers):
            try:
                watcher(progress)
            except Exception as error:  # whatever befalls those who watch, the load is measured
                self._watchers.remove(watcher)
                self.notes.append(f"how the load went could not be shown to its end: {error!r}")

    def _show_view(self, progress: Progress) -> None:
        if progress.elapsed_s < self._last_s:
            # Another run of the same load.
            self._tally = Tally()
        self._last_s = progress.elapsed_s
        if progress.ended is not None:
            self._tally.add(progress.ended)
        request, control = self._request, self._request.control
        self._show(
            LiveView(
                progress,
                self._known_limits().standing(self._tally, window_s=progress.window_s, offered_tps=self._offered_tps),
                label=request.label,
                step=request.step,
                control=control.settings.name if control is not None else "",
                route_kind=self._plan.route_kind,
            )
        )

    def _known_limits(self) -> HeldLimits:
        """The limits, where requests have names those of each of these so far."""
        names = self._tally.names
        if self._limits_of != len(names):
            self._limits_of = len(names)
            demands = self._demands
            self._limits = HeldLimits(demands.limits_of(names), list(names), at_the_end=demands.at_the_end)
        return self._limits

    def ends(self, running: Running) -> bool:
        """Whether somebody who watches has asked for the load's end; asked a few times a second."""
        wants_end = self._hooks.wants_end
        if self._stopped_s is None and wants_end is not None and wants_end():
            self._stopped_s = running.elapsed_s
        return self.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether it was ended so."""
        return self._stopped_s is not None

    @property
    def finding(self) -> Finding | None:
        """Why what was measured is not to be trusted, where it was ended so."""
        if self._stopped_s is None:
            return None
        return Finding(f"{STOPPED} {format_duration(round(self._stopped_s, 1))} into the load", "let it run to its end")
