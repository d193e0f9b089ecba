"""Runs the command line ``smload`` as ``python -m pytest_smload``."""

from __future__ import annotations

from pytest_smload.cli.command_line import main

if __name__ == "__main__":
    raise SystemExit(main())
