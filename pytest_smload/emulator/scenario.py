"""The scenario file: what the embedded endpoint is and how it behaves, read with pydantic from TOML."""

from __future__ import annotations

import math
import tomllib
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError, field_validator, model_validator

from pytest_smload.core.nesting import is_too_deep
from pytest_smload.core.quoting import quoted
from pytest_smload.emulator.durations import (
    Constant,
    Distribution,
    Lognormal,
    is_distribution_table,
)
from pytest_smload.emulator.faults import FREEZE, RESET, SLOW, Fault
from pytest_smload.emulator.protocol import ERRORS
from pytest_smload.emulator.scenario_hosting import (
    NAME_PATTERN,
    Autoscaling,
    Components,
    Containers,
    Hosting,
    Variant,
    Variants,
)
from pytest_smload.emulator.scenario_mistakes import ScenarioError, describe
from pytest_smload.emulator.scenario_table import AnyDistribution, Duration, Table

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BODY_BYTES = 1 << 30
_BY_MODEL = "*"
_DEFAULT_LATENCY = Lognormal(0.005, 0.008)
FAULT_KINDS = (*ERRORS, FREEZE, SLOW, RESET)


class Cold(Table):
    """``[cold]``: how models get into memory.

    Attributes:
        memory: Room for models on each instance, in the unit of ``size``; None is unlimited.
        size: Size by model, "*" for the rest; 1 each unless given, so that ``memory`` counts models.
        load_time: How long a load takes.
        load_timeout_s: After this ModelNotReadyException is answered, while loading continues.
    """

    memory: float | None = Field(default=None, gt=0)
    size: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    load_time: AnyDistribution = Constant(1.0)
    load_timeout_s: Duration = Field(default=60.0, alias="load_timeout")

    def size_of(self, model: str) -> float:
        """Return the room *model* takes."""
        return self.size.get(model, self.size.get(_BY_MODEL, 1.0))

    @model_validator(mode="after")
    def _fits(self) -> Cold:
        for model, size in {_BY_MODEL: self.size_of(_BY_MODEL), **self.size}.items():
            if self.memory is not None and size > self.memory:
                raise ValueError(f"size of {model!r} is {size:g}, more than memory = {self.memory:g}")
        return self


class Response(Table):
    """``[response]``: what a model answers.

    Attributes:
        body: The body as text.
        size: Bytes of a filler body instead.
        echo: Answer with the request's own body and content type instead.
        content_type: Content type of the answer.
        custom_attributes: Custom attributes of the answer; without them the request's are returned.
    """

    body: str = "[0.5]"
    size: int | None = Field(default=None, ge=0, le=LARGEST_BODY_BYTES)
    echo: bool = False
    content_type: str = "application/json"
    custom_attributes: str | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Response:
        given = [key for key in ("body", "size", "echo") if key in self.model_fields_set]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; keep one")
        return self

    @property
    def content(self) -> bytes:
        """The body, in bytes."""
        return self.body.encode() if self.size is None else b"0" * self.size


class FaultTable(Table):
    """``[[faults]]``: one thing that goes wrong, by rate, in a span of the scenario's clock, or both.

    Attributes:
        kind: What goes wrong: one of those below.
        rate: Share of the requests it meets, above 0 and up to 1; None is all of the span, where there is one.
        at_s: Begin of the span, counted from the first request.
        for_s: How long it lasts; None is to the end.
        model: The only model it meets; None is all.
        extra: How much longer a slow answer takes.
        original_status: The container's own status, 400 to 599, of a ModelError.
        message: What the error says.
    """

    kind: str
    rate: float | None = Field(default=None, gt=0, le=1)
    at_s: Duration | None = Field(default=None, alias="at")
    for_s: Duration | None = Field(default=None, alias="for")
    model: str | None = None
    extra: AnyDistribution = None
    original_status: int | None = Field(default=None, ge=400, le=599)
    message: str | None = None

    @field_validator("kind", mode="before")
    @classmethod
    def _known_kind(cls, value: object) -> str:
        kind = str(value)
        if kind not in FAULT_KINDS and not (kind.isdecimal() and 400 <= int(kind) <= 599):
            raise ValueError(f"{quoted(value)} is not a fault; allowed: {', '.join(FAULT_KINDS)}, or a status 400..599")
        return kind

    @model_validator(mode="after")
    def _consistent(self) -> FaultTable:
        if self.rate is None and self.at_s is None:
            raise ValueError('needs rate = 0.05, or at = "10s" with for = "2s", or both')
        if self.for_s is not None and self.at_s is None:
            raise ValueError('for needs at, such as at = "10s"')
        if self.kind == FREEZE and (self.rate is not None or self.for_s is None):
            raise ValueError("freeze is a span: it takes at and for, and no rate")
        if (self.kind == SLOW) != (self.extra is not None):
            raise ValueError('slow needs extra = "200ms", and only slow takes it')
        if self.original_status is not None and self.kind != "ModelError":
            raise ValueError("original_status belongs to ModelError only")
        return self

    def fault(self) -> Fault:
        """Return the fault as the plan takes it."""
        at_s = self.at_s or 0.0
        return Fault(
            kind=self.kind,
            rate=Fraction(1) if self.rate is None else Fraction(str(self.rate)),
            at_s=at_s,
            until_s=math.inf if self.for_s is None else at_s + self.for_s,
            model=self.model,
            extra=self.extra,
            original_status=self.original_status or 500,
            message=self.message,
        )


