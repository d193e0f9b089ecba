"""The process of a locustfile: it takes a job, tells how it goes, and hands back what was recorded.

Started as ``python -m pytest_smload.engine.locustfile.worker FD``. The job and the word to end it come on standard
input, whose end ends this process and all it started; frames go to the descriptor FD.
"""

# Before anything that uses sockets: Locust patches the standard library when it is imported, as its command line does.
import locust  # isort: skip

import os
import signal
import sys
from typing import Any

from gevent import monkey

from pytest_smload.core.samples.packed import packed
from pytest_smload.engine.locustfile.driving import Clock, Driver
from pytest_smload.engine.locustfile.frames import frame
from pytest_smload.engine.locustfile.heard import Heard
from pytest_smload.engine.locustfile.job import LocustfileJob
from pytest_smload.engine.locustfile.leftovers import MARK, kill_marked
from pytest_smload.engine.locustfile.loading import LoadingError, environment_of
from pytest_smload.engine.locustfile.own_words import OwnWords

_FIRST_FREE = 100
"""Descriptors of our own are moved out of the way of what users expect to be theirs."""
_LONGEST_END_S = 5.0
_write = os.write
_sleep = monkey.get_original("time", "sleep")
_close = monkey.get_original("os", "close")
"""gevent's own only closes once the loop runs, which it may never do in a fork."""


class Parent:
    """The process that wants the load.

    Attributes:
        wants_end: Whether it has said so.
    """

    def __init__(self, out: int) -> None:
        self._out = _moved(out)
        self._control = _moved(0)
        self._pid = os.getpid()
        self._token = os.environ[MARK]
        self.wants_end = False
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        _close(nothing)
        self._left = b""
        self.job = LocustfileJob.from_text(self._line())
        # A fork of the user's must not speak for this process.
        os.register_at_fork(after_in_child=self._forget)
        monkey.get_original("_thread", "start_new_thread")(self._hear, ())

    def tell(self, kind: str, content: bytes = b"", **facts: Any) -> None:
        """Send one frame."""
        if os.getpid() != self._pid:
            os._exit(1)
        left = frame(kind, content, **facts)
        try:
            while left:
                left = left[_write(self._out, left) :]
        except BrokenPipeError:
            # The parent is gone, and what hears of it ends this process, once all that it started has ended.
            _sleep(_LONGEST_END_S)
            os._exit(1)

    def _line(self) -> str:
        while b"\n" not in self._left:
            piece = os.read(self._control, 65_536)
            if not piece:
                os._exit(1)
            self._left += piece
        line, _, self._left = self._left.partition(b"\n")
        return line.decode()

    def _hear(self) -> None:
        """In a native thread: the loop may be held up by the user's code."""
        while os.read(self._control, 1_024):
            self.wants_end = True
        if os.getpid() == self._pid:
            kill_marked(self._token)
            os.killpg(0, signal.SIGKILL)

    def _forget(self) -> None:
        _close(self._out)
        _close(self._control)


def _moved(descriptor: int) -> int:
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    if descriptor:
        _close(descriptor)
    return moved


def main() -> None:
    """Run the job that standard input has."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = Parent(int(sys.argv[1]))
    job, clock, pid = parent.job, Clock(), os.getpid()
    words = OwnWords(os.environ)
    heard = Heard(job.names, epoch_s=clock.epoch_s, begun_s=clock.begun_s, words=words)
    driver = Driver(
        job,
        heard,
        clock,
        words,
        tell=lambda facts: parent.tell("running", **facts),
        asked_to_end=lambda: parent.wants_end,
    )
    driver.listen(locust.events)
    try:
        environment = environment_of(job)
    except LoadingError as error:
        parent.tell("refused", text=words.line(error))
        return
    if parent.wants_end:
        return
    if os.getpid() != pid:
        # The file forked when it was imported; only one may run the load.
        os._exit(0)
    shape = environment.shape_class
    parent.tell("ready", shape=type(shape).__name__ if shape is not None else None)
    recording = driver.run(environment)
    notes = [*driver.notes, *heard.notes]
    parent.tell("recorded", packed(recording), notes=notes)
    # Whatever the file does in its last hour, what was measured is safe.
    environment.events.quitting.fire(environment=environment, reverse=True)
    environment.runner.greenlet.kill(block=False)
    exit_code = environment.process_exit_code or 0
    environment.events.quit.fire(exit_code=exit_code)
    parent.tell("ended", notes=driver.last_notes(exit_code))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
