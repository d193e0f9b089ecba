"""Decides which endpoint a test loads and what every field of its load is, and says where each value came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smload.core.load.fields import MARK_KEYS
from pytest_smload.core.load.payloads import EVERY_OTHER
from pytest_smload.core.load.profile import (
    ONE_SHAPE,
    SHAPES,
    TRAFFIC_FIELDS,
    LoadProfile,
    check_load_fields,
    given_shapes,
)
from pytest_smload.core.load.spread import spread_of
from pytest_smload.core.load.weights import check_weights, expand_names, spread_over
from pytest_smload.core.request.route_kinds import WEIGHT_FIELDS, WEIGHTED
from pytest_smload.core.scaling.wish import SCALING_KEYS
from pytest_smload.core.wording import unknown_name
from pytest_smload.errors import ConfigurationError
from pytest_smload.settings.sources import Overrides
from pytest_smload.settings.tables import LOCAL, EndpointSettings, FileSettings, embedded_endpoint, no_endpoint

Marks = Sequence[tuple[str, Mapping[str, Any]]]
"""(where, keyword arguments) of each ``perf`` mark of a test, weakest first: module, class, function."""

NO_ENDPOINT = """no endpoint is configured, so there is nothing to load. Either describe one in smload.toml:
    endpoint = "staging"
    [endpoints.staging]
    name = "my-endpoint"
or load the embedded one on this machine: {embedded_by}"""
_TWO_WAYS = [(row.field, row.member.field) for row in WEIGHTED.values() if row.member.field is not None]
_OTHER_WAY = {**dict(_TWO_WAYS), **{one: several for several, one in _TWO_WAYS}}
"""One name, or weights over several: whichever a stronger source gives replaces the other of a weaker one."""
_EMBEDDED_PAYLOAD = b"{}"
_EMBEDDED_CONTENT_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A test's load as its sources together describe it.

    Attributes:
        profile: The load; without users, tps and stages where no source gives one.
        profile_name: The named profile that took part, or None.
        sources: Where each field that is not a default came from: ``--smload-tps``, ``the function's mark``, ...
    """

    profile: LoadProfile
    profile_name: str | None
    sources: Mapping[str, str]


def choose_endpoint(
    *,
    overrides: Overrides,
    marks: Marks,
    file: FileSettings | None,
    embedded_by: str = "--smload-endpoint local",
) -> EndpointSettings:
    """Return the endpoint to load: of the option, the environment, the strongest mark, or the file's default.

    Args:
        embedded_by: How its caller's users ask for the embedded endpoint, for the message where none is configured.

    Raises:
        ConfigurationError: none is configured, or its name is unknown.
    """
    name, source = _chosen("endpoint", overrides, marks)
    if name is None and file is not None and file.endpoint is not None:
        name, source = file.endpoint, f"{file.label} endpoint"
    tables = file.endpoints if file is not None else {}
    if name is None and _brings_users(overrides, marks, file):
        return no_endpoint()
    if name is None:
        known = f" ({file.label} describes {', '.join(tables)} but names no default)" if file and tables else ""
        said = NO_ENDPOINT.format(embedded_by=embedded_by)
        raise ConfigurationError(said.replace(" is configured", f" is configured{known}", 1))
    if name in tables:
        return tables[name]
    if name == LOCAL:
        return embedded_endpoint()
    where = f"in {file.label}" if file is not None else "as there is no smload.toml with [endpoints] tables"
    raise ConfigurationError(f"{source}: {unknown_name('endpoint', name, dict.fromkeys([*tables, LOCAL]))} {where}")


def resolve_load(
    *, overrides: Overrides, marks: Marks, file: FileSettings | None, endpoint: EndpointSettings
) -> Resolved:
    """Merge all sources of a load, key by key: option > environment > marks > named profile > endpoint > default.

    A source that sets one of users, tps and stages clears the other two of weaker sources.

    Raises:
        ConfigurationError: naming every field that is wrong and the source it came from.
    """
    profile_name, named = _named_profile(overrides, marks, file)
    own_users = _brings_users(overrides, marks, file)
    levels: list[tuple[str, Mapping[str, Any]]] = [(endpoint.source, {} if own_users else endpoint.traffic)]
    if profile_name is not None and file is not None:
        levels.append((f"{file.label} [profiles.{profile_name}]", named))
    others = (*MARK_KEYS, *SCALING_KEYS)
    levels += [(where, {key: value for key, value in mark.items() if key not in others}) for where, mark in marks]
    levels += overrides.levels()
    merge = _Merge()
    for where, fields in levels:
        given = {name: value for name, value in fields.items() if value is not None}
        by_option = where in ("options", "environment")
        merge.add(given, {name: overrides.source(name) if by_option else where for name in given})
    mistakes = [] if merge.problems else check_load_fields(merge.values)
    problems = merge.problems + [f"{_place(mistake, merge.sources)}{mistake}" for mistake in mistakes]
    if problems:
        raise ConfigurationError(problems)
    return Resolved(LoadProfile(**merge.values), profile_name, merge.sources)


