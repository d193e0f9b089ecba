"""Makes configured endpoints reachable: resolves their address, starts the embedded one once per scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.aws.endpoint import UNHOSTED, local_target, resolve_target
from pytest_smload.aws.preflight import Preflight
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.transport.detours import is_mocked, mock_is_active

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.settings.tables import EndpointSettings


class EndpointPool:
    """The endpoints one pytest run has used so far."""

    def __init__(self) -> None:
        self._targets: dict[tuple[str, str, bool], EndpointTarget] = {}
        self._preflights: dict[tuple[str, str, bool], Preflight] = {}
        self._emulators: dict[Path | None, EmulatorProcess] = {}

    def target(self, settings: EndpointSettings) -> EndpointTarget:
        """Return where to send requests for *settings*; the account is checked where one is named.

        Raises:
            EndpointError: region, credentials, URL or account are not as they must be.
            EmulatorError: the embedded endpoint did not start.
        """
        if settings.unhosted:
            return UNHOSTED
        key = _key(settings)
        if key not in self._targets:
            target = self._resolve(settings)
            if settings.account is not None:
                self._preflight_of(settings, target).check_account(settings.account)
            self._targets[key] = target
        return self._targets[key]

    def preflight(self, settings: EndpointSettings) -> Preflight | None:
        """Return what AWS says of the endpoint of *settings*, or None where nobody but a mock can be asked.

        Raises:
            EndpointError, EmulatorError: as `target`.
        """
        if settings.unhosted:
            return None
        target = self.target(settings)
        return self._preflight_of(settings, target) if target.has_control_plane and not is_mocked(target) else None

    def emulator(self, settings: EndpointSettings) -> EmulatorProcess:
        """Return the running embedded endpoint of *settings*."""
        if settings.scenario not in self._emulators:
            self._emulators[settings.scenario] = EmulatorProcess.start(settings.scenario)
        return self._emulators[settings.scenario]

    def close(self) -> None:
        """Stop every embedded endpoint, and close connections."""
        while self._preflights:
            self._preflights.popitem()[1].close()
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
        return resolve_target(settings)

    def _preflight_of(self, settings: EndpointSettings, target: EndpointTarget) -> Preflight:
        key = _key(settings)
        if key not in self._preflights:
            self._preflights[key] = Preflight(target, wait_in_service_s=settings.wait_in_service_s)
        return self._preflights[key]


def _key(settings: EndpointSettings) -> tuple[str, str, bool]:
    # A target found under moto's mock has the mock's credentials, and is of no use outside it.
    return settings.name, settings.source, mock_is_active()


def endpoint_facts(settings: EndpointSettings, target: EndpointTarget, account: str | None = None) -> EndpointFacts:
    """Return what reports say of the endpoint in *account*."""
    known = account or settings.account
    return EndpointFacts(settings.name, target.endpoint_name, target.region, str(target.url), known)
