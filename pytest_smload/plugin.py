"""Hooks and fixtures: what pytest calls; everything heavy is imported inside, by runs that need it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smload.gate.keys import (
    BASELINE,
    COLLECTED,
    ERROR_PHASE,
    FAILURE,
    GATE,
    INVALID_PHASE,
    KEEPER,
    OPTED_IN,
    PERF_RUN,
    RESULT,
)
from pytest_smload.gate.optin import opts_in
from pytest_smload.options import OPTIONS, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

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
    config.stash[OPTED_IN] = bool(config.getoption("smload")) or opts_in(config.getoption("markexpr", ""))
    if not config.stash[OPTED_IN]:
        return
    if len(config.getoption("tx", None) or ()) > 1:
        raise pytest.UsageError("smload: several xdist workers would load the endpoint at once; add -n0")
    from pytest_smload.gate.results import ResultKeeper

    config.stash[KEEPER] = keeper = ResultKeeper(config)
    config.pluginmanager.register(keeper, "smload-records")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.stash[OPTED_IN]:
        config.stash[COLLECTED] = list(items)
    if any(map(_may_be_ours, items)):
        from pytest_smload.gate.collection import prepare_items

        prepare_items(session, items, opted_in=config.stash[OPTED_IN])


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    if config.stash[OPTED_IN] and not config.getoption("collectonly") and any(map(_may_be_ours, session.items)):
        from pytest_smload.gate.start import open_gate

        collected = config.stash[COLLECTED]
        gate = open_gate(session, collected)
        if gate is not None:
            config.stash[GATE] = gate


def pytest_runtest_setup(item: pytest.Item) -> None:
    gate = item.config.stash.get(GATE, None)
    if gate is not None:
        gate.begin_attempt(item)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    returned = yield
    run = _run_of(item)
    if run is not None:
        from pytest_smload.gate.outcome import breach_text

        gate = item.config.stash[GATE]
        text = breach_text(run, report_directory=gate.report_directory, options=gate.options)
        if text is not None:
            pytest.fail(text, pytrace=False)
    return returned


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    run = _run_of(item)
    if run is not None:
        _enforce(run, report, call, item.config.stash[GATE].options)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    # A repeated attempt is no error: its outcome is "rerun".
    word = _ERROR_WORDS.get(report.when)
    return ("error", "E", word) if word is not None and report.failed else None


def pytest_unconfigure(config: pytest.Config) -> None:
    gate = config.stash.get(GATE, None)
    if gate is not None:
        gate.close()


@pytest.fixture
def load_profile(request: pytest.FixtureRequest) -> LoadProfile:
    """The load that marks, settings file, environment and options describe together; frozen, ``.replace(...)``."""
    with _errors_in_one_line():
        run: PerfRun = request.node.stash[PERF_RUN]
        return run.load_profile()


@pytest.fixture
def sm_endpoint(request: pytest.FixtureRequest) -> SmEndpoint:
    """The endpoint under test: ``.load(profile)`` runs a load, ``.invoke(payload)`` sends one request."""
    from pytest_smload.gate.sm_endpoint import SmEndpoint

    with _errors_in_one_line():
        return SmEndpoint(request.config.stash[GATE], request.node.stash[PERF_RUN])


@pytest.fixture
def load_result(sm_endpoint: SmEndpoint, load_profile: LoadProfile) -> LoadResult:
    """What ``sm_endpoint.load(load_profile)`` measured, run once."""
    with _errors_in_one_line():
        return sm_endpoint.load(load_profile)


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    """Show our errors as their text alone: the traceback through our code says nothing a user can act on."""
    from pytest_smload.errors import SmloadError

    __tracebackhide__ = True
    try:
        yield
    except SmloadError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _enforce(run: PerfRun, report: pytest.TestReport, call: pytest.CallInfo[None], options: Sequence[str]) -> None:
    """Make of *report* what the verdicts of the attempt's loads demand."""
    from pytest_smload.gate.outcome import Phase, judge_phase

    text = report.longreprtext if report.failed else ""
    crash = getattr(report.longrepr, "reprcrash", None)
    error = call.excinfo.value if call.excinfo is not None else None
    phase = Phase(report.when, report.outcome, text, crash.message if crash is not None else text, error)
    ruling = judge_phase(run, phase, options=options)
    if ruling.phase is not phase:
        report.outcome = "failed"
        report.when = ruling.phase.when  # type: ignore[assignment]  # pytest's three phases, and two more
        report.longrepr = ruling.phase.text
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    report.user_properties.extend(ruling.properties)
    for name, value in ((RESULT, ruling.result), (FAILURE, ruling.failure), (BASELINE, ruling.baseline)):
        if value is not None:
            setattr(report, name, value)


def _run_of(item: pytest.Item) -> PerfRun | None:
    return item.stash.get(PERF_RUN, None)


def _may_be_ours(item: pytest.Item) -> bool:
    """A look that imports nothing; the gate decides."""
    fixtures = getattr(item, "fixturenames", ())
    return (
        item.get_closest_marker("perf") is not None
        or item.get_closest_marker("perf_budget") is not None
        or any(name in fixtures for name in ("sm_endpoint", "load_result", "load_profile"))
    )
