"""Error kinds and their codes."""

from __future__ import annotations

import botocore.session
import pytest

from pytest_smload.core.request import error_kinds as kinds
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS, ErrorKinds
from pytest_smload.core.request.known_kinds import KNOWN_KINDS, STATUSES, counts_as, is_known


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
    ("name", "kinds"),
    [
        ("ModelError", {"ModelError", "4xx", "424"}),
        ("InternalFailure", {"InternalFailure", "5xx", "500"}),
        ("InternalDependencyException", {"InternalDependencyException", "5xx", "530"}),
        ("502", {"502", "5xx"}),
        ("429", {"429", "4xx"}),
        ("Timeout", {"Timeout"}),
        ("Client", {"Client"}),
        ("SomethingNew", {"4xx", "5xx", "SomethingNew"}),
        ("Other", {*KNOWN_KINDS, "424", "429", "500", "502", "530", "SomethingNew"}),
    ],
)
def test_where_a_failure_counts(name: str, kinds: set[str]) -> None:
    """As itself, and in the class and status its code is answered with; what nobody can tell counts wherever it may."""
    asked = [*KNOWN_KINDS, "424", "429", "500", "502", "530", "SomethingNew"]

    assert kinds == {kind for kind in asked if counts_as(name, kind)}


def test_codes_of_the_client_are_known() -> None:
    """Whatever is counted against the client can be limited too."""
    assert all(map(is_known, CLIENT_CAUSED_KINDS))


def test_codes_of_the_operation_are_botocores() -> None:
    """Each modelled error of InvokeEndpoint is known by its code and status."""
    shapes = botocore.session.get_session().get_service_model("sagemaker-runtime").error_shapes
    modelled = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes if "error" in shape.metadata}

    assert modelled == {name: STATUSES[name] for name in modelled}
    assert all(shape.name in STATUSES for shape in shapes)
