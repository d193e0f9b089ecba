"""Imports Locust without its monkey-patching."""

from __future__ import annotations

import os
import sys
import threading
from types import ModuleType

from pytest_smload.errors import ConfigurationError

_SKIP = "LOCUST_SKIP_MONKEY_PATCH"


def import_locust() -> ModuleType:
    """Return the ``locust`` package, imported with the standard library left as it is.

    ``import locust`` patches the standard library unless this variable is set, and patching after boto3 was imported is
    a RecursionError (locustio/locust#2250). The variable is put back afterwards, so that a Locust started from a test
    as a process of its own patches itself as usual.

    Raises:
        ConfigurationError: this is not the main thread, and Locust, which handles a signal, is not imported yet.
    """
    if "locust" not in sys.modules and threading.current_thread() is not threading.main_thread():
        raise ConfigurationError(
            "Locust can be imported in the main thread only: call pytest.main() there, or import "
            "pytest_smload.engine.run there before it is called in another thread"
        )
    before = os.environ.get(_SKIP)
    os.environ[_SKIP] = "1"
    try:
        import locust
    finally:
        if before is None:
            del os.environ[_SKIP]
        else:
            os.environ[_SKIP] = before
    return locust
