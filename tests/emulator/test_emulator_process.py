"""The process: how it starts, what it says when it cannot, how it ends, and that its log is exact."""

from __future__ import annotations

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from pytest_smload.emulator.__main__ import main
from pytest_smload.emulator.process import EmulatorProcess
from pytest_smload.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "pytest_smload.emulator"]


@pytest.fixture(scope="module")
def running(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """A healthy endpoint."""
    return start_emulator("")


@pytest.fixture
def emulator(running: EmulatorProcess) -> EmulatorProcess:
    """A healthy endpoint whose log is empty."""
    running.reset()
    return running


def invoke(client: Any, model: str) -> str:
    """Return "ok", or the code an invocation failed with."""
    try:
        client.invoke_endpoint(EndpointName="local", TargetModel=model, Body=b"1")["Body"].read()
    except client.exceptions.ClientError as error:
        code: str = error.response["Error"]["Code"]
        return code
    return "ok"


def test_counts_of_the_log_are_exact(
    start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """Concurrent invocations are all in the log, by model and by kind, with their times; a reset starts anew."""
    emulator = start_emulator(
        'latency = "2ms"\nworkers = 4\n[cold]\nload_time = "1ms"\n'
        '[[faults]]\nkind = "ThrottlingException"\nrate = 0.1\n'
    )
    client = boto3_client(emulator)
    wanted = ["a"] * 30 + ["b"] * 20
    for _ in range(2):
        with ThreadPoolExecutor(8) as pool:
            kinds = Counter(pool.map(lambda model: invoke(client, model), wanted))
        log = emulator.log()

        assert {"ok": 45, "ThrottlingException": 5} == kinds == log.kinds
        assert (log.models, log.requests, log.in_flight) == ({"a": 30, "b": 20}, 50, 0)
        assert (log.loads, log.evictions) == (2, 0)
        assert 45 == len(log.latencies_ms()) == len(log.latencies_ms("a")) + len(log.latencies_ms("b"))
        assert min(log.latencies_ms()) + 0.02 >= 2.0
        assert min(log.latencies_ms()) <= log.p95_ms <= max(log.latencies_ms())
        assert log.busy_share is not None
        assert 0 < log.busy_share <= 1
        assert sorted(log.received_s) == log.received_s
        emulator.reset()
    assert (emulator.log().requests, emulator.log().models, emulator.log().kinds) == (0, {}, {})


def test_https(
    tmp_path: Path, start_emulator: Callable[..., EmulatorProcess], boto3_client: Callable[..., Any]
) -> None:
    """With a certificate it speaks TLS, to its log's reader too."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    emulator = start_emulator("", tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "cert.pem")

    assert emulator.url.startswith("https://127.0.0.1:")
    assert invoke(boto3_client(emulator, verify=str(tmp_path / "ca.pem")), "m") == "ok"
    assert emulator.log().models == {"m": 1}


def test_scenario_mistakes_are_said_in_one_line(tmp_path: Path) -> None:
    """All mistakes of the file reach whoever starts the endpoint, without a traceback."""
    path = tmp_path / "s.toml"
    path.write_text("workers = 0\nlatncy = 1\n")
    with pytest.raises(EmulatorError) as caught:
        EmulatorProcess.start(path)

    assert (
        f"the embedded endpoint did not start: {path}: key 'workers': input should be greater than or equal to 1, "
        f"not 0; {path}: unknown key 'latncy'; did you mean 'latency'? Allowed: endpoint, multi_model, models, "
        "instances, workers, queue_limit, model_timeout, check_signatures, seed, latency, cold, response, variants, "
        "containers, components, hosting, autoscaling, faults"
    ) == str(caught.value)


def test_a_missing_uvicorn_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn the message is the command that installs it."""
    (tmp_path / "uvicorn.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(EmulatorError, match=r"needs uvicorn.*: pip install 'pytest-smload\[emulator\]'$"):
        EmulatorProcess.start()


def test_a_start_that_takes_too_long() -> None:
    """The wait is bounded, and the process that did not answer in time is gone."""
    with pytest.raises(EmulatorError, match=r"did not start: nothing within 0 s$"):
        EmulatorProcess.start(timeout_s=0)


def test_a_process_that_went_away() -> None:
    """Asking a dead endpoint for its log is an error that names its address; stopping it twice is none.

    It knows its parent, and has ended by itself when its standard input did.
    """
    emulator = EmulatorProcess.start()
    emulator.stop()
    emulator.stop()

    assert ["--parent", str(os.getpid())] == emulator._child.args[-2:]
    assert 0 == emulator._child.returncode
    with pytest.raises(EmulatorError, match=rf"the embedded endpoint at {emulator.url} does not answer: "):
        emulator.log()


STARTING = """
import os, sys, time
from pytest_smload.emulator.process import EmulatorProcess
emulator = EmulatorProcess.start()
"""
FORKING = """
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
"""
TELLING = """
print(*{pids}, flush=True)
sys.stdin.read()
"""


@contextmanager
def after_kill(program: str) -> Iterator[list[int]]:
    """Kill a parent by SIGKILL once it has told pids; yields a pidfd for each."""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pidfds = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
    try:
        yield pidfds
    finally:
        for pidfd in pidfds:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)


def test_it_dies_with_its_parent() -> None:
    """A parent killed by SIGKILL leaves no process behind."""
    with after_kill(STARTING + TELLING.format(pids="[emulator.pid]")) as (endpoint,):
        assert_ends(endpoint)


def test_it_dies_with_its_parent_though_a_forked_child_lives() -> None:
    """A child that the parent forked holds the endpoint's standard input open; the endpoint ends all the same."""
    with after_kill(STARTING + FORKING + TELLING.format(pids="[emulator.pid, child]")) as (endpoint, child):
        assert_ends(endpoint)
        signal.pidfd_send_signal(child, 0)


def test_it_notices_a_parent_that_ended_before_it_was_up() -> None:
    """The parent is known by its number from the start, so that nobody who takes its place is looked after instead."""
    with subprocess.Popen([*COMMAND, "--until-eof", "--parent", str(os.getppid())], stdin=subprocess.PIPE) as child:
        pidfd = os.pidfd_open(child.pid)
        try:
            assert_ends(pidfd)
        finally:
            os.close(pidfd)
            child.kill()


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {}),
        ("POST", {"x-smload-secret": ""}),
        ("POST", {"x-smload-secret": "guessed"}),
        ("GET", {"x-smload-secret": "right"}),
    ],
)
def test_a_reset_is_its_owners_alone(
    method: str,
    headers: dict[str, str],
    emulator: EmulatorProcess,
    boto3_client: Callable[..., Any],
) -> None:
    """Any page or process may reach a local port; without POST and the secret nothing is cleared."""
    invoke(boto3_client(emulator), "m")
    given = {name: emulator._secret if value == "right" else value for name, value in headers.items()}
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
    connection.request(method, "/_emulator/reset", headers=given)
    status = connection.getresponse().status
    connection.close()

    assert (403, 1) == (status, emulator.log().requests)
    emulator.reset()
    assert 0 == emulator.log().requests


