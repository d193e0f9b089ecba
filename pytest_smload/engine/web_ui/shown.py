"""Puts what was told of a load into Locust's statistics, as its web UI shows them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from locust.env import Environment
from locust.event import Events
from locust.runners import LocalRunner
from locust.stats import StatsError, bucket_response_time

from pytest_smload.core.samples.ended import Ended
from pytest_smload.core.statistics.octaves import middles_ms
from pytest_smload.engine.request_type import REQUEST_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping


class _ShownRunner(LocalRunner):
    """A runner that runs nothing.

    Attributes:
        users: How many there are where the load runs.
    """

    users = 0

    @property
    def user_count(self) -> int:
        """What the page shows."""
        return self.users


class ShownLoad:
    """The load that is shown.

    Attributes:
        environment: Locust's, which has no users of its own.
        number: Of the loads shown, from 1 on; 0 before any.
    """

    def __init__(self) -> None:
        self.environment: Any = Environment(user_classes=[], events=Events(), host="")  # type: ignore[no-untyped-call]
        self.environment.runner = self._runner = _ShownRunner(self.environment)
        self.environment.locustfile = "pytest"
        # One that is ready has Locust's page ask for a load to be started.
        self._runner.state = "stopped"
        self.number = 0
        self._is_stopping = False
        self._names: list[str] = []
        self._elapsed_s = 0.0

    @property
    def may_be_stopped(self) -> bool:
        """Whether a load runs that nobody has stopped."""
        return self._is_running and not self._is_stopping

    @property
    def _is_running(self) -> bool:
        return self._runner.state in {"running", "spawning"}

    @property
    def standing(self) -> str:
        """What a page says of the load beside Locust's figures."""
        if not self.number:
            return "No load runs yet. The first one will appear here."
        title = self.environment.locustfile
        if not self._is_running:
            return f"{title}: this load is over. The next one, if there is one, will appear here."
        if self._is_stopping:
            return f"{title}: somebody pressed Stop. This load is about to end, and is INVALID."
        return f"{title}: the test or script that describes this load starts it. Stop ends it, and makes it INVALID."

    def stopping(self) -> None:
        """Say that it is about to end; Locust's page would look for no more figures of one that is "stopping"."""
        self._is_stopping = True

    def take(self, facts: Mapping[str, Any], body: bytes) -> None:
        """Take one message."""
        if facts["kind"] == "load":
            self.environment.host, self.environment.locustfile = facts["host"], facts["title"]
            self._begin("spawning")
            self._names = []
        elif facts["kind"] == "over":
            self._runner.state, self._runner.users = "stopped", 0
        else:
            if facts["elapsed_s"] < self._elapsed_s:
                # Another run of the same load.
                self._begin("running")
            if self._runner.state == "spawning":
                self._runner.state = "running"
            self._elapsed_s, self._runner.users = facts["elapsed_s"], facts["users"]
            self._names = [*self._names[: facts["known"]], *facts["names"]]
            self._count(Ended.unpacked(facts["ended"], body, self._names), time.time())

    def _begin(self, state: str) -> None:
        self.environment.stats.clear_all()
        self.number += 1
        self._is_stopping = False
        self._runner.state, self._elapsed_s = state, 0.0

    def _count(self, ended: Ended, now: float) -> None:
        stats = self.environment.stats
        took_ms = middles_ms(ended.rows["bin"].astype(np.int64)).tolist()
        last_s = stats.total.last_request_timestamp
        if last_s and int(now) > int(last_s):
            stats.total._cache_response_times(int(now) - 1)
        rows = zip(
            ended.rows["route"].tolist(),
            ended.rows["kind"].tolist(),
            ended.rows["count"].tolist(),
            took_ms,
            strict=True,
        )
        for route, kind, count, each_ms in rows:
            entry = stats.entries[ended.names[route], REQUEST_TYPE]
            for each in (stats.total, entry):
                _add(each, count, each_ms, now, failed=bool(kind))
            if kind:
                self._fail(entry, ended, kind, count, now)

    def _fail(self, entry: Any, ended: Ended, kind: int, count: int, now: float) -> None:
        name = ended.kinds[kind]
        said = f"{name}: {ended.messages[name]}" if ended.messages.get(name) else name
        errors = self.environment.stats.errors
        key = StatsError.create_key(entry.method, entry.name, said)
        error = errors.setdefault(key, StatsError(entry.method, entry.name, said, first_seen=now))
        error.occurrences += count
        error.last_seen = now


def _add(entry: Any, count: int, took_ms: float, now: float, *, failed: bool) -> None:
    """What `StatsEntry.log` does, for *count* requests alike."""
    entry.num_requests += count
    entry.num_reqs_per_sec[int(now)] += count
    entry.last_request_timestamp = now
    entry.total_response_time += took_ms * count
    entry.min_response_time = took_ms if entry.min_response_time is None else min(entry.min_response_time, took_ms)
    entry.max_response_time = max(entry.max_response_time, took_ms)
    entry.response_times[bucket_response_time(took_ms)] += count
    if failed:
        entry.num_failures += count
        entry.num_fail_per_sec[int(now)] += count
