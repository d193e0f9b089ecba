"""What a test asks of its endpoint's instances: a fixed count, or autoscaling of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import format_duration, parse_duration_s
from pytest_smload.core.wording import unknown_field

PINNED: Final = "pinned"
AUTOSCALED: Final = "autoscaled"
SCALING_KEYS: Final = (PINNED, AUTOSCALED)
"""Keyword arguments of the ``perf`` mark that change the endpoint's instances for the test."""
DEFAULT_PER_INSTANCE: Final = 4000.0
MOST_INSTANCES: Final = 1000
"""More than any variant may have: a larger number is a slip of the pen."""
_LONGEST_COOLDOWN_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """The variant runs on this many instances, and nothing scales it.

    Attributes:
        instances: How many.
        variant: Which production variant; None where the endpoint has one only.
    """

    instances: int = 1
    variant: str | None = None
    moves: ClassVar[bool] = False
    """Whether the count may change during a load."""

    def describe(self) -> str:
        """Return it for people: ``"pinned to 2 instances"``."""
        return f"pinned to {counted(self.instances)}"

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What makes loads comparable."""
        return {PINNED: _without_none({"instances": self.instances, "variant": self.variant})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaled:
    """The variant scales by a target-tracking policy on its invocations per instance and minute.

    Attributes:
        minimum, maximum: Bounds of the instance count.
        invocations_per_instance: The policy's target value, invocations per minute.
        start: Instances to begin with.
        scale_in_cooldown_s, scale_out_cooldown_s: Of the policy, whole seconds; None keeps those of the policy that is
            there, else AWS's own (300 s).
        variant: Which production variant; None where the endpoint has one only.
    """

    minimum: int
    maximum: int
    invocations_per_instance: float
    start: int
    scale_in_cooldown_s: int | None = None
    scale_out_cooldown_s: int | None = None
    variant: str | None = None
    moves: ClassVar[bool] = True
    """Whether the count may change during a load."""

    def describe(self) -> str:
        """Return it for people: ``"autoscaled 1..4 at 4,000 invocations per instance and minute"``."""
        return (
            f"autoscaled {self.minimum}..{self.maximum} at {self.invocations_per_instance:,.10g} invocations per "
            "instance and minute"
        )

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What makes loads comparable."""
        return {AUTOSCALED: _without_none(asdict(self))}


ScalingWish = Pinned | Autoscaled


def counted(instances: int) -> str:
    """Return ``"1 instance"``, ``"2 instances"``."""
    return f"{instances} instance{'s' if instances != 1 else ''}"


def read_pinned(value: object) -> tuple[Pinned | None, list[str]]:
    """Return what ``pinned=value`` asks for, and one sentence per mistake.

    Args:
        value: A count, or a table with ``instances`` and ``variant``.
    """
    if not isinstance(value, Mapping):
        problem = _count(value)
        return (None, [problem]) if problem or not isinstance(value, int) else (Pinned(instances=value), [])
    fields = {name: item for name, item in value.items() if item is not None}
    problems = _mistakes(fields, {"instances": _count, "variant": _variant})
    return (None, problems) if problems else (Pinned(**fields), [])


def read_autoscaled(value: object) -> tuple[Autoscaled | None, list[str]]:
    """Return what ``autoscaled=value`` asks for, and one sentence per mistake.

    Args:
        value: A table with ``min``, ``max``, ``invocations_per_instance``, ``instances``, ``scale_in_cooldown``,
            ``scale_out_cooldown`` and ``variant``, each of which may be left out.
    """
    if not isinstance(value, Mapping):
        return None, [
            f'{quoted(value)} is not a table such as {{"min": 1, "max": 4, "invocations_per_instance": 4000}}'
        ]
    fields = {name: item for name, item in value.items() if item is not None}
    problems = _mistakes(fields, _AUTOSCALED_FIELDS)
    if problems:
        return None, problems
    minimum, maximum = fields.get("min", 1), fields.get("max", 4)
    if minimum >= maximum:
        return None, [f"min {minimum} is not below max {maximum}: nothing could scale; pinned holds a count"]
    start = fields.get("instances", minimum)
    if not minimum <= start <= maximum:
        return None, [f"instances {start} is outside min {minimum} and max {maximum}"]
    return Autoscaled(
        minimum=minimum,
        maximum=maximum,
        invocations_per_instance=float(fields.get("invocations_per_instance", DEFAULT_PER_INSTANCE)),
        start=start,
        scale_in_cooldown_s=_seconds(fields.get("scale_in_cooldown")),
        scale_out_cooldown_s=_seconds(fields.get("scale_out_cooldown")),
        variant=fields.get("variant"),
    ), []


READERS: Final[Mapping[str, Callable[[object], tuple[ScalingWish | None, list[str]]]]] = {
    PINNED: read_pinned,
    AUTOSCALED: read_autoscaled,
}
"""By keyword of the mark."""


def _mistakes(fields: Mapping[str, Any], checks: Mapping[str, Callable[[object], str]]) -> list[str]:
    problems = [unknown_field(str(name), checks) for name in fields if name not in checks]
    found = {name: check(fields[name]) for name, check in checks.items() if name in fields}
    return problems + [f"{name}: {problem}" for name, problem in found.items() if problem]


def _count(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_INSTANCES:
        return ""
    return f"{quoted(value)} is not a number of instances; write a whole number from 1 to {MOST_INSTANCES:,}"


def _variant(value: object) -> str:
    return "" if isinstance(value, str) and value else f"{quoted(value)} is not the name of a production variant"


def _per_instance(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12:
        return ""
    return f"{quoted(value)} is not a number of invocations per instance and minute; write one above 0, such as 4000"


def _cooldown(value: object) -> str:
    try:
        seconds = parse_duration_s(value)
    except ValueError as error:
        return str(error)
    if seconds != int(seconds) or seconds > _LONGEST_COOLDOWN_S:
        return f"{quoted(value)} is not a cooldown: whole seconds, up to {format_duration(_LONGEST_COOLDOWN_S)}"
    return ""


_AUTOSCALED_FIELDS: Final[Mapping[str, Callable[[object], str]]] = {
    "min": _count,
    "max": _count,
    "invocations_per_instance": _per_instance,
    "instances": _count,
    "scale_in_cooldown": _cooldown,
    "scale_out_cooldown": _cooldown,
    "variant": _variant,
}


def _seconds(value: object) -> int | None:
    return None if value is None else int(parse_duration_s(value))


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
