"""Hands a load's Locust environment to the hook ``pytest_smload_environment``, whose own mistakes are a line each."""

from __future__ import annotations

import os
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import pytest

from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile

_SKIPS = (pytest.skip.Exception, pytest.xfail.Exception, SkipTest)


def call_environment_hook(hook: Any, environment: Any, profile: LoadProfile) -> None:
    """Call all implementations of *hook*.

    Raises:
        ConfigurationError: one of them raised; the sentence names its file and line.
        KeyboardInterrupt, pytest.exit.Exception: it was to end the run.
    """
    try:
        hook(environment=environment, profile=profile)
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:
        raise ConfigurationError(f"{_place(hook, error)}: the hook {hook.name} {_what(error)}") from None


def _what(error: BaseException) -> str:
    said = str(error).strip().partition("\n")[0]
    if isinstance(error, _SKIPS):
        return f"skips the test ({said}): its load is due; skip it by a mark, or in its body before the load"
    name = type(error).__name__
    return f"raised {name}{f': {said}' if said else ''}; the load was not sent"


def _place(hook: Any, error: BaseException) -> str:
    """File and line, in an implementation of *hook*, that *error* came by: the innermost in the implementation's own
    file."""
    implementations = {impl.function.__code__ for impl in hook.get_hookimpls()}
    frames = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    entered = next((at for at, (code, _) in enumerate(frames) if code in implementations), None)
    if entered is None:
        return "a plugin"
    file = frames[entered][0].co_filename
    line = [line for code, line in frames[entered:] if code.co_filename == file][-1]
    path = Path(file)
    return f"{os.path.relpath(path) if path.is_relative_to(Path.cwd()) else path}:{line}"
