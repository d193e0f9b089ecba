"""What one opted-in pytest run keeps from its first perf test to its last."""

from __future__ import annotations

import os
import unittest
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.aws.shown_url import shown_url
from pytest_smload.conduct.allowance import Safeguards, Spending
from pytest_smload.conduct.capacity import find_capacity
from pytest_smload.conduct.dead_runs import restore_dead_runs
from pytest_smload.conduct.endpoints import EndpointPool
from pytest_smload.conduct.load import conduct
from pytest_smload.conduct.preflight import check_may_change
from pytest_smload.conduct.shielded import shielded
from pytest_smload.console import Console
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.web_ui.address import Address
from pytest_smload.engine.web_ui.process import WebUi
from pytest_smload.gate.environment_hook import call_environment_hook
from pytest_smload.gate.exports import Exports
from pytest_smload.gate.generators import crew_of
from pytest_smload.gate.instances import HeldInstances
from pytest_smload.gate.interruption import tell_junit
from pytest_smload.gate.keys import KEEPER, PERF_RUN, PERF_TEST
from pytest_smload.gate.outcome import result_of
from pytest_smload.gate.perf_run import PerfRun
from pytest_smload.gate.terminal import PytestTerminal, is_alone
from pytest_smload.gate.termination import Termination
from pytest_smload.gate.users_code import from_users_code
from pytest_smload.options import ALLOW_PRODUCTION, FILE_OPTIONS, OPTIONS, SWITCHES
from pytest_smload.reports.text.failure import DEFAULT_WIDTH
from pytest_smload.settings.file import SettingsFiles
from pytest_smload.settings.sources import read_overrides

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.conduct.capacity import CapacityRequest
    from pytest_smload.conduct.dead_runs import Unrestored
    from pytest_smload.conduct.request import LoadRequest
    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.exports.recorded_load import Role
    from pytest_smload.settings.tables import FileSettings

UI = "ui"
_ATTEMPT = pytest.StashKey[int]()
_ENDS_TEST = (pytest.fail.Exception, pytest.skip.Exception, unittest.SkipTest, SystemExit, GeneratorExit)


