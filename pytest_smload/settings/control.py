"""Decides what a test's load is compared with in the same window: another endpoint, or a variant of the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.request.route_kinds import WEIGHT_FIELDS
from pytest_smload.core.wording import unknown_name
from pytest_smload.errors import ConfigurationError
from pytest_smload.settings.tables import LOCAL, EndpointSettings, FileSettings, embedded_endpoint

if TYPE_CHECKING:
    from pytest_smload.core.load.profile import LoadProfile
    from pytest_smload.settings.resolve import Marks

CONTROL = "control"
_VARIANT = "variant:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """What a load is compared with.

    Attributes:
        name: As the mark gives it: ``"stable"``, ``"variant:blue"``.
        endpoint: Where it is.
        variant: The production variant its requests name, or None for what the load's own name.
        source: Where it was written, for messages.
    """

    name: str
    endpoint: EndpointSettings
    variant: str | None
    source: str

    def is_same_endpoint(self, endpoint: EndpointSettings) -> bool:
        """Whether it is *endpoint* itself."""
        mine = (self.endpoint.endpoint_name, self.endpoint.region, self.endpoint.scenario, self.endpoint.endpoint_url)
        return mine == (endpoint.endpoint_name, endpoint.region, endpoint.scenario, endpoint.endpoint_url)

    def problems(self, profile: LoadProfile) -> list[str]:
        """Return a sentence per reason why the load of *profile* cannot be sent to it as well."""
        problems = []
        if profile.locustfile is not None:
            problems.append("a locustfile decides by itself what it sends, and to whom; leave the control out")
        elif not profile.open_model:
            problems.append(
                "both sides are sent one schedule, and users send as they are answered; give the load tps instead"
            )
        if profile.max_duration is not None:
            problems.append("a load with a control has one length; leave max_duration out and give duration")
        if self.variant is not None and profile.variants is not None:
            problems.append("the load spreads over variants; give variant='NAME', the one under test, instead")
        elif self.variant is not None and profile.variant is None:
            problems.append(
                f"the load names no variant of its own, and {self.variant} would answer part of it; give "
                "variant='NAME', the one under test"
            )
        return [f"{self.source}: {CONTROL}={self.name!r}: {problem}" for problem in [*problems, *self._lacks(profile)]]

    def _lacks(self, profile: LoadProfile) -> list[str]:
        """A sentence per kind of name that the load's weights have and the control's own table does not."""
        problems = []
        for field, row in WEIGHT_FIELDS.items():
            asked, own = getattr(profile, field), self.endpoint.traffic.get(field)
            if asked is None or own is None or isinstance(asked, str) or isinstance(own, str):
                continue
            missing = _missing(asked, own)
            if missing:
                more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                problems.append(
                    f"{self.endpoint.source} lacks {row.kind} {missing[0]!r}{more}, which the load asks for; both "
                    "sides are sent the same"
                )
        return problems

    def notes(self, endpoint: EndpointSettings) -> list[str]:
        """Return what a reader of the comparison must know of where the two sides are."""
        differ = [
            f"{what} {theirs} instead of {ours}"
            for what, theirs, ours in (
                ("region", self.endpoint.region, endpoint.region),
                ("account", self.endpoint.account, endpoint.account),
            )
            if theirs != ours and theirs is not None and ours is not None
        ]
        if not differ:
            return []
        return [f"control {self.name} is in {' and '.join(differ)}: the way there is part of the ratio"]


def choose_control(*, marks: Marks, file: FileSettings | None, endpoint: EndpointSettings) -> ControlSettings | None:
    """Return what the strongest mark that has a control names; None without one.

    Raises:
        ConfigurationError: there is no such endpoint.
    """
    for where, mark in reversed(marks):
        name = mark.get(CONTROL)
        if name is not None:
            source = where
            break
    else:
        return None
    if name.startswith(_VARIANT):
        variant = name.removeprefix(_VARIANT).strip()
        if not variant:
            raise ConfigurationError(f'{source}: {CONTROL}={name!r}: names no variant; write "variant:NAME"')
        return ControlSettings(name=name, endpoint=endpoint, variant=variant, source=source)
    tables = file.endpoints if file is not None else {}
    if name == endpoint.name:
        return ControlSettings(name=name, endpoint=endpoint, variant=None, source=source)
    if name in tables:
        return ControlSettings(name=name, endpoint=tables[name], variant=None, source=source)
    if name == LOCAL:
        return ControlSettings(name=name, endpoint=embedded_endpoint(), variant=None, source=source)
    known = dict.fromkeys([*tables, LOCAL])
    where = f"in {file.label}" if file is not None else "as there is no smload.toml with [endpoints] tables"
    raise ConfigurationError(
        f"{source}: {CONTROL}: {unknown_name('endpoint', name, known)} {where}; a variant of the same endpoint is "
        '"variant:NAME"'
    )


def _missing(asked: object, own: object) -> list[str]:
    from pytest_smload.core.load.weights import resolve_weights

    have = resolve_weights(own)
    return [name for name in resolve_weights(asked) if name not in have]
