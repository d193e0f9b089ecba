"""A control plane on loopback that answers as a script says, for real boto3 clients."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from pytest_smload.aws.endpoint import local_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smload.aws.target import EndpointTarget

ACCOUNT = "111122223333"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/abalone"


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """An answer that is an error."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def denied(action: str) -> Refused:
    """What IAM answers."""
    user = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/someone@example.com"
    return Refused("AccessDeniedException", f"User: {user} is not authorized to perform: {action}", 403)


def absent(name: str = "abalone") -> Refused:
    """What DescribeEndpoint answers where there is no such endpoint."""
    return Refused("ValidationException", f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{ACCOUNT}:{name}".')


def endpoint(status: str = "InService", **more: Any) -> dict[str, Any]:
    """An answer of DescribeEndpoint: one variant of one instance."""
    return {
        "EndpointName": "abalone",
        "EndpointArn": ARN,
        "EndpointConfigName": "abalone-1",
        "EndpointStatus": status,
        "CreationTime": 1.7e9,
        "LastModifiedTime": 1.7e9,
        "ProductionVariants": [variant()],
        **more,
    }


def variant(name: str = "AllTraffic", instances: int = 1, **more: Any) -> dict[str, Any]:
    """A variant of DescribeEndpoint."""
    return {
        "VariantName": name,
        "CurrentInstanceCount": instances,
        "DesiredInstanceCount": instances,
        "CurrentWeight": 1.0,
        "DesiredWeight": 1.0,
        "DeployedImages": [{"SpecifiedImage": "image:1", "ResolvedImage": "image@sha256:1"}],
        **more,
    }


def configuration(**more: Any) -> dict[str, Any]:
    """An answer of DescribeEndpointConfig: one variant on ml.c5.large."""
    return {
        "EndpointConfigName": "abalone-1",
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/abalone-1",
        "CreationTime": 1.7e9,
        "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "abalone", "InstanceType": "ml.c5.large"}],
        **more,
    }


def model(mode: str = "SingleModel", data: str = "s3://models/abalone.tar.gz") -> dict[str, Any]:
    """An answer of DescribeModel: one container."""
    return {
        "ModelName": "abalone",
        "ModelArn": "arn:aws:sagemaker:us-east-1:111122223333:model/abalone",
        "CreationTime": 1.7e9,
        "PrimaryContainer": {"Image": "image:1", "ModelDataUrl": data, "Mode": mode},
    }


IDENTITY = {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/someone@example.com", "UserId": "U"}
SINGLE_MODEL: dict[str, Any] = {
    "sagemaker:DescribeEndpoint": endpoint(),
    "sagemaker:DescribeEndpointConfig": configuration(),
    "sagemaker:DescribeModel": model(),
    "sts:GetCallerIdentity": IDENTITY,
}
MULTI_MODEL = SINGLE_MODEL | {
    "sagemaker:DescribeModel": model("MultiModel", "s3://models/abalone/"),
    "s3:ListBucket": ["abalone/a.tar.gz", "abalone/b.tar.gz"],
}


class ScriptedPlane:
    """Answers each action as the script says.

    Args:
        script: By action as IAM names it: an answer, a `Refused`, a function of the request's parameters that returns
            either, or a list of these for one call after another, the last one for all further ones (of
            ``s3:ListBucket`` a list of keys is an answer). What it does not name is denied.

    Attributes:
        asked: The actions asked for, in order.
        requests: (action, parameters) of each.
    """

    def __init__(self, script: Mapping[str, Any]) -> None:
        self.script = dict(script)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        plane = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer(*plane.post(self.headers.get("X-Amz-Target", ""), body))

            def do_GET(self) -> None:
                self.answer(*plane.get(self.path))

            def answer(self, status: int, kind: str, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def asked(self) -> list[str]:
        """The actions asked for, in order."""
        return [action for action, _ in self.requests]

    @property
    def target(self) -> EndpointTarget:
        """The endpoint ``abalone`` of this control plane."""
        return local_target(
            self.url, access_key="AKIDPLANTED", secret_key="PLANTED", endpoint_name="abalone", region="us-east-1"
        )

    def post(self, target: str, body: bytes) -> tuple[int, str, str]:
        """Answer json 1.1 (SageMaker), or query (STS)."""
        if target:
            service, _, operation = target.partition(".")
            answer = self._answer(f"{service.lower()}:{operation}", json.loads(body or b"{}"))
            if isinstance(answer, Refused):
                text = json.dumps({"__type": answer.code, "message": answer.message})
                return answer.status, "application/x-amz-json-1.1", text
            return 200, "application/x-amz-json-1.1", json.dumps(answer)
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        answer = self._answer(f"sts:{fields['Action']}", fields)
        if isinstance(answer, Refused):
            error = f"<Error><Code>{answer.code}</Code><Message>{answer.message}</Message></Error>"
            return answer.status, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
        result = "".join(f"<{name}>{value}</{name}>" for name, value in answer.items())
        name = fields["Action"]
        return 200, "text/xml", f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"

    def get(self, path: str) -> tuple[int, str, str]:
        """Answer ListObjectsV2: pages of at most 1,000 keys, the token being where the next one begins."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = self._answer("s3:ListBucket", query | {"Bucket": parts.path.strip("/")})
        if isinstance(answer, Refused):
            error = f"<Error><Code>{answer.code}</Code><Message>{answer.message}</Message></Error>"
            return answer.status, "application/xml", error
        first = int(query.get("continuation-token", 0))
        keys = sorted(key for key in answer if key.startswith(query.get("prefix", "")))
        page, more = keys[first : first + 1000], len(keys) > first + 1000
        contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in page)
        token = f"<NextContinuationToken>{first + 1000}</NextContinuationToken>" if more else ""
        truncated = str(more).lower()
        return (
            200,
            "application/xml",
            (f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{contents}{token}</ListBucketResult>"),
        )

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, action: str, parameters: dict[str, Any]) -> Any:
        earlier = self.asked.count(action)
        self.requests.append((action, parameters))
        said: Any = self.script.get(action, denied(action))
        if isinstance(said, list) and action != "s3:ListBucket":
            said = said[min(earlier, len(said) - 1)]
        told: Callable[..., Any] | Any = said
        return told(parameters) if callable(told) else told
