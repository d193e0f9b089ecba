"""Which certificates the HTTP transport refuses, and what it tells its user to do about each."""

from __future__ import annotations

import datetime as dt
import ssl
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from scripted_peer import OK_RESPONSE, ROUTE, ROW, Peer, StaticSource, answers

from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError
from pytest_smload.transport.http.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scripted_peer import Certificates

    Outcome = Callable[..., tuple[str, str]]

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
OWN_CA = (
    "if a proxy or a private CA signs it, set AWS_CA_BUNDLE, or ca_bundle of the AWS profile, to that CA's PEM file"
)


@pytest.fixture
def outcome() -> Iterator[Outcome]:
    """Probe a peer with a certificate, then send it a request: the probe's problem and the request's kind."""
    peers: list[Peer] = []

    def run(context: ssl.SSLContext, ca_bundle: str, host: str = "127.0.0.1") -> tuple[str, str]:
        peer = Peer(answers(OK_RESPONSE), context)
        peers.append(peer)
        url = f"https://{host}:{peer.port}"
        target = EndpointTarget("abalone", "us-east-1", url, "smload.toml", StaticSource(), ca_bundle)
        transport = HttpTransport(target, timeout_s=60)
        problem = ""
        try:
            transport.probe()
        except EndpointError as error:
            problem = str(error).removeprefix(f"{url} (from smload.toml): ")
        kind = transport.kinds.name(transport.connection().invoke(ROUTE, ROW))
        transport.close()
        assert (kind == "ok") == (not problem) == bool(peer.requests)
        return problem, kind

    yield run
    for peer in peers:
        peer.close()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return a server context whose certificate nobody else has signed, and that certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), NOW - DAY, NOW + DAY)
        .add_extension(alternatives, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_pem)
    return context, str(pem)


@pytest.mark.parametrize(
    ("days", "reason", "remedy"),
    [
        ((-3, -1), "certificate has expired", "have it renewed, unless this machine's clock is wrong"),
        ((1, 3), "certificate is not yet valid", "check this machine's clock"),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_of_another_time(
    days: tuple[int, int], reason: str, remedy: str, certificates: Certificates, outcome: Outcome
) -> None:
    """No CA bundle helps against it, and none is spoken of."""
    valid = certificates.authority.issue_cert(
        "127.0.0.1", not_before=NOW + days[0] * DAY, not_after=NOW + days[1] * DAY
    )

    assert (f"TLS certificate refused: {reason}; {remedy}", "Client") == outcome(
        certificates.context(valid), certificates.ca_file
    )


@pytest.mark.parametrize(
    ("host", "reason"), [("127.0.0.1", "IP address mismatch, "), ("localhost", "Hostname mismatch, ")]
)
def test_a_certificate_for_another_host(host: str, reason: str, certificates: Certificates, outcome: Outcome) -> None:
    """The name is checked, not only the signature; it is the URL that has to change."""
    context = certificates.context(certificates.authority.issue_cert("a.example"))
    problem, kind = outcome(context, certificates.ca_file, host)

    assert problem.startswith(f"TLS certificate refused: {reason}")
    assert problem.endswith("; use a URL with a name the certificate is for")
    assert "Client" == kind


def test_a_certificate_of_an_unknown_ca(certificates: Certificates, tmp_path: Path, outcome: Outcome) -> None:
    """The remedy is that CA's file, and it works."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    context = certificates.context()

    assert (
        f"TLS certificate refused: unable to get local issuer certificate; {OWN_CA}",
        "Client",
    ) == outcome(context, str(other))
    assert ("", "ok") == outcome(context, certificates.ca_file)


def test_a_certificate_that_signs_itself(certificates: Certificates, tmp_path: Path, outcome: Outcome) -> None:
    """It is its own CA: the same remedy, with its own file, works."""
    context, pem = self_signed(tmp_path)
    problem, kind = outcome(context, certificates.ca_file)

    assert problem.startswith("TLS certificate refused: self")
    assert problem.endswith(OWN_CA)
    assert "Client" == kind
    assert ("", "ok") == outcome(context, pem)
