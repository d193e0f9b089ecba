"""Says what is wrong with an implementation of a hook of ours: a name or an argument that does not exist."""

from __future__ import annotations

import inspect

from pytest_smload import hookspecs
from pytest_smload.core.wording import did_you_mean

_PREFIX = "pytest_smload"
_HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith(_PREFIX)}


def hook_mistakes(plugin: object) -> list[str]:
    """Return one sentence per mistake in what *plugin*, a conftest say, implements of our hooks."""
    problems = []
    for name in dir(plugin):
        if not name.startswith(_PREFIX) or not callable(function := getattr(plugin, name)):
            continue
        place = getattr(plugin, "__file__", None) or _file_of(function) or repr(plugin)
        if name not in _HOOKS:
            problems.append(
                f"{place}: there is no hook {name!r}{did_you_mean(name, _HOOKS)} (hooks: {', '.join(_HOOKS)})"
            )
            continue
        allowed = list(inspect.signature(_HOOKS[name]).parameters)
        problems += [
            f"{place}: the hook {name} has no argument {argument!r}{did_you_mean(argument, allowed)} "
            f"(arguments, each may be left out: {', '.join(allowed)})"
            for argument in inspect.signature(function).parameters
            if argument not in (*allowed, "self")
        ]
    return problems


def _file_of(function: object) -> str | None:
    """The file of a plugin that is an object, by a function of it."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return code.co_filename if code is not None else None
