"""Jobs as bytes, and things in pieces."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_smload.core.load.part import Part
from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LOAD_FIELDS, TRAFFIC_FIELDS, LoadProfile
from pytest_smload.core.load.stages import Stage
from pytest_smload.engine.distributed.wire import Destination, Job, Pieces, packed_job, pieces, unpacked_job

DESTINATION = Destination(
    endpoint_name="ep",
    region="us-east-1",
    url="https://runtime",
    url_source="botocore",
    control_url=None,
    embedded=False,
    account="111122223333",
    transport="http",
)
PROFILES = [
    LoadProfile(
        tps=10, duration="3s", models={"a": 3, "b": 1}, payload=["1\n2", "3"], batch=1, max_in_flight=7, seed=5
    ),
    LoadProfile(
        stages=[Stage("1s", users=3, name="calm"), Stage("2s", users=5, to=9)], payload=b"\xff\x00\n", spawn_rate=9.5
    ),
    LoadProfile(users=4, wait="100ms", payload=b"", abort_on={"error_rate": "50%", "for": "10s"}, max_requests=9),
]


@pytest.mark.parametrize("profile", PROFILES, ids=["open", "staged", "closed"])
def test_a_job_comes_back_as_it_was(profile: LoadProfile) -> None:
    """Routes, shares, payload bytes and every field of the load but those that the payloads are made of."""
    plan = LoadPlan.from_profile(profile, Path())
    job = Job(plan=plan, destination=DESTINATION, part=Part(1, 3), gives_up=True)

    back = unpacked_job(packed_job(job))

    own = [name for name in LOAD_FIELDS if name not in TRAFFIC_FIELDS]
    assert [getattr(back.plan.profile, name) for name in own] == [getattr(profile, name) for name in own]
    assert (back.plan.routes, back.plan.shares, back.plan.rows) == (plan.routes, plan.shares, plan.rows)
    assert (back.destination, back.part, back.gives_up) == (DESTINATION, Part(1, 3), True)


def test_a_body_travels_once() -> None:
    """However many models it goes to."""
    body = b"x" * 10_000
    plan = LoadPlan.from_profile(LoadProfile(users=1, models=[f"m{n}" for n in range(50)], payload=body), Path())

    assert len(packed_job(Job(plan=plan, destination=DESTINATION, part=Part(), gives_up=False))) < 30_000


def test_a_job_holds_no_credentials() -> None:
    """A destination says where, not with what."""
    secret = {"credentials", "access_key", "secret_key", "token"}
    assert not secret & set(Destination.__slots__)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 95])
def test_pieces_make_the_whole(size: int) -> None:
    """Nothing as well: one empty piece."""
    data, gathered = bytes(range(size)), Pieces()

    answers = [gathered.add(facts, body) for facts, body in pieces(data, 10)]

    assert answers[-1] == data
    assert set(answers[:-1]) <= {None}
    assert len(answers) == max(1, -(-size // 10))


def test_a_piece_that_is_missing_is_noticed() -> None:
    """The whole would be another one."""
    gathered = Pieces()
    found = list(pieces(bytes(30), 10))
    gathered.add(*found[0])

    with pytest.raises(ValueError, match="piece 1 is missing"):
        gathered.add(*found[2])
