"""Runs of pytest against an endpoint whose control plane answers on the same URL, as AWS's would on another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_runs import MakeProject, PytestRun

HEAD = "import pytest\nfrom pytest_smload import perf, perf_budget\nSHORT = dict(duration='500ms', warmup='100ms')\n"
IAM_NAMES = {"s3:ListObjectsV2": "s3:ListBucket"}
STS = "sts:GetCallerIdentity"
"""Anybody may ask it: it takes no permission."""


class HostedEndpoint:
    """An endpoint with a control plane, and pytest runs that load it.

    Attributes:
        process: Its process.
    """

    def __init__(self, process: EmulatorProcess, project: MakeProject) -> None:
        self.process = process
        self._project = project

    def settings(self, table: str = "", rest: str = "", *, name: str = "abalone-staging") -> str:
        """A settings file: more keys of the endpoint's table, then more tables."""
        return f"""
endpoint = "staging"
[endpoints.staging]
name = "{name}"
region = "us-east-1"
endpoint_url = "{self.process.url}"
control_url = "{self.process.url}"
payload = ["0.455,0.365,0.095"]
{table}
{rest}
"""

    def run(self, tests: str, settings: str | None = None, *args: str, env: dict[str, str] | None = None) -> PytestRun:
        """Run *tests* under *settings*; the endpoint's log begins anew."""
        self.process.reset()
        files = {"test_it.py": HEAD + tests, "smload.toml": settings or self.settings()}
        return self._project(files).run("-m", "perf", *args, env=env)

    def asked(self) -> list[str]:
        """The actions of the control plane that the last run asked for, as IAM names them."""
        return [IAM_NAMES.get(call.action, call.action) for call in self.process.log().calls]

    def refused(self) -> list[str]:
        """Those it was not answered."""
        return [call.action for call in self.process.log().calls if call.code]

    def sent(self) -> int:
        """Requests the last run sent."""
        return self.process.log().requests


@contextmanager
def hosted(scenario: str, folder: Path, project: MakeProject) -> Iterator[HostedEndpoint]:
    """An endpoint that behaves as *scenario* says."""
    path = folder / "scenario.toml"
    path.write_text(scenario)
    with EmulatorProcess.start(path) as process:
        yield HostedEndpoint(process, project)


def lines_with(run: PytestRun, words: Sequence[str]) -> list[str]:
    """The lines of a run's output that have all of *words*."""
    return [line for line in run.out.splitlines() if all(word in line for word in words)]
