"""Error kinds and their codes."""

from __future__ import annotations

import botocore.session
import pytest

from pytest_smload.core.request import error_kinds as kinds
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS, ErrorKinds
from pytest_smload.core.request.known_kinds import AWS_CODES, KNOWN_KINDS, counts_as, is_known


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
    assert len(found._codes) == 255


def test_refused_and_slow_are_never_the_clients() -> None:
    """Connection, timeout, throttling and model errors accuse the endpoint."""
    endpoint = {"Connection", "Timeout", "Unsent", "BadResponse", "ThrottlingException", "ModelError"}

    assert not endpoint & CLIENT_CAUSED_KINDS


@pytest.mark.parametrize(
    ("name", "status", "kinds"),
    [
        ("ModelError", 424, {"ModelError", "4xx", "424"}),
        ("InternalDependencyException", 530, {"InternalDependencyException", "5xx", "530"}),
        ("502", 502, {"502", "5xx"}),
        ("ValidationError", 503, {"ValidationError", "5xx", "503"}),
        ("ServiceUnavailable", 400, {"ServiceUnavailable", "4xx", "400"}),
        ("Timeout", None, {"Timeout"}),
        ("Client", None, {"Client"}),
        ("SomethingNew", 500, {"5xx", "500", "SomethingNew"}),
        ("302", 302, {"302"}),
        ("Other", None, {*KNOWN_KINDS, "302", "400", "424", "500", "502", "503", "530", "SomethingNew"}),
    ],
)
def test_where_a_failure_counts(name: str, status: int | None, kinds: set[str]) -> None:
    """As itself, and in the class and status it was answered with, whatever code it claims; Other counts everywhere."""
    asked = [*KNOWN_KINDS, "302", "400", "424", "500", "502", "503", "530", "SomethingNew"]

    assert kinds == {kind for kind in asked if counts_as(name, status, kind)}


def test_a_kind_answered_with_two_statuses_has_two_codes() -> None:
    """They are told apart by the status, and called by the same name."""
    found = ErrorKinds()
    codes = [found.code("ModelError", 424), found.code("ModelError", 503), found.code("ModelError", 424)]

    assert codes == [6, 7, 6]
    assert found.names[6:] == ("ModelError", "ModelError")
    assert found.statuses[6:] == (424, 503)


def test_codes_of_the_client_are_known() -> None:
    """Whatever is counted against the client can be limited too."""
    assert all(map(is_known, CLIENT_CAUSED_KINDS))


def test_codes_of_the_operation_are_botocores() -> None:
    """Each modelled error of InvokeEndpoint is known by its code."""
    shapes = botocore.session.get_session().get_service_model("sagemaker-runtime").error_shapes
    assert {shape.name for shape in shapes} <= set(AWS_CODES)
