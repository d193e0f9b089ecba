"""Runs a locustfile's load in a process of its own, and leaves nothing of it behind."""

from __future__ import annotations

import os
import select
import signal
import site
import subprocess
import sys
import threading
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from pytest_smload.core.samples.ended import Ended
from pytest_smload.core.samples.packed import unpacked
from pytest_smload.core.samples.progress import Progress
from pytest_smload.engine.hooks import LoadHooks, Running
from pytest_smload.engine.interrupts import Interrupts
from pytest_smload.engine.locustfile.frames import Frame, Frames
from pytest_smload.engine.locustfile.leftovers import MARK, kill_marked
from pytest_smload.engine.locustfile.own_words import OwnWords
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.locustfile.job import LocustfileJob

IMPORT_S = 120.0
"""Longest time a locustfile may take to be imported."""
SILENT_S = 30.0
"""A running load says something twice a second, unless the user's code does not let it."""
_SPAWNING_S = 60.0
_BEYOND_S = 15.0
"""How long after all its times are over a process is waited for before it is killed."""
_ENDING_S = 5.0
"""How long the listeners of its end may take, and a load that was told to end."""
_LOOK_S = 0.1
_KEPT_OUTPUT = 16
_WORKER = "pytest_smload.engine.locustfile.worker"
_CODE = Path(__file__).parents[3]
"""Where the process finds this very code."""
_UNPATCHED = "LOCUST_SKIP_MONKEY_PATCH"
"""With it users of a blocking client would wait for each other, and each request look fast."""


def run_locustfile(
    job: LocustfileJob, environ: Mapping[str, str], hooks: LoadHooks
) -> tuple[Recording, tuple[str, ...]]:
    """Run *job* and return what was recorded, with remarks for the report.

    Ctrl-C ends the load with the requests that have ended by a second later, a second one at once.

    Args:
        environ: Environment variables of the process.

    Raises:
        ConfigurationError: the file cannot be run, or its process ended or hung before it had told what it measured.
        KeyboardInterrupt: Ctrl-C was pressed before there was anything to tell.
    """
    interrupts = Interrupts(lambda: None)
    with interrupts.counted():
        worker = _Worker(job, environ)
        try:
            return _Watch(job, worker, hooks, interrupts).run()
        finally:
            worker.end()


class _Watch:
    """Follows one load to its end."""

    def __init__(self, job: LocustfileJob, worker: _Worker, hooks: LoadHooks, interrupts: Interrupts) -> None:
        self._job, self._worker, self._hooks, self._interrupts = job, worker, hooks, interrupts
        self._phase = "was imported"
        self._deadline_s = monotonic() + IMPORT_S
        self._silent_s = inf
        self._told_to_end = self._called_off = False
        self._notes: list[str] = []
        self._names: list[str] = []

    def run(self) -> tuple[Recording, tuple[str, ...]]:
        try:
            frames = self._worker.frames()
            for said in frames:
                self._check()
                if said is None:
                    continue
                if said.kind == "recorded":
                    return self._with_notes(unpacked(said.content), said, frames)
                self._take(said)
        except ValueError as error:
            raise self._error(f"its process said what cannot be read ({error})", output=True) from None
        if self._interrupts.count:
            raise KeyboardInterrupt
        raise self._error(f"its process {self._worker.ended_by()} while the file {self._phase}", output=True)

    def _with_notes(
        self, recording: Recording, recorded: Frame, frames: Iterator[Frame | None]
    ) -> tuple[Recording, tuple[str, ...]]:
        """Give the listeners of its end a little time, and take what is to be said of them."""
        self._notes += map(str, recorded.facts["notes"])
        deadline_s = monotonic() + _ENDING_S
        for said in frames:
            if said is not None and said.kind == "ended":
                self._notes += map(str, said.facts["notes"])
                break
            if monotonic() > deadline_s or self._interrupts.count > 1:
                self._notes.append(f"listeners of the locustfile's quitting did not return within {_ENDING_S:g} s")
                break
        return replace(recording, interrupted=bool(self._interrupts.count)), tuple(self._notes)

    def _check(self) -> None:
        """Act on Ctrl-C and on the time that is over."""
        if self._interrupts.count > 1:
            raise KeyboardInterrupt
        if self._interrupts.count:
            self._tell_to_end()
        if monotonic() < min(self._deadline_s, self._silent_s):
            return
        if self._interrupts.count:
            raise KeyboardInterrupt
        why = "did not end, and what it measured is lost: a loop in it never yields, or on_stop never returns"
        if self._phase == "was imported":
            why = f"was still being imported after {IMPORT_S:g}s"
        elif monotonic() < self._deadline_s:
            why = f"kept its process busy for {SILENT_S:g}s, and what it measured is lost: a loop in it never yields"
        raise self._error(f"it {why}; its process was killed", output=True)

    def _take(self, said: Frame) -> None:
        self._silent_s = monotonic() + SILENT_S
        if said.kind == "refused":
            raise self._error(said.facts["text"], output="see what it printed" in said.facts["text"])
        if said.kind == "ready":
            job = self._job
            self._phase = "ran"
            takes_s = job.warmup_s + (job.period_s or 0) + _SPAWNING_S + job.duration_s + job.timeout_s
            self._deadline_s = monotonic() + takes_s + _BEYOND_S
            if said.facts["shape"] is not None:
                self._notes.append(f"the locustfile's {said.facts['shape']} says how many users there are")
        elif said.kind == "running":
            self._show(said.facts, said.content)

    def _show(self, facts: dict[str, Any], content: bytes) -> None:
        sent, p95_ms = facts.pop("sent"), facts.pop("p95_ms")
        self._names += map(str, facts.pop("names"))
        try:
            ended = Ended.unpacked(facts.pop("ended"), content, self._names)
        except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None
        hooks = self._hooks
        if hooks.on_progress is not None:
            facts |= {"p95_ms": float("nan") if p95_ms is None else p95_ms, "ended": ended}
            hooks.on_progress(Progress(**facts, target_tps=None, in_flight=facts["users"]))
        if hooks.ends_load is not None and not self._called_off:
            self._called_off = hooks.ends_load(Running(facts["elapsed_s"], sent, primed=True))
            if self._called_off:
                self._tell_to_end()

    def _tell_to_end(self) -> None:
        if not self._told_to_end:
            self._told_to_end = True
            self._deadline_s = min(self._deadline_s, monotonic() + _ENDING_S)
            self._worker.tell_to_end()

    def _error(self, why: str, *, output: bool) -> ConfigurationError:
        last = self._worker.last_output() if output else ""
        said = f"; it last printed {last!r}" if last else ""
        return ConfigurationError(f"locustfile {self._job.path}: {why}{said}")


