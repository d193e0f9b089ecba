"""One attempt of one perf test: its endpoint, its profile, and the loads it has run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_smload.conduct.baseline_file import BaselineFile
from pytest_smload.conduct.regressions import BaselineUse
from pytest_smload.core.baselines.runs import load_key
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.limits.server_limit import ServerLimit
from pytest_smload.core.limits.sources import budget_from_sources, key_matches, override_budget
from pytest_smload.core.safety.cost import Prices
from pytest_smload.core.safety.limits import NO_SAFETY, SafetyLimits
from pytest_smload.errors import ConfigurationError
from pytest_smload.options import NO_CLOUDWATCH
from pytest_smload.settings.control import choose_control
from pytest_smload.settings.resolve import choose_endpoint, resolve_load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.budget import Budget
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.results.result import LoadResult, Verdict
    from pytest_smload.core.scaling.wish import ScalingWish
    from pytest_smload.gate.marks import PerfTest
    from pytest_smload.settings.control import ControlSettings
    from pytest_smload.settings.sources import Overrides
    from pytest_smload.settings.tables import EndpointSettings, FileSettings


@dataclass(slots=True, kw_only=True)
class PerfRun:
    """What one attempt of a test asks for, and has run.

    Attributes:
        nodeid: The id pytest prints.
        attempt: 1, or more where a plugin repeats failed tests.
        endpoint: The endpoint its loads go to.
        profile: The resolved load of marks, file, environment and options; without users, tps and stages where none is
            given.
        profile_name: The named profile that took part.
        control: What its loads are compared with in the same window; None without one.
        scaling: What it asks of its endpoint's instances, for all of the test; None where it leaves them alone.
        results: Its loads so far.
        capacities: What its capacity searches found so far.
        over: Whether its body is over and its verdict given.
        told: Whether the text it fails with shows the checks of its loads.
        safety: What loads may not do, of the file.
        prices: What they cost, of the file.
        baselines: The file its runs are recorded in.
        updating: Whether this run records.
        accepting: Whether it does where the run regressed.
        load_keys: Of its loads so far, in the baseline file.
        own_limits: Where the limits written for this very test are, by a mark or a key that names it; ``""`` where
            there are none.
        inherited: Whether a load of it was held against them.
        thread: The thread the test runs in.
        strayed: Why what it ran elsewhere is not judged, or ``""``.
    """

    nodeid: str
    attempt: int
    root: Path
    endpoint: EndpointSettings
    profile: LoadProfile
    profile_name: str | None
    budget: Budget
    notes: tuple[str, ...]
    baselines: BaselineFile
    updating: bool
    safety: SafetyLimits = NO_SAFETY
    prices: Prices = field(default_factory=Prices)
    accepting: bool = False
    scaling: ScalingWish | None = None
    control: ControlSettings | None = None
    load_keys: set[str] = field(default_factory=set)
    results: list[LoadResult] = field(default_factory=list)
    capacities: list[Capacity] = field(default_factory=list)
    over: bool = False
    told: bool = False
    own_limits: str = ""
    inherited: bool = False
    thread: int = field(default_factory=threading.get_ident)
    strayed: str = ""

    @classmethod
    def from_sources(
        cls,
        perf_test: PerfTest,
        *,
        nodeid: str,
        attempt: int,
        overrides: Overrides,
        file: FileSettings | None,
        rootdir: Path,
    ) -> PerfRun:
        """Put together marks, file, environment and options.

        Raises:
            ConfigurationError: with one sentence per mistake.
        """
        endpoint = choose_endpoint(overrides=overrides, marks=perf_test.loads, file=file)
        control = choose_control(marks=perf_test.loads, file=file, endpoint=endpoint)
        resolved = resolve_load(overrides=overrides, marks=perf_test.loads, file=file, endpoint=endpoint)
        root = file.root if file is not None else rootdir
        test = nodeid_from(nodeid, rootdir, root)
        budget, problems, notes = budget_from_sources(
            test,
            marks=perf_test.limits,
            tables=file.budgets if file is not None else {},
            profile=resolved.profile_name,
        )
        if problems:
            raise ConfigurationError([f"{nodeid}: {problem}" for problem in problems])
        return cls(
            nodeid=nodeid,
            attempt=attempt,
            root=root,
            endpoint=endpoint,
            profile=resolved.profile,
            profile_name=resolved.profile_name,
            budget=budget,
            notes=(*notes, *(control.notes(endpoint) if control is not None else ())),
            baselines=BaselineFile(root, test),
            updating=overrides.update_baselines,
            safety=file.safety if file is not None else NO_SAFETY,
            prices=file.prices if file is not None else Prices(),
            own_limits=_own_limits(perf_test, test, file),
            accepting=overrides.accept_regression,
            scaling=perf_test.scaling,
            control=control,
        )

    def check_baselines(self) -> None:
        """Look at the test's baseline file, where its budget needs one, before any load; a control takes its place.

        Raises:
            ConfigurationError: it is not a baseline.
            ReportError: it is to be written, and cannot be.
        """
        if self.control is None and any(isinstance(entry, RegressionLimit) for entry in self.budget.limits.values()):
            self.baselines.read()
            if self.updating:
                self.baselines.try_folder()

    def baselines_of(self, label: str | None, options: Sequence[str]) -> BaselineUse:
        """Return where the next load, called *label*, is recorded; those of one label by the order they run in.

        *options* are this run's ``--smload-…`` arguments, for the command that records it.
        """
        earlier = sum(result.label == label for result in self.results)
        key = load_key(label, earlier + 1)
        self.load_keys.add(key)
        return BaselineUse(self.baselines, key, self.updating, self.accepting, (self.nodeid, *options))

    def check_cloudwatch(self, overrides: Overrides) -> None:
        """Refuse limits on the server's side where CloudWatch is not to be asked: not looking is not keeping them.

        Raises:
            ConfigurationError: there is one.
        """
        limit = next((each for each in self.budget.limits.values() if isinstance(each, ServerLimit)), None)
        if limit is not None and overrides.no_cloudwatch:
            option = overrides.source(NO_CLOUDWATCH.name)
            raise ConfigurationError(
                f"{self.nodeid}: {limit.source}: {limit.metric} is CloudWatch's to say, and {option} forbids asking; "
                "run without it, or leave the limit out"
            )

    def load_profile(self) -> LoadProfile:
        """Return the resolved profile.

        Raises:
            ConfigurationError: no source says how much load there is.
        """
        if not self.profile.has_shape:
            raise ConfigurationError(
                f"{self.nodeid}: how much load? give one of users, tps and stages in the perf mark, "
                "in a named profile of smload.toml (profile=...), or by --smload-users / --smload-tps"
            )
        return self.profile

    def check_thread(self) -> None:
        """Refuse a load in a thread of the test's own: it may outlive the test, and two at once disturb one another.

        Raises:
            ConfigurationError: it is in one; the test hears of it too, whatever becomes of the thread.
        """
        if threading.get_ident() != self.thread:
            self.strayed = (
                "sm_endpoint.load was called in a thread: its load would not be judged, and would disturb another; "
                "call it in the test's own thread, or describe one load with stages"
            )
            raise ConfigurationError(self.strayed)

    def budget_of(self, budget: Any, inherit: object) -> Budget | None:
        """Return the limits of a load called with *budget*: the test's own where it is *inherit*."""
        if budget is inherit:
            self.inherited = True
            return self.budget
        return override_budget(budget, source="load(budget=...)", profile=self.profile_name)

    @property
    def unused_budget(self) -> str:
        """Where the test's own limits are, if they were applied to none of its loads, else ``""``."""
        return "" if self.inherited else self.own_limits

    @property
    def measured(self) -> bool:
        """Whether it has run a load or searched a capacity."""
        return bool(self.results or self.capacities)

    @property
    def verdict(self) -> Verdict:
        """``interrupted`` before ``invalid`` before ``fail`` before ``pass``; a test without a load is invalid."""
        verdicts: list[Verdict] = [each.verdict for each in self.results]
        verdicts += [each.verdict for each in self.capacities]
        if "interrupted" in verdicts:
            return "interrupted"
        if not verdicts or "invalid" in verdicts:
            return "invalid"
        return "fail" if "fail" in verdicts else "pass"


def _own_limits(perf_test: PerfTest, test: str, file: FileSettings | None) -> str:
    """Where limits for *test* itself are; those of a folder, a file or the default table are for others too."""
    keys = [key for key in (file.budgets if file is not None else ()) if "::" in key and key_matches(key, test)]
    if keys and file is not None:
        return f'{file.label} [budgets."{max(keys, key=len)}"]'
    return perf_test.limits[-1][0][1].source if perf_test.limits else ""


def nodeid_from(nodeid: str, rootdir: Path, root: Path) -> str:
    """Return *nodeid* relative to the settings file's folder instead of pytest's rootdir: what budget keys match."""
    if root != rootdir and root.is_relative_to(rootdir):
        return nodeid.removeprefix(f"{root.relative_to(rootdir).as_posix()}/")
    return nodeid
