"""What there is to show of a running load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_smload.core.live.standing import Standing

if TYPE_CHECKING:
    from pytest_smload.core.request.route_kinds import RouteKind
    from pytest_smload.core.samples.progress import Progress


@dataclass(frozen=True, slots=True)
class LiveView:
    """A running load as it is shown.

    Attributes:
        progress: How it goes.
        standing: How it stands in its window so far.
        label: The load's own, or None.
        step: Which of several loads it is, ``"probe 3"``, or ``""``.
        control: What it runs beside, whose requests are in none of the figures; ``""`` without a control.
        route_kind: What its routes are; None of a load with one.
    """

    progress: Progress
    standing: Standing = field(default_factory=Standing)
    label: str | None = None
    step: str = ""
    control: str = ""
    route_kind: RouteKind | None = None
