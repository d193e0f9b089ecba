"""A load that needs more connections than this process may open files is refused before it begins."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import FakeTransport, run

from pytest_smload.engine import descriptors
from pytest_smload.errors import ConfigurationError


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"users": 1200}, r"1,200 users need .* \(ulimit -n 1280, now 1024\), or ask for 944 users or fewer"),
        ({"tps": 600}, r"1,200 requests in flight \(max_in_flight\) need .* or ask for max_in_flight=944 or less"),
        ({"tps": 1, "max_in_flight": 945}, "ulimit -n 1025"),
    ],
    ids=["closed", "open", "as many as asked for"],
)
def test_it_is_refused_with_the_way_out(fields: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,024 files 64 are open and 16 kept free; nothing is sent, nothing stays open."""
    monkeypatch.setattr(descriptors, "raise_file_limit", lambda: 1024)
    monkeypatch.setattr(descriptors, "_open_files", lambda: 64)
    transport = FakeTransport()
    with pytest.raises(ConfigurationError, match=said) as caught:
        run(transport, duration="60s", **fields)

    assert "\n" not in str(caught.value)
    assert (transport.log, transport.closed) == ([], True)


def test_what_the_limit_carries_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last descriptor."""
    monkeypatch.setattr(descriptors, "raise_file_limit", lambda: 1024)
    monkeypatch.setattr(descriptors, "_open_files", lambda: 64)

    assert len(run(FakeTransport(), tps=100, duration="50ms", max_in_flight=944).samples) == 5


def test_open_files_are_counted(tmp_path: Any) -> None:
    """One more open, one more counted."""
    before = descriptors._open_files()
    with (tmp_path / "file").open("w"):
        assert descriptors._open_files() == before + 1
