"""Which fields of a load go with a user's own locustfile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.core.load.plan import LoadPlan
from pytest_smload.core.load.profile import LoadProfile, check_load_fields
from pytest_smload.core.load.written import written_profile
from pytest_smload.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("tps", 40, "give users"),
        ("stages", [{"duration": "10s", "users": 3}], "write a LoadTestShape in it"),
        ("wait", "1s", "set wait_time in its User classes"),
        ("max_duration", "5m", "give a longer duration"),
        ("models", {"a": 1}, "decided by its own code"),
        ("payload", b"{}", "decided by its own code"),
        ("content_type", "text/csv", "decided by its own code"),
        ("order", "smooth", "decided by its own code"),
    ],
)
def test_what_its_own_code_decides_is_refused(name: str, value: object, instead: str) -> None:
    """One sentence names the field and what to do instead."""
    (problem,) = check_load_fields({"locustfile": "locustfile.py", name: value})
    assert problem.startswith(f"{name}: ")
    assert instead in problem


@pytest.mark.parametrize(("name", "value"), [("host", "https://a"), ("tags", ["a"]), ("exclude_tags", ["a"])])
def test_locusts_options_need_a_locustfile(name: str, value: object) -> None:
    """They would mean nothing to a load of our own users."""
    (problem,) = check_load_fields({"users": 3, name: value})
    assert problem.startswith(f"{name}: is for a load with")
    assert [] == check_load_fields({"users": 3, "locustfile": "a.py", name: value})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"locustfile": 3}, "locustfile"),
        ({"locustfile": ".py"}, "locustfile"),
        ({"locustfile": "file.txt"}, "locustfile"),
        ({"locustfile": "a.py", "host": "example.com"}, "host"),
        ({"locustfile": "a.py", "tags": "smoke"}, "tags"),
        ({"locustfile": "a.py", "tags": []}, "tags"),
    ],
)
def test_values_that_are_none(fields: dict[str, Any], named: str) -> None:
    """Each field says what it takes."""
    (problem,) = check_load_fields(fields)
    assert problem.startswith(f"{named}: ")


def test_a_shape_in_the_file_may_say_how_many_users() -> None:
    """Only the file can tell whether there is one, so that users may be left out."""
    assert LoadProfile(locustfile="a.py").has_shape
    assert not LoadProfile().has_shape


def test_what_is_written_down_is_what_applies() -> None:
    """The order of models says nothing of a load without any."""
    assert {"locustfile", "users", "duration", "warmup", "timeout", "seed", "on_unproven", "invalid_retries"} == set(
        written_profile(LoadProfile(locustfile="a.py", users=3))
    )


def test_the_file_is_what_tells_two_loads_apart(tmp_path: Path) -> None:
    """A changed locustfile is another load, whatever its path; one that is not there is a mistake before the load."""
    profile, file = LoadProfile(locustfile="a.py", users=3), tmp_path / "a.py"
    with pytest.raises(ConfigurationError, match=r"a\.py cannot be read \(No such file or directory\)"):
        LoadPlan.from_profile(profile, tmp_path)
    digests = set()
    for text in ("a = 1", "a = 2"):
        file.write_text(text)
        digests.add(LoadPlan.from_profile(profile, tmp_path).rows[0][0].sha256)
    assert 2 == len(digests)
    assert "name" == LoadPlan.from_profile(profile, tmp_path).route_kind
