"""Says which fields of a load go with a user's own locustfile, and what they may hold."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smload.core.load.fields import LoadField
from pytest_smload.core.quoting import quoted

OF_A_LOCUSTFILE = ("host", "tags", "exclude_tags")
"""Fields that mean nothing without one."""
_BESIDE = frozenset(
    {
        "locustfile", *OF_A_LOCUSTFILE, "users", "spawn_rate", "duration", "warmup", "timeout", "max_requests", "seed",
        "on_unproven", "invalid_retries", "abort_on",
    }
)  # fmt: skip
_INSTEAD = {
    "tps": "its users wait for their answers, so that no rate can be kept; give users",
    "stages": "write a LoadTestShape in it",
    "wait": "set wait_time in its User classes",
    "max_duration": "its window has one length; give a longer duration",
}


def python_file(value: object) -> list[str]:
    """Pass the path of a Python file, as text."""
    if isinstance(value, str) and value.endswith(".py") and len(value) > len(".py"):
        return []
    return [f'{quoted(value)} is not the path of a Python file, such as "locustfile.py"']


def host_text(value: object) -> list[str]:
    """Pass what Locust takes for a host: a URL."""
    if isinstance(value, str) and "://" in value and not any(map(str.isspace, value)):
        return []
    return [f'{quoted(value)} is not a host such as "https://example.com"']


def tag_list(value: object) -> list[str]:
    """Pass a list of Locust's tags."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(tag, str) and tag.strip() for tag in value):
        return []
    return [f'{quoted(value)} is not a list of tags such as ["smoke"]']


LOCUSTFILE = LoadField(
    "closed loop: a Python file with Locust `User` classes of your own, which send whatever they send "
    "(your own locustfile)",
    python_file,
)
HOST = LoadField(
    "Locust's `--host`, for the locustfile's users; it replaces their own", host_text, unset="the classes'"
)
TAGS = LoadField("Locust's `--tags`: only the locustfile's tasks with one of these", tag_list, unset="all")
EXCLUDE_TAGS = LoadField("Locust's `--exclude-tags`: none of the locustfile's tasks with one of these", tag_list)


def applies_beside(name: str) -> bool:
    """Whether the field *name* says something of a load that is a locustfile's."""
    return name in _BESIDE


def locustfile_problems(fields: Mapping[str, object]) -> list[str]:
    """Return a sentence for each of *fields* that does not go with the locustfile they name, or needs one."""
    given = [name for name, value in fields.items() if value is not None]
    if "locustfile" not in given:
        return [
            f"{name}: is for a load with a locustfile=..., and this one has none"
            for name in OF_A_LOCUSTFILE
            if name in given
        ]
    return [
        f"{name}: a load with a locustfile takes none: {_INSTEAD.get(name, 'what it sends is decided by its own code')}"
        for name in given
        if name not in _BESIDE
    ]
