"""A load about to run: everything that decides what is sent where, and what it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_smload.conduct.allowance import Safeguards

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.regressions import BaselineUse
    from pytest_smload.core.limits.budget import Budget
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.engine.distributed.crew import Crew
    from pytest_smload.settings.control import ControlSettings
    from pytest_smload.settings.tables import EndpointSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a load is compared with, within reach.

    Attributes:
        settings: What it is.
        target: Where its requests go.
        preflight: What AWS says of it, or None where nobody can be asked.
    """

    settings: ControlSettings
    target: EndpointTarget
    preflight: Preflight | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """A load about to run.

    Attributes:
        profile: The load, traffic fields filled in.
        budget: Its limits; None only measures.
        notes: Remarks for the report.
        root: What payload paths are relative to.
        transport: The transport asked for, or None for the software's choice.
        baselines: Where runs of it are recorded.
        cloudwatch: Whether CloudWatch may be asked about it.
        safeguards: What it may not do.
        preflight: What AWS says of the endpoint; None where nobody can be asked.
        scaling: What holds the endpoint's instances; None where nothing of ours does.
        control: What is sent the same in the same window, for its regression budgets; None without one.
        heard: Told of the run that is judged, once it is; None where nobody wants more than the result.
        heard_beside: Told of what was recorded of the control in that run; None where nobody wants it.
        step: Which of several loads of one question it is, ``"probe 3"``, for those who watch.
        crew: The worker processes that send it; None where this process does.
    """

    profile: LoadProfile
    label: str | None
    budget: Budget | None
    notes: tuple[str, ...]
    root: Path
    settings: EndpointSettings
    target: EndpointTarget
    transport: str | None
    baselines: BaselineUse
    cloudwatch: bool = True
    safeguards: Safeguards = field(default_factory=Safeguards)
    preflight: Preflight | None = None
    scaling: ScalingWish | None = None
    control: Control | None = None
    heard: Callable[[Assessment], object] | None = None
    heard_beside: Callable[[Recording], object] | None = None
    step: str = ""
    crew: Crew | None = None
