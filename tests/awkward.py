"""Values nobody means and files nobody wrote: what readers are fuzzed with."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st


def nested(levels: int) -> Any:
    """Return lists within lists."""
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


TEXTS = (
    *(
        "",
        "x",
        " ",
        "a\nb",
        "a\rb",
        "a\u2028b",
        "\0",
        "\u202eab",
        "\x1b[31m",
        "x" * 300,
        "{",
        "{0..9}",
        "m-{9..0}",
        "{0..999999}",
    ),
    *("1s", "0s", "500ms", "1h30m", "9" * 400 + "s", "1e400s", "5%", "1000%", "9" * 400 + "%", "nan", "inf", "-1", "1"),
    *(
        "<= 250ms",
        ">= 40",
        "40..60",
        "..",
        "60..40",
        "zipf(1.1)",
        "zipf(99)",
        "each",
        "total",
        "default",
        "local",
        "perf",
    ),
    *("a.tar.gz", "::", "[", "a:b", "http://[", "/dev/null", "../..", "ml.c5.large"),
)
NUMBERS = (0, 1, -1, 2, 50, 10**9, 2**63, 10**400, -(10**400), 0.0, 0.5, 1e-320, 1e308, float("inf"), float("nan"))
OTHERS = (True, False, date(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC), [], {}, [[]], [{}], nested(80), nested(200))
texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = texts | st.sampled_from(NUMBERS) | st.sampled_from(OTHERS) | st.integers() | st.floats()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)
"""Values a TOML file can have."""


def tables(*names: str, likely: st.SearchStrategy[Any] = values) -> st.SearchStrategy[dict[str, Any]]:
    """Return tables with some of *names* as keys, and now and then another."""
    return st.dictionaries(st.sampled_from(names) | texts, likely | values, max_size=4)


def toml(table: dict[str, Any]) -> str:
    """Return *table* as a TOML file."""
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in table.items())


def _key(name: str) -> str:
    return _text(name)


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case dict():
            return "{" + ", ".join(f"{_text(name)} = {_value(inner)}" for name, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case datetime() | date():
            return value.isoformat()
    return str(value)


def _text(text: str) -> str:
    """TOML's basic strings are JSON's but for DEL and for characters that JSON writes as two surrogates."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def spliced(*files: str, most: int = 3) -> st.SearchStrategy[str]:
    """Return *files* with parts left out, doubled, or taken from one another, and texts put in."""

    @st.composite
    def splice(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from(files))
        for _ in range(draw(st.integers(1, most))):
            begin, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
            other = draw(st.sampled_from(files))
            at = draw(st.integers(0, len(other)))
            put = draw(texts | st.sampled_from([other[at : at + 40], text[begin:end], "", "\n", '"', "1" * 5_000]))
            text = text[:begin] + put + text[draw(st.sampled_from([begin, end])) :]
        return text

    return splice()


@st.composite
def replaced(draw: st.DrawFn, document: Any, likely: st.SearchStrategy[Any] = values) -> Any:
    """Return the JSON *document* with one value in it replaced or removed, and perhaps another."""
    found = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 2))):
        place = found
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.integers(0, 4)) == 0:
                del place[key]
            else:
                place[key] = draw(likely | st.none())
            break
    return found


def assert_lines(problems: list[str], longest: int = 4_000) -> None:
    """Each problem is one line, and not a whole file of text."""
    assert problems
    for problem in problems:
        assert len(problem.splitlines()) == 1, problem
        assert len(problem) < longest, problem[:500]
