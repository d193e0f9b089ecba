"""How Sphinx builds these pages: ``sphinx-build -n -W docs build/docs``, without a network."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smload.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGES = Path(__file__).parent
sys.path.insert(0, str(PAGES))

from reference_tables import written_anew  # noqa: E402 - it lies beside this file

project = "pytest-smload"
release = version = __version__
copyright = "the authors of pytest-smload, MIT licence"  # noqa: A001 - Sphinx's name for it
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"pytest-smload {__version__}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
default_role = "code"
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
# Without a network there are no types of others to link to; they are words.
nitpick_ignore_regex = [("py:class", ".*")]

_RETURNED = {
    "Capacity",
    "Check",
    "ClientHealth",
    "InvokeResponse",
    "LoadResult",
    "SmEndpoint",
    "Stats",
    "TimelinePoint",
}
"""Classes whose objects a user is given, and never makes."""
_PATH = re.compile(r"\b(?:pytest_smload\.(?:core|scripting)|collections\.abc|pathlib)\.(?:\w+\.)*(?=[A-Za-z])")
_SEVERAL = re.compile(r"^( +)(\w+(?:, \w+)+):")
_LEAVES = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]+)\)")


def for_this_site(page: Path, text: str) -> str:
    """Return a page with the code's tables as they are now; links to files beside the pages are downloads."""

    def link(found: re.Match[str]) -> str:
        target = (page.parent / found[2]).resolve()
        if target.is_relative_to(PAGES.resolve()):
            return found[0]
        words = found[1].replace("`", "")
        return f"{{download}}`{words} <{found[2]}>`" if target.is_file() else f"`{words}`"

    return _LEAVES.sub(link, written_anew(text))


def setup(app: Sphinx) -> None:
    """Have each page pass through `for_this_site`, and each docstring be read as it is meant."""

    def page(app: Sphinx, name: str, source: list[str]) -> None:
        source[0] = for_this_site(Path(app.env.doc2path(name)), source[0])

    def several(_app: Sphinx, _kind: str, _name: str, _said: object, _options: object, lines: list[str]) -> None:
        """``sent, unsent: text`` is of two attributes; napoleon would take the first for a type."""
        lines[:] = [_SEVERAL.sub(lambda found: f"{found[1]}{found[2].replace(' ', '')}:", line) for line in lines]

    def plain(_app: Sphinx, kind: str, _name: str, said: object, _options: object, lines: list[str]) -> None:
        """What stands before a property's first colon is no type either."""
        if kind == "property":
            lines[:] = [*(inspect.getdoc(said) or "").splitlines(), ""]

    def short(_app: Sphinx, _kind: str, _name: str, _said: object, _options: object, lines: list[str]) -> None:
        """A type is known by its name; the module it lies in is nobody's to import."""
        lines[:] = [_PATH.sub("", line) for line in lines]

    def unmade(_app: Sphinx, kind: str, name: str, *_others: object) -> tuple[str, None] | None:
        """How objects come about that are only returned is of no use to their readers."""
        return ("", None) if kind == "class" and name.rpartition(".")[2] in _RETURNED else None

    app.connect("source-read", page)
    app.connect("autodoc-process-signature", unmade)
    app.connect("autodoc-process-docstring", short, priority=700)
    app.connect("autodoc-process-docstring", several, priority=400)
    app.connect("autodoc-process-docstring", plain, priority=600)
