"""What --help, --markers and --fixtures say."""

from __future__ import annotations

import pytest

from pytest_smload.options import OPTIONS
from pytest_smload.reports.registry import REPORTS
from pytest_smload.transport.registry import TRANSPORTS


def test_options_in_help(pytester: pytest.Pytester) -> None:
    """Every documented option has its line."""
    text = pytester.runpytest_inprocess("--help").stdout.str()
    assert "performance assertions for SageMaker endpoints" in text
    for option in (
        "--smload ",
        "--smload-endpoint=NAME",
        "--smload-profile=NAME",
        "--smload-users=N",
        "--smload-tps=RATE",
        "--smload-duration=TIME",
        "--smload-warmup=TIME",
        "--smload-seed=N",
        "--smload-transport=NAME",
        "--smload-report=DIR",
    ):
        assert option in text


def test_help_names_what_there_is() -> None:
    """The help of transport and report names every transport and every report's file, as the registries have them."""
    texts = {option.name: option.help for option in OPTIONS}
    assert [] == [name for name in TRANSPORTS if name not in texts["transport"]]
    assert [] == [report.file_name for report in REPORTS.values() if report.file_name not in texts["report"]]


def test_markers(pytester: pytest.Pytester) -> None:
    """Both marks are registered and explained."""
    text = pytester.runpytest_inprocess("--markers").stdout.str()
    assert "@pytest.mark.perf(tps=..., users=..., duration=..., " in text
    assert "@pytest.mark.perf_budget(p95=..., tps=..., error_rate=..., " in text


def test_strict_markers(pytester: pytest.Pytester) -> None:
    """--strict-markers knows the marks."""
    pytester.makepyfile("import pytest\n@pytest.mark.perf(users=1)\ndef test_it(): pass")
    pytester.runpytest_inprocess("--strict-markers").assert_outcomes(skipped=1)


def test_fixtures(pytester: pytest.Pytester) -> None:
    """--fixtures explains the three fixtures."""
    text = pytester.runpytest_inprocess("--fixtures").stdout.str()
    for name in ("load_profile", "sm_endpoint", "load_result"):
        assert f"\n{name} -- " in text
