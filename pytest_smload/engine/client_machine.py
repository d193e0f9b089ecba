"""Says what kind of machine measures: a baseline of another kind is another client's."""

from __future__ import annotations

import os
import platform


def machine_class() -> str:
    """Return CPUs this process may use, architecture and Python minor: ``"4 CPUs, x86_64, Python 3.12"``; no name."""
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{cpus} CPU{'s' if cpus != 1 else ''}, {platform.machine()}, Python {python}"
