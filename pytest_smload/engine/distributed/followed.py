"""One worker's part of a load, as the master follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from pytest_smload.core.load.stages import stage_spans
from pytest_smload.core.samples.generators import Clock
from pytest_smload.core.samples.packed import unpacked
from pytest_smload.core.samples.progress import Progress
from pytest_smload.engine.abort import Counts
from pytest_smload.engine.distributed.wire import Pieces

if TYPE_CHECKING:
    from pytest_smload.core.load.part import Part
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.distributed.reception import Worker
    from pytest_smload.engine.distributed.token import Opened


class Report(NamedTuple):
    """What a worker says once a second.

    Attributes:
        primed: Whether priming is over.
        ended: What has ended so far, for ``abort_on``; None without such a rule.
    """

    progress: Progress
    primed: bool
    ended: Counts | None


_SAME = Clock()


@dataclass(eq=False)
class FollowedPart:
    """One worker's part of a load.

    Attributes:
        met: What it waits for the others with, by name.
        report: The last of its reports while it loads.
        sent: Requests it had begun by then.
        recording: What it measured, once that has come.
        lost: Why it will hand nothing over, or ``""``.
        is_own_trouble: Whether that is no consequence of the load's end.
        left_early: Whether somebody ended it where it runs, and nobody here.
    """

    worker: Worker
    part: Part
    met: dict[str, float] = field(default_factory=dict)
    report: Report | None = None
    sent: int = 0
    clock: Clock = _SAME
    recording: Recording | None = None
    lost: str = ""
    is_own_trouble: bool = True
    left_early: bool = False
    _pieces: Pieces = field(default_factory=Pieces)

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come of it."""
        return self.recording is not None or bool(self.lost)

    @property
    def is_loading(self) -> bool:
        """Whether it is to report once a second: it has begun, and does not drain or write down yet."""
        return self.report is not None and self.report.progress.phase != "draining"

    def take(self, said: Opened, plan: LoadPlan) -> None:
        """Take what it said of its part of *plan*.

        Raises:
            ValueError: that is nothing a worker says of it.
        """
        try:
            self._take(said, plan)
        except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"it said what no worker says: {type(error).__name__}: {error}") from None

    def _take(self, said: Opened, plan: LoadPlan) -> None:
        facts = said.facts
        if said.kind == "meet":
            self.met[facts["name"]] = _finite(facts["value"])
        elif said.kind == "report":
            ended, self.sent = facts["ended"], int(facts["sent"])
            self.report = Report(
                Progress(**facts["progress"]),
                bool(facts["primed"]),
                None if ended is None else Counts(*map(int, ended)),
            )
        elif said.kind == "failed":
            self.lost, self.is_own_trouble = str(facts["why"]), bool(facts["own"])
        elif said.kind == "recording":
            self.clock = Clock(*map(_finite, facts["clock"]))
            self.report = None
            whole = self._pieces.add(facts, said.body)
            if whole is not None:
                self.recording = _of_plan(unpacked(whole), plan)


def _finite(value: float) -> float:
    if not -inf < value < inf:
        raise ValueError(f"it said {value} where a number is due")
    return value


def _of_plan(recording: Recording, plan: LoadPlan) -> Recording:
    found, routes = recording, plan.routes
    pairs = [
        (list(found.model_names), [route.name for route in routes]),
        (list(found.target_shares), list(plan.shares)),
        (list(found.target_variants), [route.target_variant for route in routes]),
        (found.route_kind, plan.route_kind),
        (found.open_model, plan.profile.open_model),
        (list(found.stages), stage_spans(plan.profile.stages)),
        ((len(found.bytes_in), len(found.bytes_out)), (len(routes), len(routes))),
        ((len(found.clients), found.stretches), (1, 1)),
    ]
    if any(handed_over != asked for handed_over, asked in pairs):
        raise ValueError("it handed over what was measured of another load")
    return recording
