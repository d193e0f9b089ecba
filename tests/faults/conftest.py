"""Peers and embedded endpoints; an endpoint is started once for each scenario and serves all tests that name it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from faulty_peer import Act, FaultyPeer, Received

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start_peer() -> Iterator[Callable[[Callable[[Received], Act | None]], FaultyPeer]]:
    """Start a peer for a script; it ends with the test."""
    with ExitStack() as stack:

        def start(script: Callable[[Received], Act | None]) -> FaultyPeer:
            peer = FaultyPeer(script)
            stack.callback(peer.close)
            return peer

        yield start


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], EmulatorProcess]]:
    """Return the embedded endpoint of a scenario, its log empty and its clock at the start."""
    running: dict[str, EmulatorProcess] = {}
    with ExitStack() as stack:

        def of(scenario: str) -> EmulatorProcess:
            if scenario not in running:
                path = tmp_path_factory.mktemp("scenario") / "scenario.toml"
                path.write_text(scenario)
                running[scenario] = stack.enter_context(EmulatorProcess.start(path))
            running[scenario].reset()
            return running[scenario]

        yield of