def test_an_endpoint_started_by_hand_has_no_reset() -> None:
    """It has no owner that could bring a secret."""
    child = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    connection = http.client.HTTPConnection(
        child.stdout.readline().decode().strip().removeprefix("http://"), timeout=10
    )
    connection.request("POST", "/_emulator/reset", headers={"x-smload-secret": ""})
    status = connection.getresponse().status
    connection.close()
    child.terminate()
    child.communicate(timeout=10)

    assert 403 == status


@pytest.mark.parametrize("ended", [True, False], ids=["whole", "endless"])
def test_heads_are_limited(emulator: EmulatorProcess, boto3_client: Callable[..., Any], *, ended: bool) -> None:
    """Headers over 64 KiB are refused, be they whole or without end; the endpoint goes on."""
    host, port = emulator.url.removeprefix("http://").split(":")
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1_000) for number in range(66))
    piece = lines + b"Content-Length: 0\r\n\r\n" if ended else b"x" * 16_384
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(b"POST /endpoints/local/invocations HTTP/1.1\r\nHost: x\r\nX: ")
        answer = b""
        for _ in range(64):
            sock.sendall(piece)
            if ended or select.select([sock], [], [], 0.05)[0]:
                break
        else:
            pytest.fail("a megabyte of one header was taken")
        with suppress(ConnectionResetError):
            while data := sock.recv(65_536):
                answer += data

    assert answer.startswith(b"HTTP/1.1 431 ") or (not ended and answer == b"")
    assert "ok" == invoke(boto3_client(emulator), "m")
    assert {"ok": 1} == emulator.log().kinds


def assert_ends(pidfd: int) -> None:
    """Wait, at most 5 s, for the end of a process that may be no child of ours."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(5000), "the process is still there"


def test_the_starter_imports_nothing_heavy() -> None:
    """What other packages import is plain Python: the endpoint's own packages stay in its process."""
    program = "import sys, pytest_smload.emulator.process; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"pydantic", "uvicorn", "uvloop", "botocore", "asyncio", "pytest"} & set(done.stdout.split())


def test_by_hand(tmp_path: Path) -> None:
    """The command prints its URL and how to call it, and Ctrl-C ends it without a word."""
    path = tmp_path / "s.toml"
    path.write_text('endpoint = "abalone"\nmodels = ["x.tar.gz"]\n')
    child = subprocess.Popen([*COMMAND, "--scenario", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    url = child.stdout.readline().decode().strip()
    hint = child.stdout.readline().decode()
    child.send_signal(signal.SIGINT)
    rest, said = child.communicate(timeout=10)

    assert url.startswith("http://127.0.0.1:")
    assert (
        f"aws sagemaker-runtime invoke-endpoint --endpoint-url {url} --region us-east-1 --endpoint-name abalone "
        "--target-model x.tar.gz " in hint
    )
    assert (child.returncode, rest, said) == (130, b"", b"")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "'0.0.0.0' is not a loopback address; allowed: 127.0.0.1, ::1, localhost"),
        (["--port", "99999"], "'99999' is not a port; allowed: 0..65535, 0 picks a free one"),
    ],
)
def test_wrong_arguments(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments that cannot work end with status 2 and one line that says why."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert text in capsys.readouterr().err.splitlines()[-1]


def test_half_a_certificate(capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate without its key is refused before anything starts."""
    assert main(["--tls-cert", "x.pem"]) == 2
    assert capsys.readouterr().err == "--tls-cert and --tls-key need each other\n"


def test_a_certificate_that_cannot_be_read(tmp_path: Path) -> None:
    """The files are named, with the reason."""
    with pytest.raises(EmulatorError, match=r"with .*none\.pem and .*none\.key: No such file or directory$"):
        EmulatorProcess.start(tls_cert=tmp_path / "none.pem", tls_key=tmp_path / "none.key")
