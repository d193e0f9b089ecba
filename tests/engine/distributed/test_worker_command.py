"""The worker's command line: what is wrong with how it was started, in one line."""

from __future__ import annotations

import pytest

from pytest_smload.worker import main


@pytest.mark.parametrize(
    ("address", "token", "said"),
    [
        ("10.0.0.5:5557", "", "SMLOAD_TOKEN is not set; give worker and master the same secret"),
        ("10.0.0.5", "0123456789abcdef", "the address '10.0.0.5' is no address; write HOST:PORT"),
        ("10.0.0.5:x", "0123456789abcdef", "the address '10.0.0.5:x' is no address"),
        ("fe80::1:", "0123456789abcdef", "is no address"),
    ],
)
def test_a_mistake_is_said_in_one_line(
    address: str, token: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with an exit code of its own, before anything is connected to; never the token."""
    monkeypatch.setenv("SMLOAD_TOKEN", token)

    assert main([address]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("smload worker: ")
    assert said in err
    assert err.count("\n") == 1
    assert not token or token not in err
