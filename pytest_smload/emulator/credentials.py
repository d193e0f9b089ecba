"""The built-in identity of the embedded endpoint: dummy credentials that open nothing else."""

from __future__ import annotations

from typing import Final

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"
ACCESS_KEY: Final = "SMLOADEMULATORKEY"
SECRET_KEY: Final = "smload-emulator-secret-key-opens-nothing"  # noqa: S105 - public on purpose
