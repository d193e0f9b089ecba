"""Reads a page as a browser does before its scripts run: elements, text, and what is packed in it."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """One page.

    Attributes:
        elements: Each element's name with the names of its attributes, in order.
        values: Of all attributes: name and value.
        text: All that is shown.
        packed: What its scripts unpack, by id.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.values: list[tuple[str, str]] = []
        self.text = ""
        self.packed: dict[str, str] = {}
        self._inside = ""
        self._id = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.values += [(name, value or "") for name, value in attrs]
        self._inside, self._id = tag, dict(attrs).get("id") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.packed[self._id] = data
        elif self._inside != "style":
            self.text += data

    def json(self, name: str) -> Any:
        """Return one of the packed parts."""
        return json.loads(gzip.decompress(base64.b64decode(self.packed[name])))
