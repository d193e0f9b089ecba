"""Production variants by the code that samples carry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

UNNAMED: Final = 0
"""Code of an answer that named no variant."""
_MOST: Final = 255
_NAME: Final = re.compile(r"[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}")
"""VariantName in the API reference (``ProductionVariant``)."""


class VariantNames:
    """Names of the production variants that answered in one load, in the order they were first seen.

    Attributes:
        names: By code; the first, ``""``, stands for none.
    """

    def __init__(self) -> None:
        self.names = [""]
        self._codes: dict[str, int] = {"": UNNAMED}

    def code(self, name: str) -> int:
        """Return the code of *name*; what no variant can be called, or one more than 255, counts as none named."""
        known = self._codes.get(name)
        if known is not None:
            return known
        if len(self.names) > _MOST or _NAME.fullmatch(name) is None:
            return UNNAMED
        self.names.append(name)
        self._codes[name] = len(self.names) - 1
        return self._codes[name]

    def codes(self, names: Iterable[str]) -> list[int]:
        """Return the code of each of *names*."""
        return [self.code(name) for name in names]
