"""Bytes that hold a secret: their repr shows none of it."""

from __future__ import annotations


class SecretiveBytes(bytes):
    """What is sent with a signature, a session token or a password in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"SecretiveBytes({len(self)} bytes, redacted)"
