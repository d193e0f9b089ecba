"""What opens the embedded endpoint: dummy credentials that open nothing else, and where its owner's secret stands."""

from __future__ import annotations

from typing import Final

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"
ACCESS_KEY: Final = "SMLOADEMULATORKEY"
SECRET_KEY: Final = "smload-emulator-secret-key-opens-nothing"  # noqa: S105 - public on purpose
SECRET_VARIABLE: Final = "_SMLOAD_EMULATOR_SECRET"  # noqa: S105 - a variable's name
"""Environment variable of a started endpoint: what its starter proves itself with, new for each process."""
SECRET_HEADER: Final = b"x-smload-secret"
"""Header that brings it."""
