"""The endpoint as a script or a notebook loads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pytest_smload.aws.shown_url import shown_url
from pytest_smload.conduct.allowance import Safeguards, Spending
from pytest_smload.conduct.baseline_file import BaselineFile
from pytest_smload.conduct.capacity import CapacityRequest, find_capacity
from pytest_smload.conduct.capacity_demands import check_arguments
from pytest_smload.conduct.endpoints import EndpointPool
from pytest_smload.conduct.load import conduct
from pytest_smload.conduct.preflight import static_refusal
from pytest_smload.conduct.regressions import BaselineUse
from pytest_smload.conduct.request import LoadRequest
from pytest_smload.console import Console
from pytest_smload.core.limits.regression_limit import RegressionLimit
from pytest_smload.core.limits.sources import override_budget
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.quoting import quoted
from pytest_smload.core.safety.cost import Prices
from pytest_smload.core.safety.limits import NO_SAFETY
from pytest_smload.core.units import parse_duration_s
from pytest_smload.engine.distributed.crew import Crew
from pytest_smload.engine.distributed.wanted import Wanted
from pytest_smload.engine.hooks import LoadHooks
from pytest_smload.engine.web_ui.address import Address
from pytest_smload.engine.web_ui.process import WebUi
from pytest_smload.errors import ConfigurationError
from pytest_smload.scripting.screen import screen
from pytest_smload.scripting.shown import ShownResult
from pytest_smload.settings.file import SettingsFiles
from pytest_smload.settings.resolve import choose_endpoint, with_endpoint_defaults
from pytest_smload.settings.sources import read_overrides

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from pytest_smload.core.capacity.capacity import Capacity
    from pytest_smload.core.limits.budget import Budget
    from pytest_smload.core.results.result import LoadResult


class Endpoint:
    """An endpoint of smload.toml, loaded without pytest.

    The settings file is the nearest one from *folder* upwards. Nothing is raised for a broken budget: the result has
    its verdict. Close it when done, or use it in a ``with`` statement: that stops the embedded endpoint and workers.

    Args:
        name: As in smload.toml (``"local"`` is the embedded endpoint); the file's default where left out.
        folder: Where the search for smload.toml begins; the working directory if left out.
        allow_production: Load it although it is marked as production.
        processes: Send each load from so many worker processes.
        quiet: Show nothing while a load runs.
        ui: Serve Locust's web UI of the running load at this port of this machine, as ``--smload-ui`` does; 0 takes one
            that is free. ``"HOST:PORT"`` serves it elsewhere, without a password.

    Raises:
        ConfigurationError, EndpointError: it is not configured, or cannot be reached as configured.

    Attributes:
        name, endpoint_name, region, url: As of ``sm_endpoint``.
        ui_url: Where the web UI is, or None.
        results: What its loads came to, that of an interrupted one as well.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        folder: str | Path = ".",
        allow_production: bool = False,
        processes: int | None = None,
        quiet: bool = False,
        ui: int | str | None = None,
    ) -> None:
        here = Path(folder).resolve()
        file = SettingsFiles(Path(here.anchor)).of_test(here / "script")
        marks = (("Endpoint(...)", {} if name is None else {"endpoint": name}),)
        self._settings = choose_endpoint(
            overrides=read_overrides({}, {}), marks=marks, file=file, embedded_by='Endpoint("local")'
        )
        self._root = file.root if file is not None else here
        safety, prices = (file.safety, file.prices) if file is not None else (NO_SAFETY, Prices())
        self._safeguards = Safeguards(safety, prices, allow_production, Spending())
        if refusal := static_refusal(self._settings, self._safeguards):
            raise ConfigurationError(refusal)
        address = None if ui is None else Address.parse(_text_of(ui), "Endpoint(ui=...)")
        self._pool = EndpointPool()
        self._crew = _crew(processes)
        self._ui: WebUi | None = None
        self._console = Console(screen(quiet=quiet))
        self._target = self._pool.target(self._settings)
        self.results: list[LoadResult] = []
        self.name = self._settings.name
        self.endpoint_name = self._target.endpoint_name
        self.region = self._target.region
        self.url = str(self._target.url)
        self.ui_url = None if address is None else self._serve(address)

    def __repr__(self) -> str:
        return f"<Endpoint {self.name}: {self.endpoint_name} in {self.region}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what is still running; the endpoint can be used no more."""
        if self._ui is not None:
            self._ui.close()
            self._ui = None
        if self._crew is not None:
            self._crew.close()
        self._pool.close()

    def load(
        self, profile: LoadProfile, *, budget: Mapping[str, Any] | None = None, label: str | None = None
    ) -> ShownResult:
        """Run a load and return what was measured, held against *budget*.

        A notebook shows the result as verdict, checks and figures. ``result.to_pandas()`` returns the figures per scope
        as a DataFrame, ``to_pandas("checks")`` the checks, and ``to_pandas("timeline")`` the seconds.

        Args:
            profile: The load; traffic fields left None are the endpoint's.
            budget: Limits in the grammar of a budget table (``{"p95": "250ms", "each": {...}}``); None only measures.
            label: What reports call it.

        Raises:
            ConfigurationError, PayloadError, EndpointError: the load cannot be sent as described; nothing was sent.
            KeyboardInterrupt: Ctrl-C ended it; what was measured is the last of ``results``.
        """
        request = self._request("load", profile, override_budget(budget, source="budget"), label)
        try:
            result = ShownResult.of(self._conducted(request))
        finally:
            self._console.end_load()
        self.results.append(result)
        if result.interrupted:
            raise KeyboardInterrupt
        return result

    def capacity(
        self,
        profile: LoadProfile,
        *,
        budget: Mapping[str, Any],
        at_least: float | None = None,
        within: str = "30m",
        max_tps: float | None = None,
        instances: int | None = None,
        label: str | None = None,
    ) -> Capacity:
        """Find the highest rate at which the endpoint keeps *budget*; arguments as of ``sm_endpoint.capacity``.

        Raises:
            ConfigurationError, PayloadError, EndpointError: it cannot be searched as described; nothing was sent.
            KeyboardInterrupt: Ctrl-C ended it.
        """
        check_arguments(at_least=at_least, within=within, max_tps=max_tps, instances=instances)
        request = CapacityRequest(
            load=self._request("capacity", profile, override_budget(budget, source="budget"), label),
            at_least=None if at_least is None else float(at_least),
            within_s=parse_duration_s(within),
            max_tps=None if max_tps is None else float(max_tps),
            instances=instances,
        )
        try:
            found = find_capacity(request, self._conducted, self._console.tell)
        finally:
            self._console.end_load()
        if found.interrupted:
            raise KeyboardInterrupt
        return found

    def _serve(self, address: Address) -> str:
        """Serve the web UI, say where it is, and return that."""
        try:
            self._ui = WebUi(address)
        except BaseException:
            self.close()
            raise
        if address.warning:
            self._console.tell(f"smload: warning: {address.warning}")
        self._console.tell(f"smload: Locust's web UI of the running load: {self._ui.url}")
        return self._ui.url

    def _conducted(self, request: LoadRequest) -> LoadResult:
        refresh = getattr(self._target.credentials, "refresh_if_needed", None)
        if self._ui is None:
            return conduct(request, LoadHooks(refresh=refresh), self._console)
        hooks = LoadHooks(refresh=refresh, on_progress=self._ui.hear, wants_end=self._ui.wants_end)
        with self._ui.showing(shown_url(request.target.url), request.label or self.name):
            return conduct(request, hooks, self._console)

    def _request(self, what: str, profile: object, budget: Budget | None, label: str | None) -> LoadRequest:
        if not isinstance(profile, LoadProfile):
            raise ConfigurationError(f"Endpoint.{what} takes a LoadProfile; not {quoted(profile)}")
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise ConfigurationError(f"Endpoint.{what}: label is text such as 'calm', or None; not {quoted(label)}")
        if not profile.has_shape:
            raise ConfigurationError(f"Endpoint.{what}: the profile gives none of users, tps and stages")
        if budget is not None and any(isinstance(each, RegressionLimit) for each in budget.limits.values()):
            raise ConfigurationError(
                f"Endpoint.{what}: budget: a regression budget needs the baseline of a test; compare two reports with "
                "smload compare, or run it as a test"
            )
        return LoadRequest(
            profile=with_endpoint_defaults(profile, self._settings),
            label=label,
            budget=budget,
            notes=(),
            root=self._root,
            settings=self._settings,
            target=self._target,
            transport=self._settings.transport,
            baselines=BaselineUse(
                BaselineFile(self._root, "script"), "", updating=False, accepting=False, arguments=()
            ),
            safeguards=self._safeguards,
            preflight=self._pool.preflight(self._settings),
            crew=self._crew,
        )


def _crew(processes: object) -> Crew | None:
    if processes is None or processes == 1:
        return None
    if not isinstance(processes, int) or processes < 1:
        raise ConfigurationError(f"Endpoint(processes=...): a whole number from 1 on; not {quoted(processes)}")
    return Crew(Wanted(count=processes, option="Endpoint(processes=...)"))


def _text_of(ui: object) -> str:
    return str(ui) if isinstance(ui, (int, str)) and not isinstance(ui, bool) else quoted(ui)
