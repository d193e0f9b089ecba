"""Credentials that expire in the middle of a load: refreshed beside it, or counted and explained."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import RefreshableCredentials
from fault_loads import judged, peer_target, run
from faulty_peer import OK, Act, FaultyPeer, Received, error_act

from pytest_smload.aws.credentials import BotoCredentials
from pytest_smload.engine import upkeep
from pytest_smload.engine.hooks import LoadHooks

if TYPE_CHECKING:
    from collections.abc import Callable

    StartPeer = Callable[[Callable[[Received], Act | None]], FaultyPeer]

OLD, NEW = "AKIDOLD", "AKIDNEW"
EXPIRED = error_act(403, "ExpiredTokenException", "The security token included in the request is expired")
DENIED = error_act(403, "AccessDeniedException", "User is not authorized to perform: sagemaker:InvokeEndpoint")
REFRESH_TAKES_S = 0.3
SHAPES = [pytest.param({"users": 4}, id="closed"), pytest.param({"tps": 100, "max_in_flight": 50}, id="open")]


class Role:
    """A role's credentials as botocore keeps them, which a provider renews slowly once they are about to expire."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._now = self._began
        self.refresh_span: tuple[float, float] | None = None
        self.refresh_thread: int | None = None
        self.source = BotoCredentials(
            RefreshableCredentials(
                OLD, "secret", "token", self._began + timedelta(hours=1), self._renew, "assume-role", self._clock
            )
        )

    def run_down(self) -> None:
        """Let it be five minutes before the credentials expire."""
        self._now = self._began + timedelta(minutes=55)

    def _clock(self, _timezone: object = None) -> datetime:
        return self._now

    def _renew(self) -> dict[str, str]:
        begin = time.perf_counter()
        # A provider is asked over the network with sockets that block their thread.
        time.sleep(REFRESH_TAKES_S)
        self.refresh_thread = threading.get_ident()
        self.refresh_span = (begin, time.perf_counter())
        expiry = (self._now + timedelta(hours=1)).isoformat()
        return {"access_key": NEW, "secret_key": "secret-2", "token": "token-2", "expiry_time": expiry}


@pytest.mark.parametrize("shape", SHAPES)
def test_refreshed_beside_the_load(
    start_peer: StartPeer, monkeypatch: pytest.MonkeyPatch, shape: dict[str, Any]
) -> None:
    """A refresh that blocks for 0.3 s holds up no request; those signed after it carry the new key; none fails."""
    monkeypatch.setattr(upkeep, "_REFRESH_S", 0.05)
    role = Role()

    def script(received: Received) -> Act:
        if received.number == 20:
            role.run_down()
        return OK

    peer = start_peer(script)
    hooks = LoadHooks(refresh=role.source.refresh_if_needed)
    load = run(peer_target(peer.port, role.source), hooks=hooks, duration="1s", wait="5ms", **shape)

    assert peer.kinds == load.kinds == {"ok": len(peer.log)}
    assert role.refresh_span is not None
    begin, end = role.refresh_span
    assert role.refresh_thread != threading.get_ident()
    assert any(begin < received.at_s < end for received, _ in peer.log)
    keys = Counter(received.access_key for received, _ in peer.log)
    assert {OLD, NEW} == set(keys)
    # A connection may have one request on its way when the credentials change.
    late = Counter(
        received.connection for received, _ in peer.log if received.at_s > end and received.access_key == OLD
    )
    assert all(count <= 1 for count in late.values())
    last = {received.connection: received.access_key for received, _ in peer.log if received.at_s > end + 0.2}
    assert {NEW} == set(last.values())


@pytest.mark.parametrize("refusal", [EXPIRED, DENIED], ids=lambda act: act.kind)
@pytest.mark.parametrize("shape", SHAPES)
def test_refused_mid_run(start_peer: StartPeer, refusal: Act, shape: dict[str, Any]) -> None:
    """Without a refresh each refusal is counted; the run is INVALID, says why, and what to check."""
    peer = start_peer(lambda received: OK if received.number <= 20 else refusal)
    result = judged(peer_target(peer.port), {"error_rate": "1%"}, duration="400ms", max_requests=60, **shape)

    assert peer.kinds == {"ok": result.ok, **result.errors}
    assert "invalid" == result.verdict
    (said,) = [finding for finding in result.client.reasons if "on the client's side" in finding.cause]
    count = result.errors[refusal.kind]
    assert f"{count} of {result.requests} requests failed on the client's side, {count} as {refusal.kind}" in said.cause
    assert result.examples[refusal.kind].removesuffix(" (HTTP 403)") in said.cause
    assert "check credentials and permissions" in said.remedy


@pytest.mark.parametrize("refusal", [EXPIRED, DENIED], ids=lambda act: act.kind)
def test_refused_from_the_start(start_peer: StartPeer, refusal: Act) -> None:
    """A load that nothing but refusals meets ends at once: INVALID, with what it sent and one line on why."""
    peer = start_peer(lambda _received: refusal)
    load = run(peer_target(peer.port), tps=50, duration="60s")

    assert len(peer.log) < 100
    assert peer.kinds == load.kinds
    aborted = load.recording.aborted
    assert aborted is not None
    assert aborted.kind == refusal.kind
    assert re.search(rf"every request fails with {refusal.kind}: .*; check the credentials", aborted.reason)
    assert len(load.accused) == 1
