"""A run's record as the text of ``report.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smload.core.results.record_schema import RunRecord


def run_json(record: RunRecord) -> str:
    """Return *record* as strict JSON: a NaN or infinity that slipped through would be unreadable to all but Python.

    Raises:
        ValueError: there is one.
    """
    return json.dumps(record, allow_nan=False, ensure_ascii=False, indent=1) + "\n"
