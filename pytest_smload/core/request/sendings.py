"""The requests that took more than one turn of the client's event loop to send."""

from __future__ import annotations

from array import array


class Sendings:
    """Requests that had to connect first, or whose body did not go out at once: in no order, one column per fact.

    Every turn of the loop that such a request waits for may come late; all times are ``time.perf_counter`` seconds.

    Attributes:
        began: When the request was begun: its sample's start.
        ended: When all of it was handed to the socket, or the connection was there.
    """

    __slots__ = ("began", "ended")

    def __init__(self) -> None:
        self.began = array("d")
        self.ended = array("d")

    def note(self, began_s: float, ended_s: float) -> None:
        """Note one."""
        self.began.append(began_s)
        self.ended.append(ended_s)
