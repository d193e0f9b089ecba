"""The version of this package, for those who must not import it whole."""

from __future__ import annotations

__version__ = "0.1.0"
