"""A client that the system stops for a while: the recording tells that what it read then may have been there before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faulty_peer import OK, Act, FaultyPeer, Received

if TYPE_CHECKING:
    from collections.abc import Callable

FROZEN_S = 1.0
CLIENT = """
import json, sys
from fault_loads import peer_target, run
recording = run(peer_target(int(sys.argv[1])), duration="3s", **json.loads(sys.argv[2])).recording
samples = recording.samples
earliest = dict(zip(samples.late_index, samples.late_from))
rows = zip(samples.due, samples.start, samples.end)
print(json.dumps([(due, start, end, earliest.get(index, end)) for index, (due, start, end) in enumerate(rows)]))
"""


@pytest.mark.parametrize("shape", [{"users": 4}, {"tps": 200, "max_in_flight": 400}], ids=["closed", "open"])
def test_nothing_read_after_it_looks_like_the_endpoints_slowness(
    shape: dict[str, int], start_peer: Callable[[Callable[[Received], Act | None]], FaultyPeer]
) -> None:
    """Each request under way when the client was stopped may have been answered at once, by its late columns.

    Save one at the most, which was stopped between looking at the clock and sending.
    """
    peer = start_peer(lambda _received: OK)
    folder = Path(__file__).parent
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(peer.port), json.dumps(shape)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        deadline_s = time.monotonic() + 60
        while len(peer.log) < 100 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        client.send_signal(signal.SIGSTOP)
        time.sleep(FROZEN_S)
        client.send_signal(signal.SIGCONT)
        rows = json.loads(client.communicate(timeout=60)[0])
    finally:
        client.kill()

    late = [(start, earliest) for _, start, end, earliest in rows if end - start > 0.8 * FROZEN_S]
    held_up = sum(start - due > 0.8 * FROZEN_S or end - start > 0.8 * FROZEN_S for due, start, end, _ in rows)
    assert held_up > 0, "the client was not seen to stop"
    assert sum(earliest - start > 0.5 * FROZEN_S for start, earliest in late) <= 1
    assert len(late) > 1 or "users" not in shape
