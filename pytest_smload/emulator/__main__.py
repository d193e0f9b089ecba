"""Command line of the embedded endpoint: ``python -m pytest_smload.emulator --scenario FILE``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.core.request.loopback import is_loopback
from pytest_smload.emulator.credentials import ACCESS_KEY, REGION, SECRET_KEY, SECRET_VARIABLE
from pytest_smload.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smload.emulator.scenario import Scenario

_EXTRA = "pip install 'pytest-smload[emulator]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the endpoint until Ctrl-C, or until standard input ends with ``--until-eof``; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        _serve(options)
    except EmulatorError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - the command line's own output
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve(options: argparse.Namespace) -> None:
    if (options.tls_cert is None) != (options.tls_key is None):
        raise EmulatorError("--tls-cert and --tls-key need each other")
    try:
        import uvicorn  # noqa: F401
    except ImportError:
        raise EmulatorError(f"the embedded endpoint needs uvicorn, which is not installed: {_EXTRA}") from None
    from pytest_smload.emulator.scenario import Scenario, load_scenario
    from pytest_smload.emulator.server import EmulatorServer, end_quietly_on_signals, end_with_parent

    end_quietly_on_signals()
    if options.until_eof:
        end_with_parent(options.parent or os.getppid())
    scenario = Scenario() if options.scenario is None else load_scenario(options.scenario)
    tls = None if options.tls_cert is None else (options.tls_cert, options.tls_key)
    server = EmulatorServer(scenario, options.host, options.port, tls, os.environ.pop(SECRET_VARIABLE, None))
    print(server.url, _hint(server.url, scenario), sep="\n", flush=True)  # noqa: T201
    server.serve_forever()


def _hint(url: str, scenario: Scenario) -> str:
    model = scenario.models[0] if scenario.models else "xgboost-0.tar.gz"
    target = f" --target-model {shlex.quote(model)}" if scenario.needs_target_model else ""
    name = scenario.endpoint or "local"
    return (
        f"try it: AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={SECRET_KEY} aws sagemaker-runtime "
        f"invoke-endpoint --endpoint-url {url} --region {REGION} --endpoint-name {name}{target} "
        "--content-type text/csv --cli-binary-format raw-in-base64-out --body 1,2,3 /dev/stdout"
    )


def _loopback(text: str) -> str:
    if is_loopback(text):
        return "127.0.0.1" if text == "localhost" else text
    raise argparse.ArgumentTypeError(f"{text!r} is not a loopback address; allowed: 127.0.0.1, ::1, localhost")


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port; allowed: 0..65535, 0 picks a free one")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_smload.emulator", description="A local SageMaker endpoint that behaves by a scenario."
    )
    parser.add_argument(
        "--scenario", type=Path, metavar="FILE", help="scenario in TOML; without it a fast healthy endpoint"
    )
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="loopback address (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port (default: a free one)")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve HTTPS with this certificate chain")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="private key of --tls-cert")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends, or the parent process")
    parser.add_argument("--parent", type=int, metavar="PID", help="the parent of --until-eof (default: whoever is now)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
