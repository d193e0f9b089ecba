"""When a load is to end early for what it gets: the rule as users write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_smload.core.quoting import quoted
from pytest_smload.core.units import parse_duration_s, parse_share
from pytest_smload.core.wording import unknown_field

_KEYS = ("error_rate", "p95", "for", "grace")
_DURATIONS = ("p95", "for", "grace")
_EXAMPLE = '{"error_rate": "50%", "for": "10s"} or {"p95": "2s", "for": "30s"}'


@dataclass(frozen=True, slots=True)
class AbortRule:
    """End the load for what the requests of its last *span_s* seconds got.

    Attributes:
        error_rate: Ends it when at least this share (0..1) of those that ended failed; None asks nothing of errors.
        span_s: How long it must have been so.
        p95_ms: Ends it when their 95th percentile is above this; None asks nothing of latency.
        grace_s: From the load's first moment on, priming and warm-up included, in which nothing counts.
    """

    error_rate: float | None
    span_s: float
    p95_ms: float | None = None
    grace_s: float = 0.0

    @classmethod
    def of(cls, written: Mapping[str, str | float]) -> AbortRule:
        """Return the rule *written*, in which `abort_rule_problems` finds none."""
        rate = written.get("error_rate")
        return cls(
            error_rate=parse_share(rate) if isinstance(rate, str) else rate,
            span_s=parse_duration_s(written["for"]),
            p95_ms=parse_duration_s(written["p95"]) * 1000 if "p95" in written else None,
            grace_s=parse_duration_s(written.get("grace", "0s")),
        )


def abort_rule_problems(value: object) -> list[str]:
    """Return a sentence per mistake in a rule such as ``{"error_rate": "50%", "p95": "2s", "for": "10s"}``."""
    if not isinstance(value, Mapping):
        return [f"{quoted(value)} is not a rule such as {_EXAMPLE}"]
    problems = [unknown_field(str(key), _KEYS) for key in value if key not in _KEYS]
    if "for" not in value or not {"error_rate", "p95"} & set(value):
        problems.append(f"{quoted(dict(value))} needs for, and error_rate or p95 or both, as in {_EXAMPLE}")
    problems += [
        f"{key}: {problem}" for key in _DURATIONS if key in value for problem in _duration_problems(key, value[key])
    ]
    if "error_rate" in value:
        problems += _share_problems(value["error_rate"])
    return problems


def _duration_problems(key: str, value: object) -> list[str]:
    try:
        seconds = parse_duration_s(value)
    except ValueError as error:
        return [str(error)]
    return [] if seconds > 0 or key == "grace" else ["must be longer than 0s"]


def _share_problems(given: object) -> list[str]:
    try:
        share = parse_share(given) if isinstance(given, str) else given
    except ValueError:
        share = None
    if isinstance(share, float) and 0 < share <= 1:
        return []
    return [f'error_rate: {quoted(given)} is not a share above 0; write one like "50%" or 0.5']
