"""The package as a whole: public names, what importing it costs, versions, and the rules every module keeps."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path

import pytest

import pytest_smload

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_smload"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 320
MOST_FUNCTION_LINES = 60
HEAVY = ("boto3", "botocore", "gevent", "httptools", "locust", "moto", "numpy", "pydantic", "tabulate", "uvicorn")
NOBODYS_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
"""Names under which anything may be put."""

in_every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def test_all_is_what_can_be_imported() -> None:
    """Each public name is found where it is said to be, and `__all__` lists all of them, once each."""
    assert sorted(pytest_smload._PLACES) == sorted(pytest_smload.__all__)
    assert len(set(pytest_smload.__all__)) == len(pytest_smload.__all__)
    for name, module in pytest_smload._PLACES.items():
        assert getattr(import_module(module), name) is getattr(pytest_smload, name)


def test_unknown_name_is_an_attribute_error() -> None:
    """As with any module, so that hasattr and typos behave."""
    with pytest.raises(AttributeError, match="has no attribute 'LoadProfil'"):
        _ = pytest_smload.LoadProfil


@pytest.mark.parametrize(
    "module", ["pytest_smload", "pytest_smload.plugin", "pytest_smload.errors", "pytest_smload.cli.command_line"]
)
def test_import_pulls_in_nothing_heavy(module: str) -> None:
    """Installed but unused the plugin costs nothing."""
    source = f"import sys, {module}\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    assert "" == done.stdout.strip()


def test_versions_agree() -> None:
    """`__version__`, pyproject.toml, the installed metadata and the changelog's newest entry are one version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    versions = {pytest_smload.__version__, project["version"], metadata.version("pytest-smload"), newest[1]}
    assert {pytest_smload.__version__} == versions


def test_package_is_typed_and_licensed() -> None:
    """Type checkers use its hints; its licence is MIT."""
    assert (PACKAGE / "py.typed").is_file()
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_plugin_is_registered_under_its_name() -> None:
    """``-p no:smload`` switches it off."""
    (entry,) = [entry for entry in metadata.entry_points(group="pytest11") if entry.value.startswith("pytest_smload")]
    assert ("smload", "pytest_smload.plugin") == (entry.name, entry.value)


def test_command_line_is_installed_under_its_name() -> None:
    """``smload`` and ``python -m pytest_smload`` are one."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["smload"].partition(":")
    assert getattr(import_module(module), name) is import_module("pytest_smload.__main__").main


@in_every_module
def test_module_opens_with_one_sentence(path: Path) -> None:
    """A module's docstring begins with a paragraph of one sentence: its one responsibility."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "has no docstring"
    opening = " ".join(docstring.partition("\n\n")[0].split())
    assert opening.endswith((".", ":")), opening
    # A full stop in ``code`` ends no sentence.
    assert not re.search(r"[.!?] [A-Z]", re.sub(r"``.+?``", "", opening)), opening


@in_every_module
def test_module_is_short(path: Path) -> None:
    """A module, and each of its functions, can be read in one go."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < MOST_LINES
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {} == {name: lines for name, lines in lengths.items() if lines > MOST_FUNCTION_LINES}


@in_every_module
def test_module_is_named_for_what_it_does(path: Path) -> None:
    """No module has a name under which anything may be put."""
    assert path.stem not in NOBODYS_NAMES


@in_every_module
def test_module_never_monkey_patches(path: Path) -> None:
    """The standard library is left alone, and Locust is told so before it is imported."""
    assert not re.search(r"\bpatch_(all|socket|ssl|thread|time)\b\(", path.read_text(encoding="utf-8"))
