"""Hooks and fixtures: what pytest calls; everything heavy is imported inside, by runs that need it."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pluggy
import pytest

from pytest_smload.gate.command_line import refuse_command_line
from pytest_smload.gate.keys import (
    COLLECTED,
    ERROR_PHASE,
    GATE,
    IN_BODY,
    INVALID_PHASE,
    KEEPER,
    OPTED_IN,
    PERF_RUN,
    PERF_TEST,
)
from pytest_smload.gate.mark_names import meant
from pytest_smload.gate.optin import SKIP_REASON, opts_in
from pytest_smload.options import OPTIONS, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.core.results.result import LoadResult
    from pytest_smload.gate.perf_run import PerfRun
    from pytest_smload.gate.sm_endpoint import SmEndpoint

_MARKS = (
    "perf(tps=..., users=..., duration=..., profile=..., ...): a performance test; its load, in fields of LoadProfile",
    "perf_budget(p95=..., tps=..., error_rate=..., model=...): limits of a performance test's load; repeatable",
)

_ERROR_WORDS: dict[str | None, str] = {INVALID_PHASE: "INVALID", ERROR_PHASE: "ERROR"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("smload", "performance assertions for SageMaker endpoints")
    group.addoption("--smload", action="store_true", help="run perf tests, as -m perf does: they send load")
    for option in OPTIONS:
        group.addoption(option.flag, dest=option.dest, metavar=option.metavar, help=option.help)
    for option in SWITCHES:
        group.addoption(option.flag, dest=option.dest, action="store_true", help=option.help)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_smload import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    try:
        config.stash[OPTED_IN] = bool(config.getoption("smload")) or opts_in(config.getoption("markexpr", ""))
    except ValueError as error:
        raise pytest.UsageError(f"smload: {error}") from None
    refuse_command_line(config, opted_in=config.stash[OPTED_IN])
    if not config.stash[OPTED_IN]:
        return
    from pytest_smload.gate.results import ResultKeeper

    config.stash[KEEPER] = keeper = ResultKeeper(config)
    config.pluginmanager.register(keeper, "smload-records")


def pytest_internalerror(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Say a mistake of a plugin registered while pytest was configured: nothing of ours stands around that."""
    if not isinstance(excinfo.value, pluggy.PluginValidationError):
        return False
    from pytest_smload.gate.hook_mistakes import hook_mistakes

    mistakes = hook_mistakes(excinfo.value.plugin)
    for mistake in mistakes:
        sys.stderr.write(f"ERROR: smload: {mistake}\n")
    return bool(mistakes)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    with _hook_mistakes_in_one_line():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    # pytest looks for hooks that nobody declared once everything is collected.
    with _hook_mistakes_in_one_line():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    # The conftest of a folder further down is loaded when that is collected.
    call: pytest.CallInfo[object] | None = getattr(report, "call", None)
    if report.failed and call is not None and call.excinfo is not None:
        error = call.excinfo.value
        if isinstance(error, pluggy.PluginValidationError):
            from pytest_smload.gate.hook_mistakes import hook_mistakes

            report.longrepr = "\n".join(hook_mistakes(error.plugin)) or report.longrepr
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    if config.stash[OPTED_IN]:
        config.stash[COLLECTED] = list(items)
    _prepare_items(session, items)
    returned = yield
    # A conftest that marks tests by their folder does so in this hook.
    _prepare_items(session, items)
    return returned


def _prepare_items(session: pytest.Session, items: list[pytest.Item]) -> None:
    if any(map(_may_be_ours, items)):
        from pytest_smload.gate.collection import prepare_items

        prepare_items(session, items, opted_in=session.config.stash[OPTED_IN])


@pytest.hookimpl(tryfirst=True)  # before the terminal says what was collected, and asks for more lines
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    if config.stash[OPTED_IN] and not config.getoption("collectonly") and any(map(_may_be_ours, session.items)):
        from pytest_smload.errors import SmloadError

        try:
            from pytest_smload.gate.start import open_gate
        except SmloadError as error:
            raise pytest.UsageError(f"smload: {error}") from None

        # Without it the collection was broken off.
        collected = config.stash.get(COLLECTED, [])
        gate = open_gate(session, collected)
        if gate is not None:
            config.stash[GATE] = gate


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    gate = config.stash.get(GATE, None)
    if gate is None:
        return []
    served = [f"smload: Locust's web UI of the running load: {gate.ui.url}"] if gate.ui is not None else []
    return [*(f"smload: warning: {line}" for line in gate.foreseen), *served]


