"""Tells JUnit XML of a test that Ctrl-C ended: pytest makes no report of it, and the file would not name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.reports.junit import junit_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smload.core.results.result import TestResult

_TEXT = "interrupted during its load: nothing was judged; what was measured until then is in the report"


def tell_junit(config: pytest.Config, result: TestResult) -> None:
    """Add the test case of *result*, an error, where the run writes JUnit XML; the terminal counts nothing."""
    xml: Any = next((each for each in config.pluginmanager.get_plugins() if type(each).__name__ == "LogXML"), None)
    if xml is None:
        return
    for report in _reports(result):
        xml.pytest_runtest_logreport(report)


def _reports(result: TestResult) -> Iterator[pytest.TestReport]:
    """The error, and the end of the test, which carries its properties."""
    path = result.nodeid.partition("::")[0]
    for when, outcome, text in (("interrupted", "failed", _TEXT), ("teardown", "passed", None)):
        yield pytest.TestReport(
            nodeid=result.nodeid,
            location=(path, None, result.nodeid),
            keywords={},
            outcome=outcome,  # type: ignore[arg-type]  # one of pytest's three
            longrepr=text,
            when=when,  # type: ignore[arg-type]  # pytest's three phases, and one more: an error, no failure
            user_properties=junit_properties(result),
        )
