"""S3 with the scenario's model artifacts, answered by moto, which is imported when first asked for."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from pytest_smload.emulator.control.call import Call, ControlError
from pytest_smload.emulator.control.sagemaker import BUCKET, MODELS_PREFIX
from pytest_smload.emulator.credentials import REGION
from pytest_smload.emulator.protocol import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smload.emulator.scenario import Scenario

_SCOPE: Final = b"/s3/aws4_request"
_HOST: Final = f"https://s3.{REGION}.amazonaws.com"
_DROPPED: Final = frozenset({"content-length", "connection", "transfer-encoding", "date", "server", "x-amzn-requestid"})
LOADING_EXTRA: Final = "pip install 'pytest-smload[emulator]'"


def decoded(method: str, raw_path: bytes, query: bytes, headers: Mapping[bytes, bytes]) -> Call | None:
    """Return the call in a request, or None for one that is not signed for S3."""
    if _SCOPE not in headers.get(b"authorization", b""):
        return None
    has_key = b"/" in raw_path.strip(b"/")
    if method == "HEAD":
        return Call("s3", "HeadObject" if has_key else "HeadBucket", {})
    if method == "GET":
        if has_key:
            return Call("s3", "GetObject", {})
        return Call("s3", "ListObjectsV2" if b"list-type=2" in query else "ListObjects", {})
    return Call("s3", method, {})


def permission(call: Call) -> str:
    """Return the action that a call needs, which S3 names differently."""
    if call.operation.startswith(("List", "HeadBucket")):
        return "s3:ListBucket"
    return "s3:GetObject" if call.operation in {"HeadObject", "GetObject"} else f"s3:{call.operation}"


def failure(error: ControlError, request_id: str) -> Answer:
    """Return the answer with *error*."""
    said = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message><RequestId>{request_id}</RequestId>"
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error>{said}</Error>'.encode()
    headers = ((b"content-type", b"application/xml"), (b"content-length", b"%d" % len(body)))
    return Answer(error.code, error.status, body, headers)


class S3:
    """A bucket of the scenario's models; reading only.

    One thread of its own keeps the event loop free while moto works; importing moto would hold up requests all the
    same, so it is not begun while a load runs.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smload-emulator-s3")
        self._moto: Any = None

    async def answer(
        self, call: Call, raw_path: bytes, query: bytes, headers: Mapping[bytes, bytes], *, in_load: bool
    ) -> Answer:
        """Return moto's answer.

        Raises:
            ControlError: the call would write, a load runs and moto is not there yet, or moto is not installed.
        """
        if call.operation not in {"ListObjects", "ListObjectsV2", "HeadObject", "HeadBucket", "GetObject"}:
            raise ControlError("MethodNotAllowed", "The embedded endpoint's bucket is for reading only.", 405)
        self._check_known()
        if self._moto is None and in_load:
            raise ControlError("SlowDown", "Please reduce your request rate: a load is running.", 503)
        loop = asyncio.get_running_loop()
        method = "HEAD" if call.operation.startswith("Head") else "GET"
        return await loop.run_in_executor(self._thread, self._ask, method, raw_path, query, dict(headers))

    def _check_known(self) -> None:
        if self._scenario.needs_target_model and self._scenario.models is None:
            raise ControlError("AccessDenied", "Access Denied: the scenario names no models, so any exists.", 403)

    def _ask(self, method: str, raw_path: bytes, query: bytes, headers: dict[bytes, bytes]) -> Answer:
        if self._moto is None:
            self._moto = _moto_with(self._scenario.models or ["model.tar.gz"])
        from botocore.awsrequest import AWSPreparedRequest

        url = _HOST + raw_path.decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        given["host"] = _HOST.removeprefix("https://")
        answered = self._moto.process_request(AWSPreparedRequest(method, url, given, b"", stream_output=False))
        status, said, content = (404, {}, b"") if answered is None else answered
        body: bytes = content.encode() if isinstance(content, str) else content
        lengths = [str(value) for name, value in said.items() if name.lower() == "content-length"]
        length = lengths[0] if method == "HEAD" and lengths else str(len(body))
        kept = tuple(
            (name.lower().encode(), str(value).encode()) for name, value in said.items() if name.lower() not in _DROPPED
        )
        kind = "" if status < 400 else str(status)
        return Answer(kind, status, b"" if method == "HEAD" else body, (*kept, (b"content-length", length.encode())))


def _moto_with(models: list[str]) -> Any:
    """Return moto's entry for a request, its S3 holding *models*."""
    try:
        from moto.core.botocore_stubber import BotocoreStubber
        from moto.s3.models import s3_backends
    except ImportError:
        raise ControlError(
            "NotImplemented", f"The embedded endpoint's S3 needs moto, which is not installed: {LOADING_EXTRA}", 501
        ) from None
    from pytest_smload.emulator.credentials import ACCOUNT

    backend = s3_backends[ACCOUNT]["aws"]
    backend.create_bucket(BUCKET, REGION)
    for model in models:
        backend.put_object(BUCKET, MODELS_PREFIX + model, b"model")
    return BotocoreStubber()
