"""Reads the command line's options and the environment's ``SMLOAD_*`` variables into one frozen record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from pytest_smload.aws.report_place import ReportPlace, parse_report_place
from pytest_smload.core.load.profile import LOAD_FIELDS, ONE_SHAPE, check_load_fields, given_shapes
from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import parse_whole
from pytest_smload.core.wording import nearest
from pytest_smload.errors import ConfigurationError
from pytest_smload.options import (
    ACCEPT_REGRESSION,
    ALLOW_PRODUCTION,
    NO_CLOUDWATCH,
    OPTIONS,
    OTEL,
    PREFIX,
    SWITCHES,
    TOKEN_VARIABLE,
    UPDATE_BASELINES,
    Option,
)
from pytest_smload.transport.registry import TRANSPORTS


def _transport(text: str) -> str:
    if text not in TRANSPORTS:
        raise ValueError(f"{quoted(text)} is not one of {', '.join(TRANSPORTS)}")
    return text


_MOST_PROCESSES, _MOST_WORKERS = 64, 1_000


def _count(text: str, most: int) -> int:
    count = parse_whole(text)
    if not 1 <= count <= most:
        raise ValueError(f"{quoted(text)} must be between 1 and {most:,}")
    return count


def _places(text: str) -> tuple[ReportPlace, ...]:
    return () if text.lower() == "none" else (parse_report_place(text),)


def _switch(text: str) -> bool:
    try:
        return _SWITCHED[text.lower()]
    except KeyError:
        raise ValueError(f"{quoted(text)} is neither 1 nor 0") from None


_SWITCHED = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

_PARSERS: Mapping[str, Callable[[str], object]] = {
    **{name: row.from_text for name, row in LOAD_FIELDS.items() if row.from_text is not None},
    "transport": _transport,
    "processes": partial(_count, most=_MOST_PROCESSES),
    "workers": partial(_count, most=_MOST_WORKERS),
    "report_to": _places,
    **{option.name: _switch for option in SWITCHES},
}
"""How an option's text becomes its value; text stays text."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What options and environment say, parsed.

    Attributes:
        options: Values given on the command line, by name.
        environment: Values of ``SMLOAD_*`` variables, by name; weaker than *options*.
    """

    options: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return the stronger value of a setting that is text (endpoint, profile, transport, report), or None."""
        value = self.options.get(name, self.environment.get(name))
        return None if value is None else str(value)

    def whole(self, name: str) -> int | None:
        """Return the stronger value of a setting that is a whole number (processes, workers), or None."""
        value = self.options.get(name, self.environment.get(name))
        return value if isinstance(value, int) else None

    @property
    def report_to(self) -> Sequence[ReportPlace] | None:
        """Where in S3 reports go, nowhere included; None where neither option nor variable says."""
        value = self.options.get("report_to", self.environment.get("report_to"))
        return value if isinstance(value, tuple) else None

    @property
    def update_baselines(self) -> bool:
        """Whether runs are to be recorded as baselines."""
        return self._switched(UPDATE_BASELINES)

    @property
    def accept_regression(self) -> bool:
        """Whether a run that regressed is to be recorded all the same."""
        return self._switched(ACCEPT_REGRESSION)

    @property
    def no_cloudwatch(self) -> bool:
        """Whether CloudWatch is never to be asked."""
        return self._switched(NO_CLOUDWATCH)

    @property
    def allow_production(self) -> bool:
        """Whether endpoints that are marked as production may be loaded."""
        return self._switched(ALLOW_PRODUCTION)

    @property
    def otel(self) -> bool | None:
        """Whether figures are to be sent to an OpenTelemetry collector; None where neither option nor variable says."""
        given = self.options.get(OTEL.name, self.environment.get(OTEL.name))
        return None if given is None else bool(given)

    def _switched(self, switch: Option) -> bool:
        return bool(self.options.get(switch.name, self.environment.get(switch.name, False)))

    def source(self, name: str) -> str:
        """Return which option or variable *name* was taken from."""
        option = _BY_NAME[name]
        return option.flag if name in self.options else option.variable

    def levels(self) -> list[tuple[str, dict[str, object]]]:
        """Return (where, load fields) of environment and options, weakest first."""
        return [
            ("environment", {name: value for name, value in self.environment.items() if name in LOAD_FIELDS}),
            ("options", {name: value for name, value in self.options.items() if name in LOAD_FIELDS}),
        ]


_BY_NAME = {option.name: option for option in (*OPTIONS, *SWITCHES)}


def read_overrides(options: Mapping[str, str | None], environment: Mapping[str, str]) -> Overrides:
    """Parse the options' texts (by option name) and the ``SMLOAD_*`` variables among *environment*.

    Empty variables count as unset, as CI systems pass on variables that are not defined.

    Raises:
        ConfigurationError: naming every option and variable that is wrong.
    """
    # Rebound, so that no traceback with local variables can print the whole environment.
    environment = {
        name: text
        for name, text in environment.items()
        if name.startswith(PREFIX) and name != TOKEN_VARIABLE and text.strip()
    }
    problems: list[str] = []
    given = {name: text for name, text in options.items() if text is not None}
    every = _BY_NAME.values()
    variables = {option.name: environment[option.variable] for option in every if option.variable in environment}
    known = [option.variable for option in every]
    problems += [_unknown_variable(name, known) for name in environment if name not in known]
    overrides = Overrides(
        options=MappingProxyType(_parse(given, lambda option: option.flag, problems)),
        environment=MappingProxyType(_parse(variables, lambda option: option.variable, problems)),
    )
    if overrides.accept_regression and not overrides.update_baselines:
        problems.append(
            f"{overrides.source(ACCEPT_REGRESSION.name)}: accepts a regression into the baseline; it goes with "
            f"{UPDATE_BASELINES.flag}"
        )
    if problems:
        raise ConfigurationError(problems)
    return overrides


def _parse(texts: Mapping[str, str], where: Callable[[Option], str], problems: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, text in texts.items():
        option = _BY_NAME[name]
        try:
            values[name] = value = _PARSERS.get(name, str)(text.strip())
        except ValueError as error:
            problems.append(f"{where(option)}: {error}")
            continue
        if name in LOAD_FIELDS:
            # The check names the field first; the option's own name says it already.
            found = check_load_fields({name: value})
            problems += [f"{where(option)}: {problem.removeprefix(f'{name}: ')}" for problem in found]
        elif not text.strip():
            problems.append(f"{where(option)}: needs a value ({option.metavar})")
    shapes = given_shapes(values)
    if len(shapes) > 1:
        problems.append(f"{' and '.join(where(_BY_NAME[name]) for name in shapes)}: {ONE_SHAPE}")
    return values


def _unknown_variable(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near is not None else ""
    return f"{name}: unknown environment variable{hint} (allowed: {', '.join(known)})"
