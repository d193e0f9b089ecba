"""Error kinds and their codes."""

from __future__ import annotations

from pytest_smload.core.request import error_kinds as kinds
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS, ErrorKinds


def test_own_kinds_have_fixed_codes() -> None:
    """The constants are the codes of the names reports show."""
    codes = (kinds.OK, kinds.TIMEOUT, kinds.UNSENT, kinds.CONNECTION, kinds.BAD_RESPONSE, kinds.CLIENT)

    assert [ErrorKinds().name(code) for code in codes] == [
        "ok",
        "Timeout",
        "Unsent",
        "Connection",
        "BadResponse",
        "Client",
    ]


def test_aws_codes_are_kept_verbatim() -> None:
    """A code is given on first sight, and the same one ever after."""
    found = ErrorKinds()

    assert found.code("ModelError") == found.code("ModelError") == 6
    assert found.names[6] == "ModelError"


def test_a_byte_holds_every_code() -> None:
    """Names beyond 255 share the last code, and are called Other."""
    found = ErrorKinds()
    codes = [found.code(f"Kind{number}") for number in range(400)]

    assert (max(codes), found.name(255), len(found.names)) == (255, "Other", 256)
    assert found.code("Kind0") == 6
    assert found.code("Kind399") == 255


def test_refused_and_slow_are_never_the_clients() -> None:
    """Connection, timeout, throttling and model errors accuse the endpoint."""
    endpoint = {"Connection", "Timeout", "Unsent", "BadResponse", "ThrottlingException", "ModelError"}

    assert not endpoint & CLIENT_CAUSED_KINDS
