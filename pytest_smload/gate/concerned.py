"""Tells which tests with a bare ``perf`` mark an option, a variable or a budget key makes ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_smload.core.limits.sources import DEFAULT_KEY, key_matches
from pytest_smload.errors import ConfigurationError
from pytest_smload.gate.perf_run import nodeid_from
from pytest_smload.options import OPTIONS
from pytest_smload.settings.file import SettingsFiles

if TYPE_CHECKING:
    import pytest

_LOADS = ("users", "tps", "profile")
"""Options that say how much load there is."""


class Concerned:
    """Whether a run has a load, or limits, for tests that say nothing themselves.

    Such a test must send its load or be an error: passing by, with limits in smload.toml that count as matched, it
    would be green for nothing.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._rootdir = config.rootpath
        self._files = SettingsFiles(config.rootpath)
        self._by_option = any(
            config.getoption(option.dest) is not None or os.environ.get(option.variable, "").strip()
            for option in OPTIONS
            if option.name in _LOADS
        )

    def concerns(self, item: pytest.Item) -> bool:
        """Whether *item*, a test with a bare mark, is to send a load."""
        return self._by_option or self._has_key(item)

    def _has_key(self, item: pytest.Item) -> bool:
        try:
            file = self._files.of_test(item.path)
        except ConfigurationError:
            # Its mistakes are told when the gate opens, which this test then asks for.
            return True
        if file is None:
            return False
        nodeid = nodeid_from(item.nodeid, self._rootdir, file.root)
        return any(key != DEFAULT_KEY and key_matches(key, nodeid) for key in file.budgets)
