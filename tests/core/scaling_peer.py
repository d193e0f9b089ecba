"""Serves a `ScalingService` over HTTP, in the JSON protocol that boto3 speaks with the two services it stands for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scaling_service import RefusedError, ScalingService

SERVICES = {"SageMaker": "sagemaker", "AnyScaleFrontendService": "application-autoscaling"}
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>{}</Account><Arn>arn:aws:iam::1:user/ci</Arn><UserId>x</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>"""


@contextmanager
def serving(
    service: Callable[[], ScalingService], heard: Callable[[str], object] = lambda _action: None
) -> Iterator[str]:
    """The URL that what *service* gives is served at while this is entered; *heard* is told of each call once done."""
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body in one segment

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers.get("X-Amz-Target")
            action = "sts:GetCallerIdentity"
            if target is not None:
                name, _, operation = target.partition(".")
                action = f"{SERVICES[name]}:{operation}"
            status, answer = 200, {}
            with one_at_a_time:
                try:
                    answer = service().answer(action, json.loads(body) if target is not None else {})
                except RefusedError as refused:
                    status, answer = 400, {"__type": refused.code, "message": refused.message}
            heard(action)
            text = json.dumps(_times(answer)) if target is not None else IDENTITY.format(answer["Account"])
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if target is not None else "text/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _times(value: Any, name: str = "") -> Any:
    """ISO times as numbers, as the protocol has them."""
    if isinstance(value, dict):
        return {key: _times(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_times(item) for item in value]
    return datetime.fromisoformat(value).timestamp() if name.endswith("Time") and isinstance(value, str) else value
