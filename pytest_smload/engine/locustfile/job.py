"""What the process of a locustfile is told to run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.core.load.profile import LoadProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class LocustfileJob:
    """A locustfile, and the load to run with it.

    Attributes:
        path: Of the locustfile, absolute.
        users: How many; None where only a shape class can say.
        spawn_rate: Users started per second; None starts all at once.
        host: Replaces the host of the user classes; None leaves them theirs.
        tags, exclude_tags: As Locust's options; empty for none.
        warmup_s, duration_s: Of warm-up and window.
        timeout_s: How long users may take to end their last task.
        max_requests: Ends the load, warm-up included; None where nothing does.
        abort_on: The rule that ends the load early, as `AbortRule.of` reads it; None where none does.
        names: Of requests that have limits of their own.
        period_s: The window begins at a multiple of so many seconds of the wall clock; None anywhere.
    """

    path: str
    users: int | None
    spawn_rate: float | None
    host: str | None
    tags: tuple[str, ...]
    exclude_tags: tuple[str, ...]
    warmup_s: float
    duration_s: float
    timeout_s: float
    max_requests: int | None
    abort_on: Mapping[str, str | float] | None
    names: tuple[str, ...]
    period_s: int | None = None

    @classmethod
    def of(cls, profile: LoadProfile, path: str, names: tuple[str, ...], period_s: int | None) -> Self:
        """Return the job of *profile*, whose locustfile is at *path*."""
        return cls(
            path=path,
            users=profile.users,
            spawn_rate=profile.spawn_rate,
            host=profile.host,
            tags=tuple(profile.tags or ()),
            exclude_tags=tuple(profile.exclude_tags or ()),
            warmup_s=profile.warmup_s,
            duration_s=profile.duration_s,
            timeout_s=profile.timeout_s,
            max_requests=profile.max_requests,
            abort_on=profile.abort_on,
            names=names,
            period_s=period_s,
        )

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the job that `text` wrote."""
        read = json.loads(text)
        found: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in read.items()}
        return cls(**{spec.name: found[spec.name] for spec in fields(cls)})

    @property
    def text(self) -> str:
        """The job on one line."""
        return json.dumps({**asdict(self), "abort_on": dict(self.abort_on) if self.abort_on is not None else None})

    @property
    def arguments(self) -> list[str]:
        """What the command line would be told of it: the user's code may ask for parsed options."""
        given = ["--headless", "-f", self.path, "--stop-timeout", f"{self.timeout_s:g}"]
        if self.users is not None:
            given += ["--users", str(self.users), "--spawn-rate", f"{self.spawn_rate or self.users:g}"]
        given += ["--host", self.host] if self.host is not None else []
        given += ["--tags", *self.tags] if self.tags else []
        return [*given, "--exclude-tags", *self.exclude_tags] if self.exclude_tags else given
