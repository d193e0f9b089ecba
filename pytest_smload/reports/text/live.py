"""Words for a load that is about to run or running; whoever calls decides where and how often they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smload.aws.shown_url import shown_url
from pytest_smload.core.hosting.words import hosting_details
from pytest_smload.core.samples.progress import Progress
from pytest_smload.core.units import format_duration, format_ms
from pytest_smload.reports.words.cells import format_count, format_tps, plain_text

if TYPE_CHECKING:
    from pytest_smload.aws.target import EndpointTarget
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.request.endpoint import EndpointFacts

TTY_WIDTH = 79
"""One less than 80: a terminal moves to the next line once its last column is written."""


def live_line(progress: Progress, width: int = TTY_WIDTH) -> str:
    """Return one line of at most *width* columns, without padding or control characters.

    On a narrow terminal the least needed parts go first: requests in flight, then the phase.
    """
    phase = plain_text(progress.phase)
    clock = f"[{_clock(progress.elapsed_s)}/{_clock(progress.total_s)}]"
    figures = [_load(progress), f"p95 {format_ms(progress.p95_ms)}", f"errors {format_count(progress.errors)}"]
    in_flight = f"in flight {format_count(progress.in_flight)}"
    for parts in ([clock, phase, *figures, in_flight], [clock, phase, *figures], [clock, *figures]):
        line = "  ".join(parts)
        if len(line) <= width:
            return line
    return line[:width]


def plain_line(progress: Progress, label: str | None = None) -> str:
    """Return one line for logs: no control characters, every figure with its name or unit."""
    name = f"load {plain_text(label)!r}: " if label else ""
    return (
        f"smload: {name}{format_duration(round(progress.elapsed_s))} of {format_duration(round(progress.total_s))}, "
        f"{plain_text(progress.phase)}: {_load(progress)}, p95 {format_ms(progress.p95_ms)}, "
        f"errors {format_count(progress.errors)}, in flight {format_count(progress.in_flight)}"
    )


def before_load_line(
    endpoint: EndpointFacts,
    target: EndpointTarget,
    *,
    transport: str,
    transport_reason: str = "",
) -> str:
    """Return the line that says where loads are about to go, before the first request.

    It names what set the address and where the credentials were found, never the credentials; the address is
    shown by its scheme and host.
    """
    account = f", account {endpoint.account}" if endpoint.account else ""
    why = f" ({transport_reason})" if transport_reason not in {"", "default"} else ""
    if not target.endpoint_name:
        return plain_text(f"smload: load by the {endpoint.name} on its own hosts; no endpoint is configured")
    origin = "resolved by botocore" if target.url_source == "botocore" else f"set by {target.url_source}"
    return plain_text(
        f"smload: load on {endpoint.name} ({target.endpoint_name}, {target.region}{account}), "
        f"{shown_url(target.url)} {origin}; credentials from {target.credentials.method}; transport {transport}{why}"
    )


def hosting_line(endpoint: EndpointFacts, hosting: Hosting, identity: str) -> str:
    """Return the line that says what hosts the endpoint of the loads to come, and who asked."""
    asked = f"; asked as {identity}" if identity else ""
    return plain_text(f"smload: {endpoint.endpoint_name} is {hosting_details(hosting)}{asked}")


def _load(progress: Progress) -> str:
    if progress.target_tps is not None:
        return f"{format_tps(progress.tps)} of {format_tps(progress.target_tps)} TPS"
    if progress.users is None:
        return f"{format_tps(progress.tps)} TPS"
    return f"{format_count(progress.users)} user{'s' if progress.users != 1 else ''}, {format_tps(progress.tps)} TPS"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
