"""Where the environment names a proxy, a load goes through it by the http transport."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from connect_proxy import ConnectProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_runs import MakeProject, Project

    from pytest_smload.emulator.process import EmulatorProcess

SETTINGS = """
endpoint = "staging"
[endpoints.staging]
name = "abalone-mme-staging"
region = "us-east-1"
endpoint_url = "https://endpoint.example"
payload = ["1,2,3"]
content_type = "text/csv"
models = { "a.tar.gz" = 3, "b.tar.gz" = 1 }
"""
TEST = """
import pytest

@pytest.mark.perf(tps=100, duration="1s", warmup="500ms")
@pytest.mark.perf_budget(error_rate="0.5%", p50="2s")
def test_it(load_result):
    assert load_result.ok == load_result.requests > 50
"""


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, emulator: EmulatorProcess) -> Iterator[tuple[ConnectProxy, Path]]:
    """A proxy that alone knows where ``endpoint.example`` is, and the CA of that host's certificate."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("endpoint.example").configure_cert(context)
    port = int(emulator.url.rpartition(":")[2])
    with ConnectProxy({"endpoint.example:443": port}, ends_tls=context) as proxy:
        yield proxy, bundle


@pytest.fixture(scope="module")
def tested(project: MakeProject) -> Project:
    """A project with one load."""
    return project({"smload.toml": SETTINGS, "test_it.py": TEST})


def test_a_load_goes_through_the_proxy(proxied: tuple[ConnectProxy, Path], tested: Project) -> None:
    """Transport http, the reason naming the proxy without its password, which nothing that is written repeats."""
    proxy, bundle = proxied
    environment = {"HTTPS_PROXY": f"http://me:PLANTED@127.0.0.1:{proxy.port}", "AWS_CA_BUNDLE": str(bundle)}
    run = tested.run("-m", "perf", "--showlocals", env=environment)
    (load,) = run.loads("test_it")

    assert run.junit()["test_it"][0] == "passed", run.out
    assert (load["transport"], load["transport_reason"]) == (
        "http",
        f"proxy http://127.0.0.1:{proxy.port} for endpoint.example",
    )
    tunnels = [head for head in proxy.heads if head.startswith(b"CONNECT endpoint.example:443 HTTP/1.1\r\n")]
    assert load["connects"] < len(tunnels)
    written = run.out + "".join(
        path.read_text() for path in tested.folder.rglob("*") if path.suffix in {".json", ".xml", ".md"}
    )
    assert "PLANTED" not in written
    assert "UExBTlRF" not in written


def test_a_proxy_that_refuses_ends_the_test_before_its_load(
    proxied: tuple[ConnectProxy, Path], tested: Project
) -> None:
    """The probe goes through the proxy too, and its one line is the test's error."""
    proxy, bundle = proxied
    environment = {"HTTPS_PROXY": f"https://me:PLANTED@127.0.0.1:{proxy.port}", "AWS_CA_BUNDLE": str(bundle)}
    run = tested.run("-m", "perf", "--showlocals", env=environment)
    (line,) = run.section("test_it").strip().splitlines()

    assert f"proxy https://127.0.0.1:{proxy.port} cannot be reached: " in line
    assert "PLANTED" not in run.out


def test_no_proxy_is_honoured(proxied: tuple[ConnectProxy, Path], tested: Project) -> None:
    """An exempt host is dialled directly, and the proxy hears nothing."""
    proxy, bundle = proxied
    proxy.heads.clear()
    environment = {
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
        "NO_PROXY": ".example",
        "AWS_CA_BUNDLE": str(bundle),
    }
    run = tested.run("-m", "perf", env=environment)

    assert "endpoint.example does not resolve" in run.section("test_it")
    assert not any(b"endpoint.example" in head for head in proxy.heads)
