"""The command line of a worker: ``python -m pytest_smload.worker HOST:PORT``."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.errors import SmloadError
from pytest_smload.options import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.engine.distributed.wire import Destination


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the master at the address given until it has no more to send; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_smload.worker",
        description="Sends part of the loads of a pytest run elsewhere, which was started with --smload-workers and "
        "--smload-bind. SMLOAD_TOKEN must be the same for both. Credentials are this machine's own.",
    )
    parser.add_argument("address", metavar="HOST:PORT", help="where the run's --smload-bind is reached")
    parser.add_argument("--local", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    try:
        return _serve(asked.address, local=asked.local)
    except SmloadError as error:
        return _end(str(error))
    except KeyboardInterrupt:
        return 130


def _serve(address: str, *, local: bool) -> int:
    from pytest_smload.engine.distributed.wanted import address_of
    from pytest_smload.engine.distributed.worker import MasterGoneError, WorkerService

    host, port = address_of(address, "the address")
    token = _first_line() if local else os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        return _end(f"{TOKEN_VARIABLE} is not set; give worker and master the same secret")
    try:
        service = WorkerService(host, port, token, resolve)
        service.join()
        service.serve()
    except (MasterGoneError, ConnectionError) as error:
        return _end(f"{address}: {' '.join(str(error).split())}")
    return 0


def _end(problem: str) -> int:
    sys.stderr.write(f"smload worker: {problem}\n")
    sys.stderr.flush()
    return 1


def _first_line() -> str:
    """Return the first line of standard input; this process ends when there is no more to come: its parent is gone."""
    line = sys.stdin.readline().strip()

    def end_with_parent() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    return line


@dataclass(frozen=True, slots=True)
class _Address:
    """A destination, as resolving takes an endpoint's settings."""

    endpoint_name: str
    region: str | None
    endpoint_url: str | None
    control_url: str | None
    source: str = "the master's job"


def resolve(destination: Destination) -> EndpointTarget:
    """Return the target of *destination*, with this process's own credentials.

    Raises:
        EndpointError: it has none, or they are of another account.
    """
    from pytest_smload.aws.endpoint import local_target, resolve_target

    if destination.embedded:
        from pytest_smload.emulator.credentials import ACCESS_KEY, SECRET_KEY

        return local_target(
            destination.url,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            endpoint_name=destination.endpoint_name,
            region=destination.region,
        )
    address = _Address(destination.endpoint_name, destination.region, destination.url, destination.control_url)
    target = resolve_target(address)
    if destination.account is not None:
        from pytest_smload.aws.account import check_account
        from pytest_smload.aws.control_plane import ControlPlane

        check_account(ControlPlane(target), destination.account)
    return target


if __name__ == "__main__":
    sys.exit(main())
