"""Decides which processes send the loads of a run: this one, or a crew of workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.engine.distributed.crew import Crew
from pytest_smload.engine.distributed.wanted import Wanted, wanted_at
from pytest_smload.errors import ConfigurationError
from pytest_smload.options import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.settings.sources import Overrides


def crew_of(overrides: Overrides, environment: Mapping[str, str]) -> Crew | None:
    """Return the crew that options and environment ask for, or None where this process sends all by itself.

    Raises:
        ConfigurationError: they contradict each other, or lack something.
    """
    processes, workers, bind = overrides.whole("processes"), overrides.whole("workers"), overrides.text("bind")
    if workers is not None and bind is None:
        raise ConfigurationError(f"{overrides.source('workers')}: needs --smload-bind HOST:PORT, where they join")
    if bind is not None and workers is None:
        raise ConfigurationError(f"{overrides.source('bind')}: needs --smload-workers N, how many are to join there")
    if workers is not None and bind is not None:
        if processes is not None:
            raise ConfigurationError(
                f"{overrides.source('processes')} and {overrides.source('workers')} are both given: workers are either "
                "started here or join from elsewhere"
            )
        return Crew(wanted_at(workers, bind, environment.get(TOKEN_VARIABLE) or None, overrides.source("bind")))
    if processes is None or processes == 1:
        return None
    return Crew(Wanted(count=processes, option=overrides.source("processes")))
