"""Keeps what is not its own out of every test: the machine's settings of AWS, CI, colours, and the suite's heap."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_FAMILIES = ("AWS_", "SMLOAD_", "GITHUB_", "CI_", "CODEBUILD_", "PYTEST_XDIST_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")
_PYTEST = ("CI", "BUILD_NUMBER", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""What changes the text or options of a pytest run inside a test."""
_count_frozen = gc.get_freeze_count


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    nowhere = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_FAMILIES) or name.upper() in _PROXIES or name in _PYTEST:
                patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", str(nowhere / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "credentials"))
        # It counts by walking all that is frozen, which each load would do anew; something always is (see below).
        patch.setattr(gc, "get_freeze_count", lambda: 1)
        # Started by nohup a suite ignores the one, in the background of a script the other; its children would, too.
        usual = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGHUP, usual)


@pytest.fixture
def nothing_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heap as it is in a process that froze none of it."""
    monkeypatch.setattr(gc, "get_freeze_count", _count_frozen)
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """A load begins with a collection, which would walk all that the suite has allocated, again with each load."""
    gc.freeze()
    try:
        return (yield)
    finally:
        gc.unfreeze()
