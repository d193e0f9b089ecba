"""Sends a load whose users are a locustfile's own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_smload.errors import ConfigurationError
from pytest_smload.transport.choice import TransportChoice
from pytest_smload.transport.detours import mock_is_active

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.load.plan import LoadPlan
    from pytest_smload.core.samples.look import Look
    from pytest_smload.core.samples.recording import Recording
    from pytest_smload.engine.hooks import LoadHooks
    from pytest_smload.settings.tables import EndpointSettings

WAY = TransportChoice("locustfile", "its own code sends", simulated=False, proxied=False)
"""How such a load is sent."""


@dataclass(frozen=True, slots=True)
class LocustfileSender:
    """Runs a locustfile, each time in a process of its own.

    Attributes:
        names: Of requests that have limits of their own.
        environ: What its processes have besides this one's variables; None takes one away.
        notes: Remarks of its runs, for the report.
    """

    root: Path
    hooks: LoadHooks
    names: tuple[str, ...]
    environ: Mapping[str, str | None]
    notes: list[str] = field(default_factory=list)

    @property
    def beside(self) -> int:
        """Requests that the last run sent to a control: none."""
        return 0

    def check(self, plan: LoadPlan) -> None:  # noqa: ARG002 - nothing of it matters
        """Raise what can be known to be wrong without running the file.

        Raises:
            ConfigurationError: moto's mock is active.
        """
        if mock_is_active():
            raise ConfigurationError(
                "locustfile: moto's mock does not reach its process, whose requests would go to AWS itself; run it "
                "without mock_aws, or against the embedded endpoint"
            )

    def get_ready(self, account: str | None, say: Callable[[str], object]) -> None:
        """Nothing has to be waited for."""

    def send(
        self, plan: LoadPlan, _goes_on: Callable[[Look], bool] | None = None, *, period_s: int | None = None
    ) -> Recording:
        """Run *plan*; *period_s* as `pytest_smload.engine.run.run_load` takes it. Its window is never extended."""
        from pytest_smload.engine.locustfile.job import LocustfileJob
        from pytest_smload.engine.locustfile.process import run_locustfile

        profile = plan.profile
        job = LocustfileJob.of(profile, str((self.root / str(profile.locustfile)).resolve()), self.names, period_s)
        environ = {**os.environ, **self.environ}
        recording, notes = run_locustfile(
            job, {name: value for name, value in environ.items() if value is not None}, self.hooks
        )
        self.notes[:] = notes
        return recording


def environ_of(settings: EndpointSettings, target: EndpointTarget) -> dict[str, str | None]:
    """Return the variables by which a locustfile finds the endpoint of *settings*; none where there is none.

    boto3 reads all but ``ENDPOINT_NAME`` by itself. Credentials are its own chain's, save for the embedded endpoint's,
    which are made up.
    """
    if settings.unhosted:
        return {}
    found: dict[str, str | None] = {
        "ENDPOINT_NAME": target.endpoint_name,
        "AWS_REGION": target.region,
        "AWS_DEFAULT_REGION": target.region,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": target.parts.geturl(),
    }
    if settings.embedded:
        current = target.credentials.current
        found |= {"AWS_ACCESS_KEY_ID": current.access_key, "AWS_SECRET_ACCESS_KEY": current.secret_key}
        found |= dict.fromkeys(("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
    if target.ca_bundle is not None:
        found["AWS_CA_BUNDLE"] = target.ca_bundle
    return found