def with_endpoint_defaults(profile: LoadProfile, endpoint: EndpointSettings) -> LoadProfile:
    """Return *profile* ready to send: traffic fields it leaves None are the endpoint's.

    The embedded endpoint takes ``{}`` as ``application/json`` where nothing gives a payload.

    Raises:
        ConfigurationError: a SageMaker endpoint without a payload; a distribution over models that are given nowhere.
    """
    if profile.locustfile is not None:
        return profile
    changes: dict[str, Any] = {
        name: endpoint.traffic[name]
        for name in TRAFFIC_FIELDS
        if endpoint.traffic.get(name) is not None
        and not any(getattr(profile, each) is not None for each in (name, _OTHER_WAY.get(name, name)))
    }
    own = spread_of({name: value for name, value in vars(profile).items() if not isinstance(value, str)})
    if own.kind is not None:
        changes = {
            name: value if name in WEIGHT_FIELDS else _narrowed(value, own.shares) for name, value in changes.items()
        }
    for name, row in WEIGHT_FIELDS.items():
        weights = getattr(profile, name)
        if isinstance(weights, str):
            changes[name] = spread_over(weights, endpoint.traffic.get(name), row.kind)
        elif isinstance(changes.get(name), str):
            changes[name] = spread_over(changes[name], None, row.kind)
    if changes.get("payload", profile.payload) is None:
        if not endpoint.embedded:
            raise ConfigurationError(
                f"{endpoint.source}: no payload is given for {endpoint.endpoint_name!r}; set payload there, "
                'in the profile or in the perf mark: payload = "payloads/rows.csv" (a request per line)'
            )
        changes["payload"] = _EMBEDDED_PAYLOAD
        if changes.get("content_type", profile.content_type) is None:
            changes["content_type"] = _EMBEDDED_CONTENT_TYPE
    return profile.replace(**changes) if changes else profile


def _brings_users(overrides: Overrides, marks: Marks, file: FileSettings | None) -> bool:
    """Whether a mark or the named profile has a locustfile: an endpoint's own traffic is none of its load's."""
    _, named = _named_profile(overrides, marks, file)
    return any(fields.get("locustfile") is not None for fields in (named, *(mark for _, mark in marks)))


def _narrowed(value: Any, sent_to: Collection[str]) -> Any:
    """Leave out of an endpoint's table per model the models that a narrower load does not send to."""
    if not isinstance(value, Mapping):
        return value
    kept = {
        key: item for key, item in value.items() if key == EVERY_OTHER or any(n in sent_to for n in expand_names(key))
    }
    return kept or None


def narrowed_to(profile: LoadProfile, model: str | None) -> LoadProfile:
    """Return *profile* for *model* alone (None: for an endpoint that is not multi-model), its tables narrowed to it.

    It has no weights: which variant, say, answers one request is SageMaker's choice.
    """
    models = [model] if model is not None else None
    tables = {name: getattr(profile, name) for name in TRAFFIC_FIELDS if isinstance(getattr(profile, name), Mapping)}
    changes = {name: _narrowed(table, models or ()) for name, table in tables.items() if name not in WEIGHT_FIELDS}
    return profile.replace(**changes, **(dict.fromkeys(WEIGHT_FIELDS) | {"models": models}))


class _Merge:
    """Fields merged so far, weakest source first."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[str] = []

    def add(self, given: Mapping[str, Any], sources: Mapping[str, str]) -> None:
        """Lay one source's fields over the weaker ones."""
        shapes = given_shapes(given)
        if len(shapes) > 1:
            where = " and ".join(dict.fromkeys(sources[name] for name in shapes))
            self.problems.append(f"{where}: {' and '.join(shapes)} {ONE_SHAPE}")
        elif shapes:
            self._clear(shapes[0])
        if "duration" in given and "stages" in self.values and "stages" not in given:
            self.problems.append(
                f"{sources['duration']}: duration means nothing here, as the stages of {self.sources['stages']} have "
                "their own; give users or tps as well to replace them, or change the stages"
            )
        for name, value in given.items():
            if _OTHER_WAY.get(name) not in given:
                self._forget(_OTHER_WAY.get(name, ""))
            self.values[name] = self._weights(name, value) if name in WEIGHT_FIELDS else value
            self.sources[name] = sources[name]

    def _clear(self, shape: str) -> None:
        gone = [name for name in SHAPES if name != shape]
        # These describe the shape that is being replaced.
        gone += {"stages": ["duration"], "tps": ["spawn_rate"], "users": []}[shape]
        for name in gone:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self.values.pop(name, None)
        self.sources.pop(name, None)

    def _weights(self, name: str, value: Any) -> Any:
        kind = WEIGHT_FIELDS[name].kind
        if isinstance(value, str) and name in self.values and not check_weights(value, kind):
            return spread_over(value, self.values[name], kind)
        return value


def _chosen(key: str, overrides: Overrides, marks: Marks) -> tuple[str | None, str]:
    """The endpoint or profile named by the strongest of option, variable and marks, and where."""
    text = overrides.text(key)
    if text is not None:
        return text, overrides.source(key)
    for where, mark in reversed(marks):
        if mark.get(key) is not None:
            return str(mark[key]), f"{where}: {key}"
    return None, ""


def _named_profile(
    overrides: Overrides, marks: Marks, file: FileSettings | None
) -> tuple[str | None, Mapping[str, Any]]:
    name, source = _chosen("profile", overrides, marks)
    if name is None:
        return None, {}
    profiles = file.profiles if file is not None else {}
    if name not in profiles:
        where = f"in {file.label}" if file is not None else "as there is no smload.toml with [profiles] tables"
        raise ConfigurationError(f"{source}: {unknown_name('profile', name, profiles)} {where}")
    return name, profiles[name]


def _place(problem: str, sources: Mapping[str, str]) -> str:
    """Where the field came from that *problem* starts with, as a prefix."""
    field = problem.partition(":")[0]
    return f"{sources[field]}: " if field in sources else ""