class _Worker:
    """The process, and all that it starts."""

    def __init__(self, job: LocustfileJob, environ: Mapping[str, str]) -> None:
        self._token = uuid.uuid4().hex
        self._out, out = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this package's own module
                [sys.executable, "-P", "-m", _WORKER, str(out)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[out],
                env=self._variables(environ),
                # Ctrl-C at the terminal is this process's to hear, and what the file starts can be ended with it.
                start_new_session=True,
            )
        except BaseException:
            os.close(self._out)
            raise
        finally:
            os.close(out)
        self._words = OwnWords(environ)
        self._output: deque[bytes] = deque(maxlen=_KEPT_OUTPUT)
        self._draining = threading.Thread(target=self._drain, daemon=True)
        self._draining.start()
        self._say(job.text)

    def _variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in environ.items() if name != _UNPATCHED}
        if str(_CODE) not in site.getsitepackages():
            kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_CODE), environ.get("PYTHONPATH"))))
        return kept | {MARK: self._token}

    def frames(self) -> Iterator[Frame | None]:
        """Yield what it says, None now and then in between, until it can say no more.

        Raises:
            ValueError: what it says cannot be read.
        """
        frames = Frames()
        while True:
            if select.select([self._out], [], [], _LOOK_S)[0]:
                piece = os.read(self._out, 1 << 20)
                if not piece:
                    return
                yield from frames.take(piece)
            yield None

    def tell_to_end(self) -> None:
        """Ask it to end the load now."""
        self._say("end")

    def last_output(self) -> str:
        """Return the last line it printed that is not empty."""
        # What it printed just before it said so may still be in the pipe.
        self._draining.join(3 * _LOOK_S)
        lines = b"".join(self._output).decode(errors="replace").splitlines()
        return next(filter(None, map(self._words.line, reversed(lines))), "")

    def ended_by(self) -> str:
        """Return what ended it, once it can say no more: a signal of the operating system's, say."""
        try:
            code = self._process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            return "closed what it speaks to pytest through"
        if code >= 0:
            return f"ended by itself, with exit code {code}"
        return f"was ended by {signal.Signals(-code).name}"

    def end(self) -> None:
        """End it and whatever it started, at once."""
        # Before it is waited for: until then no other process can have its number.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        kill_marked(self._token)
        os.close(self._out)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _say(self, line: str) -> None:
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(OSError):
                stdin.write(line.encode() + b"\n")
                stdin.flush()

    def _drain(self) -> None:
        """Read what it prints, so that it need not wait for a reader, and keep the last of it."""
        stdout = self._process.stdout
        with suppress(OSError, ValueError):
            while stdout is not None and (piece := os.read(stdout.fileno(), 1 << 16)):
                self._output.append(piece)
