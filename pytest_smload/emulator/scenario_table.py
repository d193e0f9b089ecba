"""What every table of a scenario file has: no unknown keys, no silent conversions, durations with their units."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pytest_smload.emulator.durations import parse_distribution, parse_duration_s

Duration = Annotated[float, BeforeValidator(parse_duration_s)]
AnyDistribution = Annotated[Any, BeforeValidator(parse_distribution)]


class Table(BaseModel):
    """A table of a scenario file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False, protected_namespaces=())
