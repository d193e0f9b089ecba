"""The tables ``[safety]`` and ``[prices]`` of a settings file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pytest_smload.core.quoting import quoted
from pytest_smload.core.safety.cost import Prices
from pytest_smload.core.safety.limits import SafetyLimits
from pytest_smload.core.units import parse_duration_s
from pytest_smload.core.wording import did_you_mean

DATA_GB = "data_gb"
_HIGHEST_PRICE = 1e9
_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")
"""InstanceType of a production variant, in the API reference of CreateEndpointConfig."""


class StrictTable(BaseModel):
    """A table that has no other keys, and whose values are of their types as written."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def _positive_duration(text: str) -> str:
    if parse_duration_s(text) <= 0:
        raise ValueError(f"{quoted(text)} is no time to load anything in")
    return text


_Pattern = Annotated[str, Field(min_length=1)]
_Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SafetyTable(StrictTable):
    """Keys of ``[safety]``."""

    production: list[_Pattern] = Field(default_factory=list)
    allow: Annotated[list[_Pattern], Field(min_length=1)] | None = None
    max_tps: _Amount | None = None
    max_requests: Annotated[int, Field(gt=0, le=2**63 - 1)] | None = None
    max_duration: Annotated[str, AfterValidator(_positive_duration)] | None = None
    max_cost_usd: _Amount | None = None


def safety_limits(table: SafetyTable, source: str) -> SafetyLimits:
    """Return ``[safety]`` as the core has it."""
    return SafetyLimits(
        production=tuple(table.production),
        allow=None if table.allow is None else tuple(table.allow),
        max_tps=table.max_tps,
        max_requests=table.max_requests,
        max_duration_s=None if table.max_duration is None else parse_duration_s(table.max_duration),
        max_cost_usd=table.max_cost_usd,
        source=source,
    )


def price_problems(table: object) -> list[str]:
    """Return a sentence per mistake in ``[prices]``: instance types, and ``data_gb``, each with US dollars."""
    if not isinstance(table, Mapping):
        return []  # its structure is the schema's to check
    problems = []
    for key, value in _flat(table):
        if key != DATA_GB and not _INSTANCE_TYPE.fullmatch(key):
            hint = did_you_mean(key, [DATA_GB])
            problems.append(f'unknown key {quoted(key)}{hint} (allowed: {DATA_GB}, and instance types: "ml.c5.large")')
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _HIGHEST_PRICE:
            problems.append(f"{key}: {quoted(value)} is not a price; write US dollars as a number: 0.119")
    return problems


def prices(table: Mapping[str, Any], source: str) -> Prices:
    """Return ``[prices]``, which has no mistakes, as the core has it."""
    given = {key: float(value) for key, value in _flat(table)}
    data_gb = given.pop(DATA_GB, 0.0)
    return Prices(instance_hour=MappingProxyType(given), data_gb=data_gb, source=source)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of *table*, those that TOML took apart at their dots put together again."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
