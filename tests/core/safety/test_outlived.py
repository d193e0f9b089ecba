"""Whether credentials outlive a load."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.safety.outlived import Lifetime, outlived

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PROFILE = LoadProfile(tps=1, duration="60s", warmup="10s", timeout="10s", prime=False)


def ends(seconds: float) -> Lifetime:
    return Lifetime(ends_at=NOW + timedelta(seconds=seconds))


def test_renewed_ones_do() -> None:
    """And those that never end."""
    assert ("", "") == outlived(Lifetime(), PROFILE.replace(duration="12h"), NOW)


@pytest.mark.parametrize(("left_s", "refused"), [(79, True), (81, False), (-5, True)])
def test_a_known_end(left_s: float, refused: bool) -> None:
    """Warm-up, window and the last request must be over by then."""
    refusal, note = outlived(ends(left_s), PROFILE, NOW)

    assert (refused, "") == (bool(refusal), note)
    assert not refused or f"expire {'by now' if left_s < 0 else 'in 1m19s'}" in refusal


def test_an_extension_counts() -> None:
    """The window may become as long as max_duration."""
    assert outlived(ends(200), PROFILE, NOW)[0] == ""
    assert "expire in 3m20s" in outlived(ends(200), PROFILE.replace(max_duration="4m"), NOW)[0]


def test_priming_is_a_note() -> None:
    """It may take its ten minutes, and rarely does."""
    refusal, note = outlived(ends(200), PROFILE.replace(prime=True), NOW)

    assert refusal == ""
    assert "long priming would leave too little" in note


@pytest.mark.parametrize(("duration", "noted"), [("1m", False), ("15m", True)])
def test_an_unknown_end_is_a_note_on_a_long_load(duration: str, noted: bool) -> None:
    """Shorter than the shortest session, there is nothing to tell."""
    refusal, note = outlived(Lifetime(is_known=False), PROFILE.replace(duration=duration), NOW)

    assert ("", noted) == (refusal, bool(note))