class Scenario(Table):
    """A scenario.

    Attributes:
        endpoint: The only endpoint name that exists; None accepts any.
        multi_model: Whether requests name a target model: required when True, refused when False. None, the default,
            accepts both, unless *models* or *cold* say that there are several.
        models: The target models that exist; None accepts any.
        instances: Machines behind the endpoint.
        workers: Requests an instance processes at once; None is unlimited, so nothing ever queues.
        queue_limit: Requests that may wait on an instance; more are answered ServiceUnavailable. None is unlimited.
        model_timeout_s: After this in queue and processing, ModelError with original status 0 is answered.
        check_signatures: Whether a wrong signature is refused.
        seed: Seed of every random draw.
        latency: Processing time by model, "*" for the rest.
        cold: Loading and eviction, or None where every model is always warm.
        response: What a model answers.
        variants: The production variants.
        containers: Latency by container of a multi-container endpoint with direct invocation; None accepts any.
        components: Inference components; None accepts any.
        hosting: What the control plane says of it.
        autoscaling: The pace of scaling.
        faults: What goes wrong.
    """

    endpoint: str | None = Field(default=None, min_length=1, max_length=63, pattern=NAME_PATTERN)
    multi_model: bool | None = None
    models: list[str] | None = Field(default=None, min_length=1)
    instances: int = Field(default=1, ge=1, le=1000)
    workers: int | None = Field(default=None, ge=1, le=100_000)
    queue_limit: int | None = Field(default=None, ge=0)
    model_timeout_s: Duration = Field(default=60.0, alias="model_timeout")
    check_signatures: bool = True
    seed: int = 0
    latency: dict[str, AnyDistribution] = Field(default={_BY_MODEL: _DEFAULT_LATENCY})
    cold: Cold | None = None
    response: Response = Response()
    variants: Variants = Field(default={"AllTraffic": Variant()}, min_length=1)
    containers: Containers | None = Field(default=None, min_length=2, max_length=15)
    components: Components | None = Field(default=None, min_length=1)
    hosting: Hosting = Hosting()
    autoscaling: Autoscaling = Autoscaling()
    faults: list[FaultTable] = Field(default=[])

    @field_validator("latency", mode="before")
    @classmethod
    def _one_latency_for_all(cls, value: object) -> object:
        if isinstance(value, dict) and set(value) == {"p50", "p95"}:
            raise ValueError('a table by model, and p50 is none; write { lognormal = { p50 = "20ms", p95 = "60ms" } }')
        return {_BY_MODEL: value} if isinstance(value, str) or is_distribution_table(value) else value

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        if self.queue_limit is not None and self.workers is None:
            raise ValueError("queue_limit needs workers: without a limit on workers nothing ever queues")
        if self.multi_model is False and (self.cold is not None or self.models is not None):
            raise ValueError("cold and models belong to multi-model endpoints; set multi_model = true or remove them")
        if self.components is not None and (self.containers is not None or self.needs_target_model):
            raise ValueError("components exclude containers, cold, models and multi_model = true; keep one kind")
        for name, component in (self.components or {}).items():
            if component.variant is not None and component.variant not in self.variants:
                raise ValueError(f"component {name!r} is on variant {component.variant!r}, which is none of [variants]")
        if not any(variant.weight for variant in self.variants.values()):
            raise ValueError("one variant at least needs a weight above 0")
        return self

    @property
    def needs_target_model(self) -> bool:
        """Whether a request without a target model is refused."""
        return self.multi_model or (self.multi_model is None and (self.cold is not None or self.models is not None))

    def latency_of(self, model: str) -> Distribution:
        """Return the processing time of *model*."""
        found: Distribution = self.latency.get(model) or self.latency.get(_BY_MODEL, _DEFAULT_LATENCY)
        return found


def load_scenario(path: Path) -> Scenario:
    """Read the scenario file at *path*.

    Raises:
        ScenarioError: With every mistake in the file, each naming file, table, key and what is allowed.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ScenarioError([f"{path}: cannot be read: {problem.strerror}"]) from None
    except ValueError as problem:  # not TOML, not UTF-8, or a whole number of thousands of digits
        raise ScenarioError([f"{path}: is not TOML: {problem}"]) from None
    except RecursionError:
        data = None
    if data is None or is_too_deep(data):
        raise ScenarioError([f"{path}: is nested too deeply to be read"])
    try:
        return Scenario.model_validate(data)
    except ValidationError as problem:
        raise ScenarioError(describe(problem, path, Scenario)) from None
