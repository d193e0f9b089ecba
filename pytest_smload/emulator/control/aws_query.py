"""The query protocol of CloudWatch's older clients and of STS: forms in, XML out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from pytest_smload.emulator.control.call import Call, ControlError
from pytest_smload.emulator.protocol import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICES: Final = {"2010-08-01": "cloudwatch", "2011-06-15": "sts"}
"""By the API's version (botocore's service models)."""
_NAMESPACES: Final = {
    "cloudwatch": "http://monitoring.amazonaws.com/doc/2010-08-01/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_FORM: Final = b"application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 10_000
_MOST_PARTS: Final = 32
"""Of a field's name; those of GetMetricData have ten."""


def decoded(headers: Mapping[bytes, bytes], body: bytes) -> Call | None:
    """Return the call in a request, or None for one that is no form of a known version.

    Raises:
        ControlError: ``MalformedQueryString``.
    """
    if not headers.get(b"content-type", b"").startswith(_FORM):
        return None
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return None
    service = _SERVICES.get(fields.pop("Version", ""))
    return None if service is None else Call(service, fields.pop("Action", ""), _nested(fields))


def success(call: Call, result: dict[str, Any], request_id: str) -> Answer:
    """Return the answer with *result*."""
    inner = f"<{call.operation}Result>{_members(result)}</{call.operation}Result>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    name = f"{call.operation}Response"
    return _answer("", 200, f'<{name} xmlns="{_NAMESPACES[call.service]}">{inner}{metadata}</{name}>')


def failure(service: str, error: ControlError, request_id: str) -> Answer:
    """Return the answer with *error*."""
    side = "Sender" if error.status < 500 else "Receiver"
    said = f"<Type>{side}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    text = f"<Error>{said}</Error><RequestId>{request_id}</RequestId>"
    return _answer(error.code, error.status, f'<ErrorResponse xmlns="{_NAMESPACES[service]}">{text}</ErrorResponse>')


def _answer(kind: str, status: int, text: str) -> Answer:
    body = text.encode()
    return Answer(kind, status, body, ((b"content-type", b"text/xml"), (b"content-length", b"%d" % len(body))))


def _nested(fields: dict[str, str]) -> dict[str, Any]:
    """Return ``{"A.member.1.B": "x"}`` as ``{"A": [{"B": "x"}]}``."""
    root: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, leaf = name.split(".")
        if len(parents) >= _MOST_PARTS:
            raise ControlError("MalformedQueryString", f"{name[:100]}... has more than {_MOST_PARTS} parts")
        node = root
        for part in parents:
            found = node.setdefault(part, {})
            if not isinstance(found, dict):
                raise ControlError("MalformedQueryString", f"{name} is a value and has members")
            node = found
        node[leaf] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = value.get("member")
    if isinstance(members, dict) and len(value) == 1:
        return [_listed(members[key]) for key in sorted(members, key=lambda key: (len(key), key))]
    return {name: _listed(inner) for name, inner in value.items()}


def _members(value: dict[str, Any]) -> str:
    return "".join(f"<{name}>{_text(inner)}</{name}>" for name, inner in value.items())


def _text(value: object) -> str:
    if isinstance(value, dict):
        return _members(value)
    if isinstance(value, (list, tuple)):
        return "".join(f"<member>{_text(inner)}</member>" for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return escape(str(value))
