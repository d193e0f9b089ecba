"""Locust's master as this package uses it: the channel to workers, and nothing else of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NoReturn

import gevent

from pytest_smload.engine.distributed.wire import MESSAGE
from pytest_smload.engine.locust_import import import_locust
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

import_locust()

from locust.env import Environment  # noqa: E402 - only after import_locust is the standard library left alone
from locust.event import Events  # noqa: E402
from locust.exception import RPCError, RPCReceiveError  # noqa: E402
from locust.rpc import Message  # noqa: E402
from locust.runners import MasterRunner  # noqa: E402

_logger = logging.getLogger(__name__)
_CLIENT_READY = "client_ready"


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
                gevent.sleep(0)
            except RPCError:
                gevent.sleep(0.05)
            except Exception as error:  # bytes of anybody who can reach the port
                _logger.debug("a message was dropped: %s", type(error).__name__)

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
    except (SystemExit, RPCError, OSError) as error:
        taken = isinstance(error, SystemExit)
        why = "another process listens there" if taken else f"it cannot be listened at ({error})"
        raise ConfigurationError(f"{option} {host}:{port}: {why}; choose another port or address") from None
    assert isinstance(master, LocustMaster)  # noqa: S101 - what was asked for
    return master
