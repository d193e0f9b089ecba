"""Turns what a user wrote about weights into each name's share of the traffic."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.route_kinds import WEIGHTED, RouteKind
from pytest_smload.core.wording import some
from pytest_smload.errors import ConfigurationError

MAX_MODELS = 65_535
"""Samples and schedules carry a route as two bytes."""
_MAX_ZIPF_EXPONENT = 10.0

_ZIPF = re.compile(r"\s*zipf\(\s*(\d+(?:\.\d+)?)\s*\)\s*")
_LOOKS_LIKE_ZIPF = re.compile(r"\s*zipf\b.*", re.IGNORECASE | re.DOTALL)
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,9})\.\.(\d{1,9})")
_FORMS = 'write weights {"a": 3, "b": 1}, a list of names (a last element "zipf(1.1)" skews it), or "zipf(1.1)"'


def check_weights(value: object, kind: RouteKind = "model") -> list[str]:
    """Return one sentence per mistake in *value*, weights a user wrote over what *kind* says; none if all is well.

    ``"zipf(1.1)"`` alone is well; whether there are names for it to spread over is for `resolve_weights` to say.
    """
    if isinstance(value, str):
        try:
            _zipf_exponent(value)
        except ValueError as error:
            return [
                str(error) if _LOOKS_LIKE_ZIPF.fullmatch(value) else f"{quoted(value)} is not a traffic mix; {_FORMS}"
            ]
        return []
    return _resolve(value, kind)[1]


def resolve_weights(
    value: object, weaker: Sequence[str] | None = None, *, kind: RouteKind = "model"
) -> dict[str, float]:
    """Return each name's share of the traffic, ``{name: share}``, summing to 1, in the order written.

    Args:
        value: One of

            * a mapping of name to weight. ``{0..199}`` or ``{000..199}`` in a name stands for that many names, each
              with the weight given. The weight ``"zipf(s)"`` skews an entry: of its k names the i-th has a weight
              proportional to 1/i^s, the first being the most popular, and together they weigh k (1 per name on
              average), which is how much the entry counts beside others;
            * a list of names, equal weights; with ``"zipf(s)"`` as its last element, skewed over all of them;
            * the text ``"zipf(s)"``, skewed over *weaker*.
        weaker: The names of a weaker source, most popular first: the endpoint's.
        kind: What the names are of.

    A name of weight 0 gets no traffic and is left out.

    Raises:
        ConfigurationError: with one sentence per mistake.
    """
    if isinstance(value, str) and not check_weights(value, kind):
        value = spread_over(value, weaker, kind)
    weights, problems = _resolve(value, kind) if not isinstance(value, str) else ({}, check_weights(value, kind))
    if problems:
        raise ConfigurationError([f"{WEIGHTED[kind].field}: {problem}" for problem in problems])
    total = math.fsum(weights.values())
    return {name: weight / total for name, weight in weights.items() if weight / total > 0}


def spread_over(distribution: str, weaker: object, kind: RouteKind = "model") -> list[str]:
    """Return ``[names..., "zipf(s)"]`` for a *distribution* over the names of a weaker source, most popular first.

    Raises:
        ConfigurationError: *weaker* has none.
    """
    if isinstance(weaker, Mapping):
        weights = {name: weight if isinstance(weight, (int, float)) else 1 for name, weight in weaker.items()}
        names = sorted((name for name, weight in weights.items() if weight > 0), key=lambda name: -weights[name])
    elif isinstance(weaker, (list, tuple)) and weaker:
        names = list(weaker)
        if names[-1].strip().startswith("zipf("):
            names.pop()
    else:
        field, names_end = WEIGHTED[kind].field, ".tar.gz" if kind == "model" else ""
        raise ConfigurationError(
            f"{field}: {distribution!r} spreads over the endpoint's own {field}, and it has none; "
            f'list them: {field} = ["{kind}-{{0..9}}{names_end}", "{distribution.strip()}"]'
        )
    return [*names, distribution]


def expand_names(text: str) -> list[str]:
    """Return the names *text* stands for: ``"m-{8..10}"`` -> ``["m-8", "m-9", "m-10"]``; several ranges multiply.

    A leading zero on either end pads all numbers to the wider end: ``{08..10}`` -> ``08 09 10``.

    Raises:
        ValueError: a brace that is no such range, or more names than a load can tell apart.
    """
    parts = _BRACES.split(text)
    literals, ranges = parts[::2], [_numbers(inner, text) for inner in parts[1::2]]
    if any(brace in literal for literal in literals for brace in "{}"):
        raise ValueError(f"{quoted(text)} has an unpaired brace; a range of names is written {{0..199}}")
    if math.prod(len(numbers) for numbers, _ in ranges) > MAX_MODELS:
        raise ValueError(f"{quoted(text)} stands for more than {MAX_MODELS:,} names, the most a load can have")
    columns = [[f"{number:0{width}d}" for number in numbers] for numbers, width in ranges]
    return [
        literals[0] + "".join(number + literal for number, literal in zip(row, literals[1:], strict=True))
        for row in itertools.product(*columns)
    ]


def name_problem(name: str, kind: RouteKind = "model") -> str | None:
    """Return why *name* cannot name what *kind* says, or None.

    A TargetModel is of the API's pattern ``\\A\\S[\\p{Print}]*\\z``, with 1..1024 characters; the others are shorter. A
    trailing space matches that pattern, but HTTP strips it from a header's value (RFC 9110, 5.5).
    """
    member = WEIGHTED[kind].member
    shown = repr(name) if len(name) <= 80 else f"{name[:60]!r}..."
    api = f"{'an' if member.name[0] in 'AEIOU' else 'a'} {member.name}"
    if not 1 <= len(name) <= member.max_chars:
        return f"{kind} name {shown} has {len(name):,} characters; {api} has 1 to {member.max_chars:,}"
    if not (name.isascii() and name.isprintable()):
        bad = next(char for char in name if not (char.isascii() and char.isprintable()))
        return f"{kind} name {shown} contains {bad!r}; {api} is printable ASCII"
    if name != name.strip():
        return f"{kind} name {shown} starts or ends with a space, which a header cannot carry; remove it"
    return None


def _numbers(inner: str, text: str) -> tuple[range, int]:
    """The numbers of one ``a..b`` and the width they are padded to."""
    match = _RANGE.fullmatch(inner)
    if match is None:
        raise ValueError(f"{quoted(text)}: {{{inner}}} is not a range of whole numbers; write one like {{0..199}}")
    first, last = match.groups()
    if int(first) > int(last):
        raise ValueError(f"{quoted(text)}: {{{inner}}} counts down; write {{{last}..{first}}}")
    padded = any(len(end) > 1 and end.startswith("0") for end in (first, last))
    return range(int(first), int(last) + 1), max(len(first), len(last)) if padded else 1


def _zipf_exponent(text: str) -> float:
    match = _ZIPF.fullmatch(text)
    if match is None or float(match[1]) > _MAX_ZIPF_EXPONENT:
        raise ValueError(
            f'{quoted(text)} is no distribution; write "zipf(s)" with s from 0 (equal) to 10, like "zipf(1.1)"'
        )
    return float(match[1])


def _zipf_weights(count: int, exponent: float) -> list[float]:
    """Weights proportional to 1/i^exponent for i = 1..count, summing to *count*."""
    raw = [rank**-exponent for rank in range(1, count + 1)]
    scale = count / math.fsum(raw)
    return [scale * weight for weight in raw]


def _resolve(value: object, kind: RouteKind) -> tuple[dict[str, float], list[str]]:
    """Weights per expanded name, and the mistakes on the way to them."""
    if isinstance(value, Mapping):
        entries: list[tuple[object, object]] = list(value.items())
        skew = None
    elif isinstance(value, (list, tuple)):
        names = list(value)
        skew = names.pop() if names and isinstance(names[-1], str) and _LOOKS_LIKE_ZIPF.fullmatch(names[-1]) else None
        entries = [(name, 1) for name in names]
    else:
        return {}, [f"{quoted(value)} is not a traffic mix; {_FORMS}"]
    if not entries:
        return {}, [f"no {kind} is named; {_FORMS}"]
    weights, problems = _entry_weights(entries, kind)
    if skew is not None and weights:
        try:
            weights = dict(zip(weights, _zipf_weights(len(weights), _zipf_exponent(skew)), strict=True))
        except ValueError as error:
            problems.append(str(error))
    if not problems:
        problems.extend(_total_problems(weights, kind))
    return weights, problems


def _entry_weights(entries: Sequence[tuple[object, object]], kind: RouteKind) -> tuple[dict[str, float], list[str]]:
    weights: dict[str, float] = {}
    named_by: dict[str, object] = {}
    problems: list[str] = []
    for text, weight in entries:
        try:
            names = _entry_names(text, kind)
            shares = _weights_of(text, weight, len(names))
        except ValueError as error:
            problems.append(str(error))
            continue
        again: list[str] = []
        for name in names:
            if name in named_by:
                again.append(name)
            else:
                named_by[name] = text
        if again:
            sources = f"{named_by[again[0]]!r} and {quoted(text)}"
            problems.append(f"{kind} {some(list(map(repr, again)), 1)} is named twice, by {sources}; name each once")
        weights.update(zip(names, shares, strict=True))
    return weights, problems


def _entry_names(text: object, kind: RouteKind) -> list[str]:
    if not isinstance(text, str):
        raise ValueError(f"{kind} name {quoted(text)} is not text")  # noqa: TRY004 - one error type for one question
    if _LOOKS_LIKE_ZIPF.fullmatch(text):
        raise ValueError(
            f"{quoted(text)} is a distribution, no {kind}; it goes last in a list, or in place of a weight"
        )
    names = expand_names(text)
    problem = next(filter(None, (name_problem(name, kind) for name in names)), None)
    if problem is not None:
        raise ValueError(problem)
    return names


def _weights_of(text: object, weight: object, count: int) -> Iterator[float] | list[float]:
    if isinstance(weight, str):
        try:
            return _zipf_weights(count, _zipf_exponent(weight))
        except ValueError as error:
            raise ValueError(f"weight of {quoted(text)}: {error}") from None
    if isinstance(weight, bool) or not isinstance(weight, (int, float)):
        raise ValueError(f'weight of {quoted(text)} is {quoted(weight)}, neither a number nor "zipf(1.1)"')  # noqa: TRY004 - see above
    try:
        number = float(weight)
    except OverflowError:
        number = math.inf
    if not 0 <= number < math.inf:
        raise ValueError(f"weight of {quoted(text)} is {number:g}; a weight is a finite number from 0 up")
    return itertools.repeat(number, count)


def _total_problems(weights: Mapping[str, float], kind: RouteKind) -> list[str]:
    if len(weights) > MAX_MODELS:
        return [f"{len(weights):,} {kind}s are named; a load can have {MAX_MODELS:,}"]
    try:
        total = math.fsum(weights.values())
    except OverflowError:
        total = math.inf
    if total == 0:
        return [f"weights sum to 0, so no {kind} would get a request; give at least one a weight above 0"]
    if total == math.inf:
        return ["weights are too large to add up; only their ratios count, so write smaller numbers"]
    return []
