"""Finds, reads and checks the settings file of a test: ``smload.toml`` or ``[tool.smload]`` of ``pyproject.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_smload.aws.preflight import WAIT_IN_SERVICE_S
from pytest_smload.aws.shown_url import SecretiveUrl
from pytest_smload.core.limits.sources import FileBudget, parse_budget_table
from pytest_smload.core.load.profile import TRAFFIC_FIELDS
from pytest_smload.core.nesting import is_too_deep
from pytest_smload.core.quoting import toml_key
from pytest_smload.core.units import parse_duration_s
from pytest_smload.core.wording import unknown_name
from pytest_smload.errors import ConfigurationError
from pytest_smload.settings.tables import EndpointSettings, FileSettings

if TYPE_CHECKING:
    from pytest_smload.settings.schema import SettingsTable

OWN_FILE = "smload.toml"
SHARED_FILE = "pyproject.toml"
_SHARED_TABLE = ("tool", "smload")
_NO_KEYS = (
    "there are no key options: credentials come from boto3's own chain (environment, shared config, SSO, roles); "
    "remove it here, and revoke the value if it was real"
)


class SettingsFiles:
    """The settings files of one pytest run, each read once.

    Args:
        rootdir: pytest's rootdir, where the search upwards ends.
    """

    def __init__(self, rootdir: Path) -> None:
        self._rootdir = rootdir.resolve()
        self._by_folder: dict[Path, FileSettings | None] = {}

    def of_test(self, test_file: Path) -> FileSettings | None:
        """Return the settings nearest to *test_file*, from its folder up to rootdir, or None where there are none.

        Raises:
            ConfigurationError: with one line per mistake in the file: where, which key, what is allowed.
        """
        folder = test_file.resolve().parent
        if folder not in self._by_folder:
            self._by_folder[folder] = self._nearest(folder)
        return self._by_folder[folder]

    def _nearest(self, folder: Path) -> FileSettings | None:
        for place in self._places(folder):
            if place in self._by_folder:
                return self._by_folder[place]
            found = self._read_folder(place)
            if found is not None:
                # Tests of other folders below share this very record.
                self._by_folder[place] = found
                return found
        return None

    def _places(self, folder: Path) -> Iterator[Path]:
        if not folder.is_relative_to(self._rootdir):
            yield from (folder, self._rootdir)
            return
        yield folder
        while folder != self._rootdir:
            folder = folder.parent
            yield folder

    def _read_folder(self, folder: Path) -> FileSettings | None:
        own, shared = folder / OWN_FILE, folder / SHARED_FILE
        shared_tables = _shared_tables(shared, self._label(shared)) if shared.is_file() else None
        if not own.is_file():
            if shared_tables is None:
                return None
            return _checked(shared, self._label(shared), shared_tables, _SHARED_TABLE)
        if shared_tables is not None:
            raise ConfigurationError(
                f"{self._label(own)} and [tool.smload] of {self._label(shared)} are in one folder; keep one of them"
            )
        tables = _parse_toml(self._label(own), _read_text(own, self._label(own)))
        return _checked(own, self._label(own), tables, ())

    def _label(self, path: Path) -> str:
        return str(path.relative_to(self._rootdir)) if path.is_relative_to(self._rootdir) else str(path)


def _read_text(path: Path, label: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8, which TOML files are written in"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise ConfigurationError(f"{label}: {problem}")


def _parse_toml(label: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{label}: is nested too deeply to be read") from None
    except ValueError as error:  # a TOMLDecodeError, or Python's own of a whole number of thousands of digits
        match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if match is None:
        raise ConfigurationError(f"{label}: has a whole number of thousands of digits, which is none of ours")
    what, line, column = match.groups()
    if line and text.splitlines()[int(line) - 1].strip().startswith("[endpoint."):
        what = "endpoint is the name of the default endpoint; tables of endpoints are [endpoints.NAME]"
    place = f", line {line}, column {column}" if line else ""
    raise ConfigurationError(f"{label}{place}: {what[:1].lower()}{what[1:]}{'' if line else ' at the end of the file'}")


def _shared_tables(path: Path, label: str) -> dict[str, Any] | None:
    text = _read_text(path, label)
    # A pyproject.toml without our table is none of our business, be it broken or not.
    if "smload" not in text:
        return None
    tool = _parse_toml(label, text).get("tool")
    tables = tool.get("smload") if isinstance(tool, dict) else None
    if tables is not None and not isinstance(tables, dict):
        raise ConfigurationError(f"{label}: [tool] smload: must be a table")
    return tables


def _checked(path: Path, label: str, tables: dict[str, Any], prefix: tuple[str, ...]) -> FileSettings:
    # pydantic costs a quarter of pytest's own start; it is loaded where a file is read, never by an idle plugin.
    from pytest_smload.settings.safety import prices, safety_limits
    from pytest_smload.settings.schema import check_tables, remove_credentials

    def where(*table: str) -> str:
        full = prefix + table
        return f"{label} [{'.'.join(map(toml_key, full))}]" if full else label

    if is_too_deep(tables):
        raise ConfigurationError(f"{label}: is nested too deeply to be read")
    problems = [f"{where(*table)}: {key}: {_NO_KEYS}" for table, key in remove_credentials(tables)]
    parsed, mistakes = check_tables(tables)
    problems += [f"{where(*table)}: {sentence}" for table, sentence in mistakes]
    budgets, mistaken = _budgets(tables, where)
    problems += mistaken
    if problems or parsed is None:
        raise ConfigurationError(problems)
    return FileSettings(
        path=path,
        label=label,
        root=path.parent,
        endpoint=parsed.endpoint,
        endpoints=MappingProxyType(
            {
                name: _endpoint(name, parsed, path.parent, tables["endpoints"][name], where("endpoints", name))
                for name in parsed.endpoints
            }
        ),
        profiles=MappingProxyType({name: MappingProxyType(table) for name, table in parsed.profiles.items()}),
        budgets=MappingProxyType(budgets),
        safety=safety_limits(parsed.safety, where("safety")),
        prices=prices(parsed.prices, where("prices")),
        report_to=parsed.report_to,
        otel=parsed.otel,
    )


def _budgets(tables: dict[str, Any], where: Callable[..., str]) -> tuple[dict[str, FileBudget], list[str]]:
    raw = tables.get("budgets")
    profiles = tables.get("profiles")
    known = list(profiles) if isinstance(profiles, dict) else []
    budgets: dict[str, FileBudget] = {}
    problems: list[str] = []
    for key, table in raw.items() if isinstance(raw, dict) else ():
        source = where("budgets", key)
        budgets[key], mistakes = parse_budget_table(table, source=source)
        problems += mistakes
        problems += [
            f"{source} profiles.{name}: {unknown_name('profile', name, known)}"
            for name in budgets[key].profiles
            if name not in known
        ]
    return budgets, problems


def _endpoint(name: str, parsed: SettingsTable, root: Path, raw: dict[str, Any], source: str) -> EndpointSettings:
    table = parsed.endpoints[name]
    return EndpointSettings(
        name=name,
        endpoint_name=table.name or name,
        source=source,
        region=table.region,
        account=table.account,
        endpoint_url=None if table.endpoint_url is None else SecretiveUrl(table.endpoint_url),
        control_url=None if table.control_url is None else SecretiveUrl(table.control_url),
        production=_production_table(name, parsed),
        wait_in_service_s=WAIT_IN_SERVICE_S
        if table.wait_in_service is None
        else parse_duration_s(table.wait_in_service),
        watch_s=None if table.watch is None else parse_duration_s(table.watch),
        transport=table.transport,
        scenario=root / table.scenario if table.scenario is not None else None,
        cloudwatch=table.cloudwatch,
        vcpus=table.vcpus,
        gpus=table.gpus,
        traffic=MappingProxyType({key: raw[key] for key in TRAFFIC_FIELDS if key in raw}),
    )


def _production_table(name: str, parsed: SettingsTable) -> str:
    """Name of the table that says ``production = true`` of the endpoint of the table *name*, or ``""``.

    The same endpoint may have several tables, which need not all say it; names are compared as SageMaker does, and what
    one of them leaves out may be what the other gives.
    """
    endpoints = parsed.endpoints
    this = endpoints[name]
    for other in (name, *endpoints):
        table = endpoints[other]
        same = (table.name or other).lower() == (this.name or name).lower() and all(
            None in pair or len(set(pair)) == 1 for pair in ((table.region, this.region), (table.account, this.account))
        )
        if table.production and (other == name or (same and table.scenario is None and this.scenario is None)):
            return other
    return ""
