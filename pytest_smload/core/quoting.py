"""Puts a value a user wrote into a sentence, short and on one line whatever it is."""

from __future__ import annotations

import json
import re

LONGEST = 120
"""Characters of a value in a sentence; who wrote more knows it by its beginning."""

_LONGEST_KEY = 1_000
"""Ids of tests are keys too."""


def quoted(value: object) -> str:
    """Return *value* as Python writes it, cut to `LONGEST` characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # Python does not write out whole numbers of more than 4,300 digits, nor tables nested thousands deep.
        return "a whole number of thousands of digits" if isinstance(value, int) else f"this {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 20]}...{text[-10:]}"


def toml_key(key: str) -> str:
    """Return *key* as a TOML file has it, on one line, and cut where it is longer than any name."""
    if len(key) > _LONGEST_KEY:
        key = f"{key[: _LONGEST_KEY - 20]}...{key[-10:]}"
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return key
    return f'"{key}"' if key.isprintable() else json.dumps(key)
