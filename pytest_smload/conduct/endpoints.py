"""Makes configured endpoints reachable: resolves their address, starts the embedded one once per scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.aws.account import check_account
from pytest_smload.aws.endpoint import local_target, resolve_target
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.transport.detours import mock_is_active

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.settings.tables import EndpointSettings


class EndpointPool:
    """The endpoints one pytest run has used so far."""

    def __init__(self) -> None:
        self._targets: dict[tuple[str, str, bool], EndpointTarget] = {}
        self._emulators: dict[Path | None, EmulatorProcess] = {}

    def target(self, settings: EndpointSettings) -> EndpointTarget:
        """Return where to send requests for *settings*; the account is checked where one is named.

        Raises:
            EndpointError: region, credentials, URL or account are not as they must be.
            EmulatorError: the embedded endpoint did not start.
        """
        # A target found under moto's mock has the mock's credentials, and is of no use outside it.
        key = settings.name, settings.source, mock_is_active()
        if key not in self._targets:
            self._targets[key] = self._resolve(settings)
        return self._targets[key]

    def emulator(self, settings: EndpointSettings) -> EmulatorProcess:
        """Return the running embedded endpoint of *settings*."""
        if settings.scenario not in self._emulators:
            self._emulators[settings.scenario] = EmulatorProcess.start(settings.scenario)
        return self._emulators[settings.scenario]

    def close(self) -> None:
        """Stop every embedded endpoint."""
        while self._emulators:
            self._emulators.popitem()[1].stop()

    def _resolve(self, settings: EndpointSettings) -> EndpointTarget:
        if settings.embedded:
            emulator = self.emulator(settings)
            return local_target(
                emulator.url,
                access_key=emulator.access_key,
                secret_key=emulator.secret_key,
                endpoint_name=settings.endpoint_name,
                region=emulator.region,
            )
        target = resolve_target(settings)
        if settings.account is not None:
            check_account(target, settings.account)
        return target


def endpoint_facts(settings: EndpointSettings, target: EndpointTarget) -> EndpointFacts:
    """Return what reports say of the endpoint."""
    return EndpointFacts(settings.name, target.endpoint_name, target.region, str(target.url), settings.account)