def pytest_runtest_setup(item: pytest.Item) -> None:
    gate = item.config.stash.get(GATE, None)
    if gate is not None:
        gate.begin_attempt(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        run = _run_of(item)
        if run is not None:
            item.config.stash[GATE].keep_interrupted(run)
        raise


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[IN_BODY] = True
    try:
        returned = yield
    except pytest.skip.Exception:
        # What a load has measured stands, whatever the body says of itself afterwards.
        _hold_to_its_loads(item)
        raise
    finally:
        item.stash[IN_BODY] = False
    _hold_to_its_loads(item)
    return returned


def _hold_to_its_loads(item: pytest.Item) -> None:
    if item.stash.get(PERF_TEST, None) is not None:
        from pytest_smload.gate.enforcement import hold_to_its_loads

        hold_to_its_loads(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    run = _run_of(item)
    # A report made while the body runs is a subtest's; what the loads came to is the test's.
    if run is not None and not item.stash.get(IN_BODY, False):
        from pytest_smload.gate.enforcement import enforce

        enforce(run, item, report, call, item.config.stash[GATE])
        if report.when == "setup" and report.failed and "ScopeMismatch" in report.longreprtext:
            from pytest_smload.gate.scope_mismatch import explained

            report.longrepr = explained(report.longreprtext) or report.longrepr
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    # A repeated attempt is no error: its outcome is "rerun".
    word = _ERROR_WORDS.get(report.when)
    return ("error", "E", word) if word is not None and report.failed else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if SKIP_REASON in str(report.longrepr)]
    if skipped:
        tests = "perf test was" if len(skipped) == 1 else "perf tests were"
        terminalreporter.write_line(f"smload: {len(skipped)} {tests} skipped: each {SKIP_REASON}")


def pytest_unconfigure(config: pytest.Config) -> None:
    gate = config.stash.get(GATE, None)
    if gate is not None:
        gate.close()


@pytest.fixture
def load_profile(request: pytest.FixtureRequest) -> LoadProfile:
    """The load that marks, settings file, environment and options describe together; frozen, ``.replace(...)``."""
    from pytest_smload.gate.one_line import errors_in_one_line

    with errors_in_one_line(request):
        return _run_for(request).load_profile()


@pytest.fixture
def sm_endpoint(request: pytest.FixtureRequest) -> Iterator[SmEndpoint]:
    """The endpoint under test: ``.load(profile)`` runs a load, ``.invoke(payload)`` sends one request."""
    from pytest_smload.gate.one_line import errors_in_one_line
    from pytest_smload.gate.sm_endpoint import SmEndpoint

    with ExitStack() as held:
        with errors_in_one_line(request):
            # A test that is not ours has no gate either.
            run = _run_for(request)
            endpoint = SmEndpoint(request.config.stash[GATE], run)
            held.enter_context(endpoint.held_as_marked())
        yield endpoint
        with errors_in_one_line(request):
            held.close()


@pytest.fixture
def load_result(request: pytest.FixtureRequest, sm_endpoint: SmEndpoint, load_profile: LoadProfile) -> LoadResult:
    """What ``sm_endpoint.load(load_profile)`` measured, run once."""
    __tracebackhide__ = True
    from pytest_smload.gate.one_line import errors_in_one_line

    with errors_in_one_line(request):
        return sm_endpoint.load(load_profile)


def _run_for(request: pytest.FixtureRequest) -> PerfRun:
    """The attempt that asks for a fixture of ours; a test that nobody knew to be ours has none."""
    run = _run_of(request.node)
    if run is None:
        from pytest_smload.errors import ConfigurationError

        raise ConfigurationError(
            f"{request.fixturename} is asked for while the test runs, by a test that does not say it sends load: name "
            "the fixture in its signature, and add @pytest.mark.perf(...)"
        )
    return run


@contextmanager
def _hook_mistakes_in_one_line() -> Iterator[None]:
    """Say what a conftest has of our hooks that does not exist, instead of where pytest noticed it."""
    try:
        yield
    except pluggy.PluginValidationError as error:
        from pytest_smload.gate.hook_mistakes import hook_mistakes

        mistakes = hook_mistakes(error.plugin)
        if not mistakes:
            raise
        text = "\n".join(mistakes)
    else:
        return
    raise pytest.UsageError(f"smload: {text}")


def _run_of(item: pytest.Item) -> PerfRun | None:
    return item.stash.get(PERF_RUN, None)


def _may_be_ours(item: pytest.Item) -> bool:
    """A look that imports nothing; the gate decides."""
    if any(meant(mark.name) is not None for mark in item.iter_markers()):
        return True
    fixtures = getattr(item, "fixturenames", ())
    return (
        item.get_closest_marker("perf") is not None
        or item.get_closest_marker("perf_budget") is not None
        or any(name in fixtures for name in ("sm_endpoint", "load_result", "load_profile"))
    )
