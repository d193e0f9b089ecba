"""Explains pytest's ScopeMismatch where a wider-scoped fixture asks for one of ours: which form is allowed, and why."""

from __future__ import annotations

import re
from typing import Final

_MISMATCH: Final = re.compile(
    r"ScopeMismatch: You tried to access the function scoped fixture (load_result|load_profile|sm_endpoint) "
    r"with a (\w+) scoped request"
)


def explained(text: str) -> str | None:
    """Return *text*, pytest's own, with the allowed form before it; None where it is about no fixture of ours."""
    found = _MISMATCH.search(text)
    if found is None:
        return None
    fixture, scope = found.groups()
    return (
        f"{fixture} is function-scoped, and a {scope}-scoped fixture asks for it: a load belongs to the one test whose "
        "limits it is held against.\n"
        f"Take {fixture} in the test, or in a fixture of the test's own scope:\n"
        f"    @pytest.fixture\n    def prepared({fixture}): ...\n"
        f"Several claims on one load are several limits of one test (perf_budget is repeatable).\n\n{text}"
    )
