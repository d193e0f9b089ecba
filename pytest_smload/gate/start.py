"""Opens the gate of an opted-in run: everything that can be wrong without sending a request is said here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smload.conduct.preflight import static_refusal
from pytest_smload.conduct.stale_baselines import stale_tests
from pytest_smload.core.limits.sources import DEFAULT_KEY, key_matches
from pytest_smload.errors import ConfigurationError, EndpointError, SmloadError
from pytest_smload.gate.collection import uses
from pytest_smload.gate.foreseen import foresee, strangers_by_default
from pytest_smload.gate.gate import Gate
from pytest_smload.gate.keys import PERF_TEST
from pytest_smload.gate.perf_run import nodeid_from
from pytest_smload.reports.registry import check_writable
from pytest_smload.settings.resolve import with_endpoint_defaults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.settings.tables import FileSettings


def open_gate(session: pytest.Session, collected: Sequence[pytest.Item]) -> Gate | None:
    """Return the gate for the perf tests selected in *session*, or None where there are none.

    Args:
        collected: All items collected, those since deselected included: budget keys are held against them.

    Raises:
        pytest.UsageError: options, environment, settings file or report folder are not as they must be.
    """
    items = [item for item in session.items if PERF_TEST in item.stash]
    if not items:
        return None
    try:
        gate = Gate(session.config)
        problems: list[str] = []
        concerned: dict[str, list[str]] = {}
        for item in items:
            try:
                run = gate.perf_run(item)
                run.check_baselines()
                run.check_cloudwatch(gate.overrides)
                sides = (run.endpoint, *([run.control.endpoint] if run.control is not None else []))
                refusals = [static_refusal(each, gate.safeguards(run)) for each in sides]
                if any(refusals):
                    problems += filter(None, refusals)
                elif uses(item, ["load_result"]):
                    mistakes, warning = foresee(run, with_endpoint_defaults(run.load_profile(), run.endpoint))
                    problems += mistakes
                    gate.foreseen += [warning] if warning else []
                elif uses(item, ["load_profile"]):
                    run.load_profile()
            except ConfigurationError as error:
                for problem in error.problems:
                    concerned.setdefault(problem, []).append(item.nodeid)
        problems = [*(_of_tests(*each, len(items)) for each in concerned.items()), *problems]
        files = {id(file): file for item in items if (file := gate.file_of(item)) is not None}
        for file in files.values():
            problems += _unmatched_keys(file, session, collected)
            problems += _strangers_by_default(file, session, collected)
        if problems:
            raise ConfigurationError(list(dict.fromkeys(problems)))
        gate.foreseen += _restore_dead_runs(gate, items)
        gate.stale = _stale_baselines(gate, session, items, collected)
        directory = gate.report_directory
        if directory is not None:
            check_writable(directory)
        gate.exports.check(list(files.values()))
        gate.open_ui()
    except SmloadError as error:
        raise pytest.UsageError(f"smload: {error}") from None
    return gate


def _restore_dead_runs(gate: Gate, items: Sequence[pytest.Item]) -> list[str]:
    """Restore what runs that died left changed; lines on what could not be, of endpoints nobody loads now.

    Raises:
        EndpointError: an endpoint about to be loaded is not as it was.
    """
    runs = [gate.perf_run(item) for item in items]
    loaded = {run.endpoint.endpoint_name for run in runs if not run.endpoint.embedded}
    unrestored = [each for root in dict.fromkeys(run.root for run in runs) for each in gate.restore_dead_runs(root)]
    for each in unrestored:
        if each.endpoint_name in loaded:
            raise EndpointError(each.why)
    return [each.why for each in unrestored]


def _of_tests(problem: str, nodeids: Sequence[str], of: int) -> str:
    """*problem* with the tests that have it, where not all *of* them do and it does not name its own."""
    if len(nodeids) == of or problem.startswith(nodeids[0]):
        return problem
    more = f" and {len(nodeids) - 1} more" if len(nodeids) > 1 else ""
    return f"{nodeids[0]}{more}: {problem}"


def _strangers_by_default(file: FileSettings, session: pytest.Session, collected: Sequence[pytest.Item]) -> list[str]:
    ours = [item for item in collected if PERF_TEST in item.stash]
    whole = session.config.args_source is not pytest.Config.ArgsSource.ARGS
    described = all(uses(item, ["load_result"]) for item in ours)
    marked = [fields for item in ours for _, fields in item.stash[PERF_TEST].loads]
    return strangers_by_default(file, marked, all_known=whole and described)


def _stale_baselines(
    gate: Gate, session: pytest.Session, items: Sequence[pytest.Item], collected: Sequence[pytest.Item]
) -> list[str]:
    """Lines on recorded baselines whose test does not exist, as far as files were collected whole."""
    rootdir, whole = session.config.rootpath, _files_collected_whole(session, collected)
    lines = []
    for root in dict.fromkeys(gate.perf_run(item).root for item in items):
        gated = {nodeid_from(item.nodeid, rootdir, root) for item in collected if PERF_TEST in item.stash}
        ids = {nodeid_from(item.nodeid, rootdir, root) for item in collected}
        lines += stale_tests(root, collected=ids, gated=gated, whole=whole)
    return lines


def _unmatched_keys(file: FileSettings, session: pytest.Session, collected: Sequence[pytest.Item]) -> list[str]:
    """Budget keys that match no test although all tests of their file were collected, or whose file does not exist."""
    rootdir = session.config.rootpath
    nodeids = [nodeid_from(item.nodeid, rootdir, file.root) for item in collected]
    whole = _files_collected_whole(session, collected)
    problems = []
    for key in file.budgets:
        if key == DEFAULT_KEY or any(key_matches(key, nodeid) for nodeid in nodeids):
            continue
        place = file.root / key.partition("::")[0].partition("[")[0]
        if not place.exists():
            problems.append(f'{file.label}: [budgets."{key}"]: there is no {place}; correct or remove the key')
        elif "::" in key and str(place) in whole:
            problems.append(
                f'{file.label}: [budgets."{key}"]: matches no test of {place.name}; keys are the ids pytest prints, '
                f"relative to {file.label}'s folder"
            )
    return problems


def _files_collected_whole(session: pytest.Session, collected: Sequence[pytest.Item]) -> set[str]:
    """Files all of whose tests were collected: none was named by node id, and no option left tests out."""
    if session.config.getoption("lf", default=False):
        return set()
    part = {argument.partition("::")[0] for argument in session.config.args if "::" in argument}
    named = {str((session.config.invocation_params.dir / path).resolve()) for path in part}
    return {str(item.path) for item in collected} - named
