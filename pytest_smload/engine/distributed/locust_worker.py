"""Locust's worker as this package uses it: the channel to the master, and nothing else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import gevent

from pytest_smload.engine.distributed.wire import MESSAGE
from pytest_smload.engine.locust_import import import_locust

if TYPE_CHECKING:
    from collections.abc import Callable

import_locust()

import zmq  # noqa: E402 - Locust's own dependency, of use with it only
from locust.env import Environment  # noqa: E402 - only after import_locust is the standard library left alone
from locust.event import Events  # noqa: E402
from locust.rpc import Message  # noqa: E402
from locust.runners import WorkerRunner  # noqa: E402
from zmq.utils.monitor import recv_monitor_message  # noqa: E402

_ACK = "ack"
_FULL_S = 0.005


class LocustWorker(WorkerRunner):
    """Takes Locust's answer to its greeting and our own messages: no one but our master gives it users.

    Attributes:
        heard: Called with what the master said.
    """

    heard: Callable[[object], object] = staticmethod(lambda _said: None)

    def handle_message(self, msg: Any) -> None:
        """Hear our own messages; of Locust's only the answer to the greeting means anything."""
        if msg.type == MESSAGE:
            self.heard(msg.data)
        elif msg.type == _ACK:
            super().handle_message(msg)

    def heartbeat(self) -> NoReturn:
        """Say nothing: our reports tell that it lives, and the connection that the master does."""
        while True:
            gevent.sleep(3600)

    heartbeat_timeout_checker = stats_reporter = logs_reporter = heartbeat

    def wait_for_room(self) -> None:
        """Wait until a message can be sent: the channel holds so many at most, and Locust would block all meanwhile."""
        socket = self.client.socket
        while not int(socket.EVENTS) & zmq.POLLOUT:
            gevent.sleep(_FULL_S)

    def tell(self, said: dict[str, Any]) -> None:
        """Send a message of ours to the master."""
        self.client.send(Message(MESSAGE, said, self.client_id))  # type: ignore[no-untyped-call]

    def watch_connection(self, lost: Callable[[], object]) -> None:
        """Call *lost* as soon as the connection to the master is gone: its process ended, say."""
        monitor = self.client.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

        def watch() -> None:
            recv_monitor_message(monitor)
            lost()

        self.greenlet.spawn(watch)


def connect(host: str, port: int) -> LocustWorker:
    """Return a worker that has reached the master at *host* and *port*.

    Raises:
        ConnectionError: nobody answers there, after some minutes.
    """
    environment = Environment(events=Events())  # type: ignore[no-untyped-call]  # Locust's own is untyped
    worker = environment._create_runner(LocustWorker, master_host=host, master_port=port)
    assert isinstance(worker, LocustWorker)  # noqa: S101 - what was asked for
    return worker
