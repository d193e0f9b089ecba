"""Says whether credentials outlive a load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.units import format_duration

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_smload.core.load.profile import LoadProfile

LONG_LOAD_S = 900.0
"""The shortest session STS issues (DurationSeconds of AssumeRole): a shorter load on fresh credentials is safe."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long credentials last.

    Attributes:
        ends_at: When they end for good, in UTC; None where that is not known, or they are renewed.
        is_known: False for temporary ones that nobody renews and whose end is not known.
    """

    ends_at: datetime | None = None
    is_known: bool = True


def outlived(lifetime: Lifetime, profile: LoadProfile, now: datetime) -> tuple[str, str]:
    """Return why the load of *profile*, begun *now*, outlives its credentials and is refused, and what else to note.

    A load takes its warm-up, its window however far extended and the last request's timeout, and at the most
    ``prime_timeout`` before.
    """
    takes_s = profile.warmup_s + profile.window_ends_s[-1] + profile.timeout_s
    if not lifetime.is_known and takes_s >= LONG_LOAD_S:
        return "", (
            f"the credentials have a session token, and neither botocore nor their variables say until when: whether "
            f"they outlive this load of {format_duration(round(takes_s))} is not known"
        )
    if lifetime.ends_at is None:
        return "", ""
    left_s = (lifetime.ends_at - now).total_seconds()
    left = f"in {format_duration(round(left_s))}" if left_s >= 1 else "by now"
    if left_s < takes_s:
        return (
            f"the credentials expire {left} (AWS_CREDENTIAL_EXPIRATION), and the load takes "
            f"{format_duration(round(takes_s))}; get new ones, or shorten the load"
        ), ""
    priming = profile.prime and profile.warmup_s > 0
    if priming and left_s < takes_s + profile.prime_timeout_s:
        return (
            "",
            f"the credentials expire {left} (AWS_CREDENTIAL_EXPIRATION); long priming would leave too little of that",
        )
    return "", ""
