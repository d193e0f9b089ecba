"""The models' artifacts in S3, as boto3 reads them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pytest_smload.emulator.control.call import Call, ControlError
from pytest_smload.emulator.control.s3 import S3
from pytest_smload.emulator.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.process import EmulatorProcess

BUCKET = "smload-emulator"
HEAD = Call("s3", "HeadObject", {})


@pytest.fixture(scope="module")
def emulator(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """A multi-model endpoint."""
    return start_emulator('models = ["a.tar.gz", "new/b (1).tar.gz"]\n')


def code(call: Callable[..., Any], **arguments: Any) -> str:
    """Return the code of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_models_are_listed(emulator: EmulatorProcess, boto3_client: Callable[..., Any]) -> None:
    """Every model of the scenario is under the model's prefix, after a reset as well; nothing else is, and no write."""
    s3 = boto3_client(emulator, service="s3")
    emulator.reset()
    for _ in range(2):
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="models/")["Contents"]
        assert ["models/a.tar.gz", "models/new/b (1).tar.gz"] == [one["Key"] for one in listed]
        emulator.reset()
    begun_s = time.monotonic()
    assert s3.head_object(Bucket=BUCKET, Key="models/new/b (1).tar.gz")["ContentLength"] > 0
    assert code(s3.head_object, Bucket=BUCKET, Key="models/c.tar.gz") == "404"
    assert time.monotonic() - begun_s < 30  # the connection is kept alive for longer
    assert code(s3.get_object, Bucket=BUCKET, Key="models/c.tar.gz") == "NoSuchKey"
    assert code(s3.list_objects_v2, Bucket="other") == "NoSuchBucket"
    assert code(s3.put_object, Bucket=BUCKET, Key="models/c.tar.gz", Body=b"1") == "MethodNotAllowed"


def asked(s3: S3, *, in_load: bool = False) -> ControlError:
    """Return the refusal of a HeadObject."""
    with pytest.raises(ControlError) as caught:
        asyncio.run(s3.answer(HEAD, b"/smload-emulator/models/a", b"", {}, in_load=in_load))
    return caught.value


def test_moto_is_not_imported_during_a_load() -> None:
    """While a load runs the first call is put off."""
    refused = asked(S3(Scenario()), in_load=True)

    assert (refused.code, refused.status) == ("SlowDown", 503)


def test_without_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing that needs moto says how to install it."""
    monkeypatch.setitem(sys.modules, "moto.core.botocore_stubber", None)

    assert "needs moto, which is not installed: pip install 'pytest-smload[emulator]'" in asked(S3(Scenario())).message


def test_any_model_exists_where_none_is_listed() -> None:
    """A multi-model scenario without models cannot list them, and says so as a denial."""
    assert asked(S3(Scenario.model_validate({"multi_model": True}))).code == "AccessDenied"


def test_the_control_plane_imports_no_moto() -> None:
    """The endpoint starts without moto or anything else of its weight."""
    program = (
        "import sys, pytest_smload.emulator.app\n"
        "print([name for name in ('moto', 'boto3', 'numpy', 'requests') if name in sys.modules])"
    )

    assert "[]" == subprocess.check_output([sys.executable, "-c", program], text=True).strip()
