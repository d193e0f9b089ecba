"""An endpoint that stands still for a second: what the open model sees of it, and the closed one hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_loads import emulator_target, run, settled_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

FREEZES = """
latency = "4ms"
[[faults]]
kind = "freeze"
at = "500ms"
for = "1s"
"""


def test_open_model_shows_the_freeze_that_the_closed_model_hides(endpoint: Callable[[str], EmulatorProcess]) -> None:
    """Of a schedule's requests four in ten are due in the freeze and wait; two users stop asking and miss it."""
    emulator = endpoint(FREEZES)
    opened = run(emulator_target(emulator), tps=80, max_in_flight=200, duration="2500ms")
    assert settled_log(emulator).kinds == opened.kinds == {"ok": 200}

    emulator = endpoint(FREEZES)
    closed = run(emulator_target(emulator), users=2, duration="2500ms")
    assert settled_log(emulator).kinds == closed.kinds == {"ok": closed.measurement.total.requests}

    assert opened.measurement.total.p99_ms >= 750
    # It was there: the two requests under way met it, and drown among the rest.
    assert closed.measurement.total.max_ms >= 750
    assert closed.measurement.total.p99_ms < opened.measurement.total.p99_ms / 3
