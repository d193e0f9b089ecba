"""Notices that an endpoint changed while it was loaded."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from pytest_smload.aws.control_plane import ControlPlaneError
from pytest_smload.aws.preflight import is_absent
from pytest_smload.conduct.witness import Testimony
from pytest_smload.core.hosting.changes import changes
from pytest_smload.core.trust.health import Finding
from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.aws.preflight import Preflight
    from pytest_smload.conduct.looks import Assessment
    from pytest_smload.conduct.witness import LoadSpan
    from pytest_smload.core.hosting.hosting import EndpointState

_REMEDY = "run the test again while nobody deploys to or scales the endpoint"
_STOP_S = 1.0


class EndpointWatch:
    """Describes the endpoint before and after a load, and during it every *every_s* seconds where that is asked for.

    Two calls of DescribeEndpoint a load, none in between by default. Make it after whoever changes the endpoint on
    purpose, so that it begins when they have.

    Args:
        preflight: What is known of the endpoint.
        every_s: How often to look during the load, at least 10 s, or None.
        may_scale: Whether its instances may change in number (an autoscaled load).
        scaled: Which variant's, where it is one of several.
        of: What the endpoint is called in a sentence.
    """

    def __init__(
        self,
        preflight: Preflight,
        *,
        every_s: float | None = None,
        may_scale: bool = False,
        scaled: str | None = None,
        of: str = "the endpoint",
    ) -> None:
        self._preflight = preflight
        self._every_s = every_s
        self._may_scale = may_scale
        self._scaled = scaled
        self._of = of
        self._before: EndpointState | None = None
        self._seen: dict[str, float] = {}
        self._failed = ""
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._begin_s = 0.0

    def begin(self) -> None:
        self._before = self._preflight.refresh()
        if self._before is None and self._preflight.state is not None:
            # It could be asked once, and cannot any more.
            self._failed = self._preflight.notes[-1]
        self._begin_s = monotonic()
        if self._before is not None and self._every_s is not None:
            # A thread of the operating system's: a call blocks, and nothing of the load may wait for it.
            self._thread = threading.Thread(target=self._look_on, name="smload-endpoint-watch", daemon=True)
            self._thread.start()

    def testify(self, judged: Assessment, span: LoadSpan, say: Callable[[str], object]) -> Testimony:  # noqa: ARG002
        self._end()
        if self._before is not None:
            self._look()
        # Before the load ended it may have changed back: what was seen meanwhile counts as well.
        texts = [self._told(text, after_s) for text, after_s in self._seen.items()]
        reasons = [Finding(f"{self._of} changed during the load: {'; '.join(texts)}", _REMEDY)] if texts else []
        return Testimony(reasons=tuple(reasons), notes=(self._failed,) if self._failed else ())

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None

    def _look_on(self) -> None:
        while not self._over.wait(self._every_s):
            self._look(during=True)

    def _look(self, *, during: bool = False) -> None:
        assert self._before is not None  # noqa: S101 - it begins with one
        try:
            now = self._preflight.look()
        except ControlPlaneError as error:
            if is_absent(error):
                self._seen.setdefault("it is gone", -1.0)
            elif not self._failed:
                what = "is not allowed" if error.denied else f"failed ({error.code})"
                self._failed = f"{error.action} {what}: whether {self._of} changed during the load is not known"
            return
        if during and not self._over.is_set():
            self._preflight.stands(now)
        elapsed_s = monotonic() - self._begin_s
        for text in changes(self._before, now, may_scale=self._may_scale, scaled=self._scaled):
            self._seen.setdefault(text, elapsed_s if during else -1.0)

    def _told(self, text: str, after_s: float) -> str:
        return text if after_s < 0 else f"{text} ({format_duration(round(after_s))} after its begin)"
