"""Reads README.md and the pages of docs: their blocks of code, sections, tables and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PERF_TEST = re.compile(r"^@(pytest\.mark\.)?perf\(", re.MULTILINE)
"""In code that pytest has to collect."""
_FENCED = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of code, and the line its code begins in."""

    source: str
    line: int


@dataclass(frozen=True)
class Page:
    """One page of Markdown."""

    path: Path

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _FENCED.sub("", self.text)

    @cached_property
    def headings(self) -> list[str]:
        """Its headings, of all levels."""
        return re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)

    @cached_property
    def anchors(self) -> set[str]:
        """What a link may name behind ``#``."""
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in self.headings}

    @cached_property
    def links(self) -> list[str]:
        """Targets of its links."""
        return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", self.prose))

    def blocks(self, *languages: str) -> Iterator[Block]:
        """The blocks of these languages, in their order."""
        for found in _FENCED.finditer(self.text):
            if found[1] in languages:
                yield Block(found[2], self.text.count("\n", 0, found.start(2)) + 1)

    def sources(self, *languages: str) -> list[str]:
        """The code of these languages."""
        return [block.source for block in self.blocks(*languages)]

    def section(self, title: str) -> str:
        """The text below a heading, up to the next one of its level."""
        found = re.search(rf"^(#+) {re.escape(title)}$(.*)", self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{self.path}: no heading {title!r}"
        return re.split(rf"^#{{1,{len(found[1])}}} ", found[2], maxsplit=1, flags=re.MULTILINE)[0]

    def rows(self, title: str) -> dict[str, str]:
        """The rows of a section's tables by each name in code quotes of their first cell."""
        found: dict[str, str] = {}
        for line in self.section(title).splitlines():
            if line.startswith("| `"):
                first, _, rest = line[2:].partition(" | ")
                found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), rest))
        return found


README = Page(ROOT / "README.md")
PAGES = {path.relative_to(DOCS).as_posix(): Page(path) for path in sorted(DOCS.rglob("*.md"))}
"""The pages of docs by their paths there."""
EVERY = (README, *PAGES.values())
