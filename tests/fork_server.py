"""Runs pytest as ``python -m pytest`` does, each run a fork of this process, which has imported what pytest runs share.

Only packages of third parties are imported here, so that each run imports pytest_smload itself.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LARGEST = 1 << 17
"""Bytes of a request: arguments and environment."""
SHARED = (
    *("_pytest.assertion.rewrite", "_pytest.junitxml", "pytest"),
    *("locust", "locust.env", "locust.stats", "gevent.threadpool"),
    *("boto3", "botocore.httpsession", "botocore.endpoint"),
    *("pydantic.main", "pydantic.json_schema", "pydantic.functional_validators", "annotated_types"),
    *("httptools", "scipy.special", "statistics", "tabulate", "zoneinfo"),
)
"""What is imported once for all runs."""


@dataclass(frozen=True)
class Request:
    """A run that is asked for, with the descriptors it comes with.

    Attributes:
        out: Takes what the run prints, both streams.
        status: Takes the run's process id when it has begun, and its exit code when it has ended, a line each.
    """

    args: list[str]
    folder: str
    environment: dict[str, str]
    out: int
    status: int

    @classmethod
    def receive(cls, control: socket.socket) -> Request | None:
        """Return the next request, or None where nobody is left to ask."""
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST, 2)
        return cls(**json.loads(message), **dict(zip(("out", "status"), descriptors, strict=True))) if message else None


def import_shared() -> None:
    """Import what runs share, without what would outlive a fork badly: threads, a patched library, a gevent hub.

    It is frozen: a collection, which every load begins with, would walk and copy all of it in each run.
    """
    skips = {"LOCUST_SKIP_MONKEY_PATCH": "1", "OPENBLAS_NUM_THREADS": "1"}
    os.environ.update(skips)
    for name in SHARED:
        importlib.import_module(name)
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    for name in skips:
        del os.environ[name]
    gc.collect()
    gc.freeze()


def assert_safe_to_fork() -> None:
    """A thread, or a hub of gevent, would be there in the child, and not work."""
    from gevent import _hub_local

    assert 1 == len(list(Path("/proc/self/task").iterdir()))
    assert _hub_local.get_hub_if_exists() is None
    assert not any(name.partition(".")[0] == "pytest_smload" for name in sys.modules)


def serve(control: socket.socket) -> Request | None:
    """Start the runs that are asked for and tell how they end.

    Returns:
        In the process of a run its request; in this one None, once nobody is left to ask.
    """
    poll = select.poll()
    poll.register(control, select.POLLIN)
    running: dict[int, tuple[int, int]] = {}
    while True:
        for ready, _ in poll.poll():
            if ready != control.fileno():
                pid, status = running.pop(ready)
                poll.unregister(ready)
                os.close(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with suppress(BrokenPipeError):
                    os.write(status, b"%d\n" % code)
                os.close(status)
                continue
            request = Request.receive(control)
            if request is None:
                return None
            assert_safe_to_fork()
            pid = os.fork()
            if pid == 0:
                control.close()
                for pidfd, (_, status) in running.items():
                    os.close(pidfd)
                    os.close(status)
                return request
            os.write(request.status, b"%d\n" % pid)
            os.close(request.out)
            pidfd = os.pidfd_open(pid)
            poll.register(pidfd, select.POLLIN)
            running[pidfd] = (pid, request.status)


def run(request: Request) -> None:
    """Become what ``python -m pytest`` is when it begins, and run."""
    for stream in (1, 2):
        os.dup2(request.out, stream)
    os.close(request.out)
    os.close(request.status)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = ["-m", *request.args]
    sys.path[:0] = [str(Path.cwd()), *filter(None, request.environment.get("PYTHONPATH", "").split(os.pathsep))]
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


def main() -> None:
    """Serve the socket whose descriptor is the only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # Ctrl-C in the terminal is for the tests and the runs; this process ends with the tests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    del sys.path[0]
    import_shared()
    request = serve(control)
    if request is not None:
        run(request)


if __name__ == "__main__":
    main()
