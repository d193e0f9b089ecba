"""What the connections of one load share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.request.sendings import Sendings
from pytest_smload.core.request.variant_names import VariantNames
from pytest_smload.transport.http.head import VariantLine, find_variant

if TYPE_CHECKING:
    from pytest_smload.aws.target import CredentialsSource
    from pytest_smload.transport.http.connection import HttpConnection
    from pytest_smload.transport.http.dialing import Dialer
    from pytest_smload.transport.http.signing import RequestSigner

_KNOWN_LINES: Final = 16


@dataclass(slots=True, eq=False)
class Connections:
    """What the connections of one load share, and which of them there are.

    Attributes:
        dialer: Opens their sockets.
        signer: Signs their requests, with the credentials of *source*.
        max_body_bytes: A longer response body is a ``BadResponse``.
        kinds: Error kinds of the load.
        connects: Connections established so far.
        sendings: Requests that waited for the loop before they were sent.
        variants: Production variants that answered in the load.
        variant_lines: The lines that named them, as answers had them.
        looks_for_variants: Whether anybody wants to know.
        live: Those that may be open.
    """

    dialer: Dialer
    signer: RequestSigner
    source: CredentialsSource
    max_body_bytes: int
    kinds: ErrorKinds = field(default_factory=ErrorKinds)
    connects: int = 0
    sendings: Sendings = field(default_factory=Sendings)
    variants: VariantNames = field(default_factory=VariantNames)
    variant_lines: list[VariantLine] = field(default_factory=list)
    looks_for_variants: bool = True
    live: set[HttpConnection] = field(default_factory=set)

    def variant_line(self, raw: bytes) -> VariantLine:
        """Return the line by which the answer *raw* names the variant it comes from."""
        for known in self.variant_lines:
            if raw.startswith(known.line, known.at):
                return known
        line, at, name = find_variant(raw)
        found = VariantLine(line, at, self.variants.code(name))
        if line and len(self.variant_lines) < _KNOWN_LINES:
            self.variant_lines.append(found)
        return found
