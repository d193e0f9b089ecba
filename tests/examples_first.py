"""A pytest plugin that has the examples, which wait nearly all of their time, under way while other tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from example_runs import ExampleRuns

if TYPE_CHECKING:
    from collections.abc import Iterator

BESIDE = ("aws", "conduct", "core", "emulator", "gate", "reports", "settings", "transport", "typing", "test_package.py")
"""Folders of which nothing asserted depends on what the machine does besides."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those beside which the examples may run come first, then the examples."""
    items.sort(key=lambda item: (_part(item) not in BESIDE, _part(item) != "examples"))


def _part(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0].removeprefix("tests/").partition("/")[0]


@pytest.fixture(scope="session")
def example_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExampleRuns]:
    """Runs of the examples that have begun."""
    runs = ExampleRuns.begin(tmp_path_factory.mktemp)
    yield runs
    runs.stop()


@pytest.fixture(scope="session", autouse=True)
def _begin_examples(request: pytest.FixtureRequest) -> None:
    # Of several workers one has them; it begins them when it comes to them, and the others go on meanwhile.
    if not hasattr(request.config, "workerinput") and any(
        "example_runs" in getattr(item, "fixturenames", ()) for item in request.session.items
    ):
        request.getfixturevalue("_own_environment")
        request.getfixturevalue("example_runs")
