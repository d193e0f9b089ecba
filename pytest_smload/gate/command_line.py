"""Refuses command lines by which no load would run, or several at once."""

from __future__ import annotations

import os

import pytest

from pytest_smload.options import OPTIONS, SWITCHES, UI_VARIABLE


def refuse_command_line(config: pytest.Config, *, opted_in: bool) -> None:
    """Look at what pytest was called with.

    Raises:
        pytest.UsageError: it cannot be what was meant.
    """
    if not opted_in:
        _refuse_forgotten_opt_in(config)
        return
    if _xdist_workers(config) > 1:
        raise pytest.UsageError("smload: several xdist workers would load the endpoint at once; add -n0")
    if _xdist_workers(config) and (config.getoption("smload_ui") or os.environ.get(UI_VARIABLE, "").strip()):
        raise pytest.UsageError("smload: an xdist worker cannot say where its --smload-ui is; add -n0")
    if config.getoption("setuponly", default=False) and not config.getoption("setupplan", default=False):
        raise pytest.UsageError("smload: --setup-only would send loads and judge none; use --setup-show")


def _refuse_forgotten_opt_in(config: pytest.Config) -> None:
    """An option of ours on the command line wants load; where it stands in addopts it waits for a run that does."""
    words = config.invocation_params.args
    flags = [option.flag for option in (*OPTIONS, *SWITCHES)]
    given = next((flag for word in words for flag in flags if word == flag or str(word).startswith(f"{flag}=")), None)
    if given is not None and not config.getoption("help") and not config.getoption("markers", default=False):
        raise pytest.UsageError(f"smload: {given} is given, but this run asks for no load; add -m perf (or --smload)")


def _xdist_workers(config: pytest.Config) -> int:
    """How many processes xdist would start: ``-n 2``, ``--tx 2*popen``."""
    if config.getoption("dist", "no") == "no":
        return 0
    counts = [str(spec).partition("*") for spec in config.getoption("tx", None) or ()]
    return sum(int(count) if star and count.isdecimal() else 1 for count, star, _ in counts)
