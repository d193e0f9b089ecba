"""Which processes send the loads of a run, by options and environment."""

from __future__ import annotations

import pytest

from pytest_smload.errors import ConfigurationError
from pytest_smload.gate.generators import crew_of
from pytest_smload.settings.sources import read_overrides

TOKEN = {"SMLOAD_TOKEN": "0123456789abcdef"}


def test_one_process_needs_no_crew() -> None:
    """Nor does a run that says nothing of it."""
    assert crew_of(read_overrides({}, {}), {}) is None
    assert crew_of(read_overrides({"processes": "1"}, {}), {}) is None


def test_processes_are_local_and_have_a_token_of_their_own() -> None:
    """Made up for each run, on loopback; SMLOAD_TOKEN is not theirs."""
    crews = [crew_of(read_overrides({"processes": "4"}, TOKEN), TOKEN) for _ in range(2)]

    one, other = [crew.wanted for crew in crews if crew is not None]
    assert (one.count, one.host, one.port, one.local) == (4, "127.0.0.1", 0, True)
    assert len(one.token) > 32
    assert len({one.token, other.token, *TOKEN.values()}) == 3


def test_workers_join_where_they_are_told_to() -> None:
    """With the shared token, which no repr shows; an address open to the network is warned about."""
    crew = crew_of(read_overrides({"workers": "3", "bind": "10.0.0.5:5557"}, TOKEN), TOKEN)

    assert crew is not None
    wanted = crew.wanted
    assert (wanted.count, wanted.host, wanted.port, wanted.local) == (3, "10.0.0.5", 5557, False)
    assert wanted.token == TOKEN["SMLOAD_TOKEN"]
    assert wanted.token not in repr(wanted)
    assert "open to the network" in wanted.warning


@pytest.mark.parametrize(
    ("options", "environment", "what"),
    [
        ({"workers": "2"}, TOKEN, "--smload-workers: needs --smload-bind"),
        ({}, {**TOKEN, "SMLOAD_WORKERS": "2"}, "SMLOAD_WORKERS: needs --smload-bind"),
        ({"bind": "127.0.0.1:5557"}, TOKEN, "--smload-bind: needs --smload-workers"),
        ({"workers": "2", "bind": "here"}, TOKEN, "--smload-bind 'here' is no address"),
        ({"workers": "2", "bind": "127.0.0.1:0"}, TOKEN, "is no address"),
        ({"workers": "2", "bind": "127.0.0.1:99999"}, TOKEN, "is no address"),
        ({"workers": "2", "bind": ":5557"}, TOKEN, "is no address"),
        ({"workers": "2", "bind": "127.0.0.1:5557"}, {}, "SMLOAD_TOKEN is not set"),
        ({"workers": "2", "bind": "0.0.0.0:5557"}, {"SMLOAD_TOKEN": "short"}, "SMLOAD_TOKEN has 5 characters"),
        ({"workers": "2", "bind": "127.0.0.1:1", "processes": "2"}, TOKEN, "are both given"),
        ({"processes": "0"}, {}, "--smload-processes: '0' must be between 1 and 64"),
        ({"processes": "two"}, {}, "--smload-processes: "),
        ({"workers": "1001"}, {}, "--smload-workers: '1001' must be between"),
    ],
)
def test_mistakes_are_said_in_one_line(options: dict[str, str], environment: dict[str, str], what: str) -> None:
    """Before anything is started; the token is in none of them."""
    with pytest.raises(ConfigurationError) as caught:
        crew_of(read_overrides(options, environment), environment)

    (problem,) = caught.value.problems
    assert what in problem
    assert TOKEN["SMLOAD_TOKEN"] not in problem
