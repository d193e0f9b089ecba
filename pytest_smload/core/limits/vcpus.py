"""How many vCPUs and GPUs an instance type has."""

from __future__ import annotations

import re

_SIZE = re.compile(
    r"(?:ml\.)?(?P<family>[a-z][a-z0-9-]*)\.(?:(?P<times>\d{1,3})?(?P<x>xlarge)|(?P<small>medium|large))"
)
_VCPUS = {"t2.medium": 2, "t3.medium": 2, "c4.8xlarge": 36}
"""Where the rule does not hold: https://docs.aws.amazon.com/ec2/latest/instancetypes/."""
_LARGE, _MEDIUM, _PER_XLARGE = 2, 1, 4

_ONE_UP_TO_FOUR = {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}
_EIGHT = {"24xlarge": 8, "48xlarge": 8}
_GPUS: dict[str, dict[str, int]] = {
    "g4dn": {"12xlarge": 4},
    "g5": _ONE_UP_TO_FOUR,
    "g6": _ONE_UP_TO_FOUR,
    "g6e": _ONE_UP_TO_FOUR,
    "gr6": {},
    "g7e": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "p2": {"8xlarge": 8, "16xlarge": 16},
    "p3": {"8xlarge": 4, "16xlarge": 8},
    "p3dn": _EIGHT,
    "p4d": _EIGHT,
    "p4de": _EIGHT,
    "p5": _EIGHT,
    "p5e": _EIGHT,
    "p5en": _EIGHT,
    "p6-b200": _EIGHT,
    "p6-b300": _EIGHT,
    "p6e-gb200": {"36xlarge": 4},
}
"""By family, the sizes that have more than one."""
_MAYBE_GPUS = re.compile(r"[gp]\d")
"""Families that are named like those with GPUs."""


def vcpus_of(instance_type: str) -> int | None:
    """Return the vCPUs of ``"ml.m5.2xlarge"``, or None where they are not known.

    N xlarge have 4 N, large has 2 and medium 1, which holds for every type SageMaker hosts on but those of a table.
    """
    found = _SIZE.fullmatch(instance_type)
    if found is None:
        return None
    exception = _VCPUS.get(instance_type.removeprefix("ml."))
    if exception is not None:
        return exception
    if found["small"]:
        return _LARGE if found["small"] == "large" else _MEDIUM
    return _PER_XLARGE * int(found["times"] or 1)


def gpus_of(instance_type: str) -> int | None:
    """Return the GPUs of ``"ml.g5.12xlarge"``, 0 where it has none, or None where they are not known."""
    found = _SIZE.fullmatch(instance_type)
    if found is None:
        return None
    family, size = found["family"], instance_type.rpartition(".")[2]
    if family in _GPUS:
        return _GPUS[family].get(size, 1)
    return None if _MAYBE_GPUS.match(family) else 0
