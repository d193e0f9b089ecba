"""One schedule laid out for two sides."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_smload.core.load.pairs import APART_S, side_of
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.load.schedule import Schedule


def schedule(**fields: object) -> Schedule:
    """A schedule of 2,000 requests a second over two models."""
    return Schedule.of(LoadProfile(**{"tps": 2000, "duration": "3s", "warmup": "1s"} | fields), (0.75, 0.25))  # type: ignore[arg-type]


def test_both_sides_get_every_arrival_of_its_model_in_its_part_of_the_load() -> None:
    """The same models in the same order, as many before each end of the window; none moves over its edge."""
    whole = schedule()
    for side in (0, 1):
        part = side_of(whole, side, seed=0)

        assert (part.models == whole.models).all()
        assert (part.warmup_count, part.ends) == (whole.warmup_count, whole.ends)
        assert (np.diff(part.offsets_s) >= 0).all()
        assert (part.offsets_s < whole.warmup_s).sum() == whole.warmup_count
        assert part.offsets_s[-1] < whole.warmup_s + whole.ends[-1].offset_s


def test_the_order_within_pairs_is_drawn_and_seeded() -> None:
    """Either side is first in about half of the pairs, the second follows at once, and the same seed draws the same."""
    whole = schedule(arrivals="uniform")
    tested, control = (side_of(whole, side, seed=7).offsets_s for side in (0, 1))

    apart = (control - tested)[:-1]
    assert np.allclose(np.abs(apart), APART_S)
    assert 0.45 < (apart > 0).mean() < 0.55
    assert (side_of(whole, 0, seed=7).offsets_s == tested).all()
    assert (side_of(whole, 0, seed=8).offsets_s != tested).any()


def test_a_pair_has_two_sides() -> None:
    """There is no third."""
    with pytest.raises(ValueError, match="sides 0 and 1"):
        side_of(schedule(), 2, seed=0)
