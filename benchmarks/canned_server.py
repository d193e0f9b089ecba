"""A lean HTTP server of its own process that answers every request at once, so that the client is the limit."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import trustme
import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 8f5b6a52-2d4f-4a0e-9f43-0123456789ab\r\n"
    b"x-Amzn-Invoked-Production-Variant: AllTraffic\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n[0.5]"
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Canned(asyncio.Protocol):
    """Cuts the stream into requests by their Content-Length and answers each."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's has the methods, not the base class

    def data_received(self, data: bytes) -> None:
        held = self._held + data if self._held else data
        while held:
            head_end = held.find(b"\r\n\r\n")
            found = _LENGTH.search(held, 0, head_end) if head_end >= 0 else None
            end = head_end + 4 + (int(found[1]) if found else 0)
            if head_end < 0 or len(held) < end:
                break
            held = held[end:]
            self.transport.write(_ANSWER)
        self._held = held


@contextmanager
def canned_server(certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Run the server in a process of its own and yield its base URL; it ends with the block, or with this process.

    Args:
        certificate: Certificate chain and private key to serve HTTPS with.
    """
    command = [sys.executable, __file__]
    if certificate is not None:
        command += ["--certificate", str(certificate[0]), "--key", str(certificate[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.stdin.close()


@contextmanager
def loopback_certificate() -> Iterator[tuple[Path, Path, Path]]:
    """Yield certificate chain, private key and CA bundle for 127.0.0.1, as files that live as long as the block."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    with TemporaryDirectory() as name:
        folder = Path(name)
        chain, key, bundle = folder / "chain.pem", folder / "key.pem", folder / "ca.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        authority.cert_pem.write_to_path(bundle)
        yield chain, key, bundle


async def _serve(context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Canned, "127.0.0.1", 0, ssl=context, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(f"{'http' if context is None else 'https'}://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    """Serve until standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    arguments = parser.parse_args()
    context = None
    if arguments.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvloop.run(_serve(context))


if __name__ == "__main__":
    main()
