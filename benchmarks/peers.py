"""The clients compared, each in a process of its own: the published boto3 script, Locust's FastHttpUser, and ours."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from measure import ClientFigures, CpuMark, nearest_rank
from workload import CONTENT_TYPE, CYCLE, ENDPOINT_NAME, REGION, ROW

if TYPE_CHECKING:
    from pathlib import Path

BOTO3, FAST_HTTP, OURS = "boto3", "fasthttp", "ours"
ACCESS_KEY, SECRET_KEY = "SMLOADEMULATORKEY", "smload-emulator-secret-key-opens-nothing"
"""The embedded endpoint's own dummies."""


def client_environment(ca_bundle: Path | None = None) -> dict[str, str]:
    """Return the environment every client gets: dummy credentials by boto3's chain, and the CA of a TLS server."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(("AWS_", "SMLOAD_"))}
    ours = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return kept | ours | ({"AWS_CA_BUNDLE": str(ca_bundle)} if ca_bundle is not None else {})


def run_client(
    client: str,
    url: str,
    *,
    window_s: float,
    warmup_s: float = 0.5,
    users: int | None = None,
    tps: float | None = None,
    ca_bundle: Path | None = None,
) -> ClientFigures:
    """Run one client in a process of its own and return what it measured; *tps* is for ours only."""
    command = [sys.executable, __file__, client, url, "--window", str(window_s), "--warmup", str(warmup_s)]
    command += ["--users", str(users)] if users is not None else ["--tps", str(tps)]
    done = subprocess.run(
        command, env=client_environment(ca_bundle), stdout=subprocess.PIPE, text=True, timeout=120, check=True
    )
    figures = ClientFigures(**json.loads(done.stdout.splitlines()[-1]))
    if not figures.requests:
        raise SystemExit(f"{client}: no request ended inside the window")
    return figures


def boto3_script(url: str) -> Any:
    """Return the user of the published scripts: a boto3 client per user, body read, event fired by hand."""
    import locust  # it patches the standard library, which must come before boto3 is imported

    # isort: split
    import boto3
    from botocore.config import Config

    fire: Any = locust.events.request.fire

    class BotoClient:
        def __init__(self) -> None:
            config = Config(retries={"max_attempts": 100, "mode": "standard"})
            self.runtime = boto3.client("sagemaker-runtime", config=config, endpoint_url=url, region_name=REGION)
            self.sent = 0

        def send(self) -> None:
            model = CYCLE[self.sent % len(CYCLE)]
            self.sent += 1
            meta: dict[str, Any] = {
                "request_type": "InvokeEndpoint",
                "name": "SageMaker",
                "start_time": time.time(),
                "response_length": 0,
                "response": None,
                "context": {},
                "exception": None,
            }
            start = time.perf_counter()
            try:
                response = self.runtime.invoke_endpoint(
                    EndpointName=ENDPOINT_NAME, Body=ROW, ContentType=CONTENT_TYPE, TargetModel=model
                )
                response["Body"].read()
            except Exception as error:  # as published
                meta["exception"] = error
            meta["response_time"] = (time.perf_counter() - start) * 1000
            fire(**meta)

    class BotoUser(locust.FastHttpUser):
        def __init__(self, environment: Any) -> None:
            super().__init__(environment)
            self.boto = BotoClient()

        @locust.task
        def send_request(self) -> None:
            self.boto.send()

    return BotoUser


def fast_http_script(url: str) -> Any:
    """Return a FastHttpUser that signs every request with botocore's own signer."""
    import locust

    # isort: split
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    path = f"/endpoints/{ENDPOINT_NAME}/invocations"
    credentials = Session().get_credentials()

    class FastUser(locust.FastHttpUser):
        sent = 0

        @locust.task
        def send_request(self) -> None:
            model = CYCLE[self.sent % len(CYCLE)]
            self.sent += 1
            headers = {"Content-Type": CONTENT_TYPE, "X-Amzn-SageMaker-Target-Model": model}
            request = AWSRequest("POST", url + path, data=ROW, headers=headers)
            SigV4Auth(credentials.get_frozen_credentials(), "sagemaker", REGION).add_auth(request)
            body: Any = ROW  # Locust's annotation knows text only
            self.client.post(path, data=body, headers=dict(request.headers.items()), name=model)

    return FastUser


def drive_locust(user_class: Any, url: str, *, users: int, warmup_s: float, window_s: float) -> ClientFigures:
    """Run Locust in this process, which it has patched, and return what the window cost."""
    import gevent
    import locust
    from locust.env import Environment

    environment: Any = Environment(user_classes=[user_class], events=locust.events, host=url)
    runner = environment.create_local_runner()
    latencies_ms: list[float] = []

    def note(response_time: float, exception: BaseException | None, **_facts: object) -> None:
        if exception is None:
            latencies_ms.append(response_time)

    environment.events.request.add_listener(note)
    runner.start(users, spawn_rate=users)
    runner.spawning_greenlet.join()
    gevent.sleep(warmup_s)
    total = environment.stats.total
    latencies_ms.clear()
    begin, begun, failed = CpuMark.now(), total.num_requests, total.num_failures
    gevent.sleep(window_s)
    end, done, failures = CpuMark.now(), total.num_requests, total.num_failures
    p95_ms = nearest_rank(latencies_ms, 0.95)
    runner.quit()
    return ClientFigures(
        begin_s=begin.at_s,
        end_s=end.at_s,
        requests=done - begun,
        errors=failures - failed,
        cpu_s=end.cpu_s - begin.cpu_s,
        p95_ms=p95_ms,
    )


def drive_ours(url: str, *, users: int | None, tps: float | None, warmup_s: float, window_s: float) -> ClientFigures:
    """Run our engine in this process and return what the window cost."""
    import ours

    load = {"users": users} if users is not None else {"tps": tps}
    return ours.run(url, ours.profile_of(**load, duration=f"{window_s}s", warmup=f"{warmup_s}s")).figures()


def main() -> None:
    """Be one client: run it and print its figures as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=(BOTO3, FAST_HTTP, OURS))
    parser.add_argument("url")
    parser.add_argument("--users", type=int)
    parser.add_argument("--tps", type=float)
    parser.add_argument("--warmup", type=float, required=True)
    parser.add_argument("--window", type=float, required=True)
    asked = parser.parse_args()
    if asked.client == OURS:
        figures = drive_ours(asked.url, users=asked.users, tps=asked.tps, warmup_s=asked.warmup, window_s=asked.window)
    else:
        script = boto3_script if asked.client == BOTO3 else fast_http_script
        figures = drive_locust(
            script(asked.url), asked.url, users=asked.users, warmup_s=asked.warmup, window_s=asked.window
        )
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
