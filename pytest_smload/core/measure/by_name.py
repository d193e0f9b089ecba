"""A mapping by model or stage that answers an unknown name with the nearest one."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

from pytest_smload.core.wording import did_you_mean, some

Value = TypeVar("Value")


class UnknownNameError(KeyError):
    """A name that the mapping does not have; unlike a KeyError's, its text is a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


class ByName(dict[str, Value], Generic[Value]):
    """A dict in all but one thing: ``found["c"]`` raises an `UnknownNameError` that names the nearest key."""

    __slots__ = ()

    def __missing__(self, name: object) -> NoReturn:
        __tracebackhide__ = True
        near = did_you_mean(str(name), self)
        raise UnknownNameError(f"there is no {name!r}{near} (there are: {some(list(self), 8) or 'none'})")
