"""What to do about a server's certificate that is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl

_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_OTHER_NAME: Final = frozenset({62, 64})
"""``X509_V_ERR_…`` of OpenSSL's ``x509_vfy.h``: the last two are a host's and an address's."""


def certificate_remedy(error: ssl.SSLCertVerificationError) -> str:
    """Return what to do about a certificate that is refused for the reason *error* names."""
    if error.verify_code == _EXPIRED:
        return "have it renewed, unless this machine's clock is wrong"
    if error.verify_code == _NOT_YET_VALID:
        return "check this machine's clock"
    if error.verify_code in _OTHER_NAME:
        return "use a URL with a name the certificate is for"
    return (
        "if a proxy or a private CA signs it, set AWS_CA_BUNDLE, or ca_bundle of the AWS profile, to that CA's PEM file"
    )
