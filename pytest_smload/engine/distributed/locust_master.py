"""Locust's master as this package uses it: the channel to workers, and nothing else of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, NoReturn

import gevent

from pytest_smload.engine.distributed.wire import MESSAGE, PIECE_BYTES
from pytest_smload.engine.locust_import import import_locust
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

import_locust()

import zmq  # noqa: E402 - Locust's own dependency, of use with it only
from locust.env import Environment  # noqa: E402 - only after import_locust is the standard library left alone
from locust.event import Events  # noqa: E402
from locust.exception import RPCError, RPCReceiveError  # noqa: E402
from locust.rpc import Message  # noqa: E402
from locust.runners import MasterRunner  # noqa: E402

_logger = logging.getLogger(__name__)
_CLIENT_READY = "client_ready"
_BOUNDS = {
    # Anybody who can reach the port may send; what is not read yet lies in this process's memory.
    zmq.MAXMSGSIZE: PIECE_BYTES + (1 << 20),
    zmq.RCVHWM: 16,
    # A worker whose connection has not carried a word for so long is told so by the channel itself: no packet says
    # that a network or a machine is gone. The answers are not waited for here: the load's own watch looks at them.
    zmq.HEARTBEAT_IVL: 1_000,
    zmq.HEARTBEAT_TTL: 4_000,
    zmq.HEARTBEAT_TIMEOUT: 60_000,
}
_REBIND_S = 2.0


class LocustMaster(MasterRunner):
    """Takes Locust's greeting and our own messages; users, statistics and heartbeats are each worker's own business.

    Attributes:
        heard: Called with a peer's identity and what it said.
    """

    heard: Callable[[str, object], object] = staticmethod(lambda _peer, _said: None)

    def heartbeat_worker(self) -> NoReturn:
        """Leave who is lost to whoever watches the load: Locust would hand a lost worker's users to the others."""
        while True:
            gevent.sleep(3600)

    def client_listener(self) -> NoReturn:
        """Take messages for ever; what a stranger sends, whatever it is, ends nothing."""
        while True:
            try:
                peer, message = self.server.recv_from_client()  # type: ignore[no-untyped-call]
                self.handle_message(peer, message)
            except RPCReceiveError:
                pass
            except RPCError:
                gevent.sleep(0.05)
            except Exception as error:  # bytes of anybody who can reach the port
                _logger.debug("a message was dropped: %s", type(error).__name__)
            # Whoever sends without end holds up nobody: others have their turn between two messages.
            gevent.sleep(0)

    def handle_message(self, client_id: str, msg: Any) -> None:
        """Hear our own messages; of Locust's only the first one of a worker means anything."""
        if msg.type == MESSAGE:
            self.heard(client_id, msg.data)
        elif msg.type == _CLIENT_READY and isinstance(msg.data, str):
            self.server.send_to_client(Message("ack", {"index": 0}, client_id))  # type: ignore[no-untyped-call]

    def tell(self, peer: str, said: dict[str, Any]) -> None:
        """Send a message of ours to *peer*."""
        self.server.send_to_client(Message(MESSAGE, said, peer))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """End its greenlets, socket and thread."""
        self.greenlet.kill(block=True)
        socket = self.server.socket
        self.server.close(linger=500)  # type: ignore[no-untyped-call]
        socket.context.term()


def listen(host: str, port: int, option: str) -> LocustMaster:
    """Return a master that workers can reach at *host* and *port* (0: any that is free).

    Args:
        option: What says so, for messages.

    Raises:
        ConfigurationError: the address cannot be listened at.
    """
    environment = Environment(events=Events())  # type: ignore[no-untyped-call]  # Locust's own is untyped
    runners = logging.getLogger("locust.runners")
    try:
        runners.disabled, before = True, runners.disabled
        try:
            master = environment._create_runner(LocustMaster, master_bind_host=host, master_bind_port=port)
        finally:
            runners.disabled = before
    except (SystemExit, RPCError, OSError, zmq.ZMQError) as error:
        taken = isinstance(error, SystemExit)
        why = "another process listens there" if taken else f"it cannot be listened at ({error})"
        raise ConfigurationError(f"{option} {host}:{port}: {why}; choose another port or address") from None
    assert isinstance(master, LocustMaster)  # noqa: S101 - what was asked for
    _bound(master.server.socket)
    return master


def _bound(socket: Any) -> None:
    """Have *socket*, which listens already, keep to `_BOUNDS`: they hold for what it listens at from then on."""
    address = socket.LAST_ENDPOINT
    socket.unbind(address)
    for option, value in _BOUNDS.items():
        socket.setsockopt(option, value)
    deadline_s = time.monotonic() + _REBIND_S
    while True:
        try:
            socket.bind(address)
        except zmq.ZMQError:  # the first one is let go in a thread of its own
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(0.001)
        else:
            return