class Gate:
    """Settings, endpoints and console of one pytest run.

    Attributes:
        overrides: Options and environment.
        crew: The processes that send loads; None where this one does.
        endpoints: The endpoints used so far.
        instances: The holds on their instances.
        exports: What is kept of the loads for other tools.
        foreseen: What to know of the loads before they run, a line each.
        ui: Locust's web UI, or None.
        stale: Lines on baselines whose test does not exist, for the first report of a test of ours: only reports reach
            the terminal from an xdist worker.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._hook = config.hook
        given = {option.name: config.getoption(option.dest) for option in OPTIONS}
        given |= {option.name: "1" for option in SWITCHES if config.getoption(option.dest)}
        self.overrides = read_overrides(given, dict(os.environ))
        self.crew = crew_of(self.overrides, os.environ)
        self.endpoints = EndpointPool()
        self._spending = Spending()
        self.foreseen: list[str] = []
        self.stale: list[str] = []
        self._files = SettingsFiles(config.rootpath)
        self._console = Console(self._terminal)
        self._termination = Termination()
        self.instances = HeldInstances(self._console, self._termination)
        self.exports = Exports(self.overrides, config.invocation_params.dir)
        self.ui: WebUi | None = None

    @property
    def transport(self) -> str | None:
        """The transport asked for by option or environment."""
        return self.overrides.text("transport")

    @property
    def report_directory(self) -> str | None:
        """Where ``report.json`` goes, or None."""
        return self.overrides.text("report")

    @property
    def width(self) -> int:
        """Columns of the terminal; what failures are laid out for where there is none."""
        if self._config.pluginmanager.get_plugin("terminalreporter") is None:
            return DEFAULT_WIDTH
        return self._config.get_terminal_writer().fullwidth

    @property
    def options(self) -> list[str]:
        """This run's ``--smload-…`` arguments that say what is loaded and how."""
        loading = (option for option in OPTIONS if option.name not in FILE_OPTIONS)
        given = ((option, self.overrides.options.get(option.name)) for option in loading)
        texts = [text for option, value in given if value is not None for text in (option.flag, str(value))]
        # Without it the command would be refused.
        meant = self.overrides.options.get(ALLOW_PRODUCTION.name)
        return [*texts, ALLOW_PRODUCTION.flag] if meant else texts

    def file_of(self, item: pytest.Item) -> FileSettings | None:
        """Return the settings file in force for a test."""
        return self._files.of_test(item.path)

    def begin_attempt(self, item: pytest.Item) -> None:
        """Count another attempt of *item*; its loads so far belong to the one before."""
        if PERF_TEST in item.stash:
            # A conftest's hooks are for the tests of its folder.
            self._hook = item.ihook
            item.stash[_ATTEMPT] = item.stash.get(_ATTEMPT, 0) + 1
            item.stash[PERF_RUN] = self.perf_run(item)

    def perf_run(self, item: pytest.Item) -> PerfRun:
        """Put together what *item* asks for.

        Raises:
            ConfigurationError: with one sentence per mistake.
        """
        return PerfRun.from_sources(
            item.stash[PERF_TEST],
            nodeid=item.nodeid,
            attempt=item.stash.get(_ATTEMPT, 1),
            overrides=self.overrides,
            file=self.file_of(item),
            rootdir=self._config.rootpath,
        )

    def safeguards(self, run: PerfRun) -> Safeguards:
        """Return what the file of *run* and the command line say of safety, with what this run has cost so far."""
        return Safeguards(run.safety, run.prices, self.overrides.allow_production, self._spending)

    def check_may_change(self, run: PerfRun, preflight: Preflight | None) -> None:
        """Refuse to change the instances of *run*'s endpoint where safety forbids its load.

        Raises:
            ConfigurationError, EndpointError: as `pytest_smload.conduct.preflight.check_may_change`.
        """
        with self._termination.loading():
            check_may_change(run.endpoint, self.safeguards(run), preflight, self._console.waiting)

    def conduct(self, run: PerfRun, request: LoadRequest) -> LoadResult:
        """Run one load of a test, showing it on the console.

        Raises:
            KeyboardInterrupt, pytest.exit.Exception: Ctrl-C or SIGTERM ended the load; what was measured is among the
                run's results.
        """
        __tracebackhide__ = True
        try:
            with self._termination.loading():
                result = self._conducted(run, request, "load")
        except _ENDS_TEST as error:
            # It was a listener's to raise; the way it took through our code says nothing.
            raise error.with_traceback(from_users_code(error.__traceback__)) from error.__cause__
        finally:
            self._console.end_load()
        run.results.append(result)
        if result.interrupted:
            self.keep_interrupted(run)
            self._termination.exit_if_asked()
            raise KeyboardInterrupt
        return result

    def find_capacity(self, run: PerfRun, request: CapacityRequest) -> Capacity:
        """Search the capacity of a test's endpoint, showing it on the console.

        Raises:
            KeyboardInterrupt, pytest.exit.Exception: as `conduct`; what was found is among the run's capacities.
        """
        __tracebackhide__ = True
        try:
            with self._termination.loading():
                found = find_capacity(request, lambda load: self._conducted(run, load, "probe"), self._console.tell)
        except _ENDS_TEST as error:
            raise error.with_traceback(from_users_code(error.__traceback__)) from error.__cause__
        finally:
            self._console.end_load()
        run.capacities.append(found)
        if found.interrupted:
            self.keep_interrupted(run)
            self._termination.exit_if_asked()
            raise KeyboardInterrupt
        return found

    def _conducted(self, run: PerfRun, request: LoadRequest, role: Role) -> LoadResult:
        shown = nullcontext() if self.ui is None else self.ui.showing(shown_url(request.target.url), run.nodeid)
        with shown, self.exports.hearing(run, request, role) as heard:
            return conduct(heard, self._hooks(request), self._console)

    def keep_interrupted(self, run: PerfRun) -> None:
        """Record the loads of an attempt that a signal or ``pytest.exit`` ended: pytest makes no report of it."""
        if run.over or not run.measured:
            return
        run.over = True
        interrupted = replace(result_of(run), verdict="interrupted")
        self._config.stash[KEEPER].tests.append(interrupted)
        tell_junit(self._config, interrupted)

    def open_ui(self) -> None:
        """Serve Locust's web UI where that is asked for.

        Raises:
            ConfigurationError: it cannot be served there.
        """
        asked = self.overrides.text(UI)
        if asked is None:
            return
        address = Address.parse(asked, self.overrides.source(UI))
        self.ui = WebUi(address)
        self.foreseen += [address.warning] if address.warning else []

    def close(self) -> None:
        """Restore what is still changed, and stop what is still running."""
        self.exports.close()
        self.instances.close()
        self._termination.close()
        if self.ui is not None:
            self.ui.close()
        if self.crew is not None:
            self.crew.close()
        self.endpoints.close()

    def restore_dead_runs(self, root: Path) -> list[Unrestored]:
        """Restore what dead runs below the settings folder *root* changed, and return what could not be."""
        with shielded(lambda: self._console.tell("smload: what a dead run had changed is being restored first")):
            return restore_dead_runs(root, self._console.waiting, self._console.tell)

    @contextmanager
    def _terminal(self) -> Iterator[Any]:
        """pytest's terminal reporter with output capturing paused, or None with ``-q`` and where there is none."""
        plugins = self._config.pluginmanager
        reporter: Any = plugins.get_plugin("terminalreporter")
        if reporter is None or reporter.verbosity < 0:
            yield None
            return
        capture: Any = plugins.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            yield PytestTerminal(reporter, alone=is_alone(self._config))

    def _hooks(self, request: LoadRequest) -> LoadHooks:
        hook = self._hook.pytest_smload_environment

        def on_environment(environment: Any) -> None:
            call_environment_hook(hook, environment, request.profile)

        return LoadHooks(
            on_environment=on_environment if hook.get_hookimpls() else None,
            on_progress=self.ui.hear if self.ui is not None else None,
            wants_end=self.ui.wants_end if self.ui is not None else None,
            ends_test=(pytest.exit.Exception, unittest.SkipTest),
            refresh=getattr(request.target.credentials, "refresh_if_needed", None),
        )
