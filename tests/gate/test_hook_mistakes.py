"""What is said of implementations of our hooks that are none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smload.gate.hook_mistakes import hook_mistakes


def conftest(**functions: Any) -> SimpleNamespace:
    return SimpleNamespace(__file__="conftest.py", **functions)


def test_a_misspelt_hook() -> None:
    """Its place, its name, and the nearest."""
    expected = (
        "conftest.py: there is no hook 'pytest_smload_enviroment'; did you mean 'pytest_smload_environment'? "
        "(hooks: pytest_smload_environment)"
    )
    assert [expected] == hook_mistakes(conftest(pytest_smload_enviroment=lambda environment: None))


def test_a_misspelt_argument() -> None:
    """The hook, the argument, and the nearest of those it has."""
    expected = (
        "conftest.py: the hook pytest_smload_environment has no argument 'profil'; did you mean 'profile'? "
        "(arguments, each may be left out: environment, profile)"
    )
    assert [expected] == hook_mistakes(conftest(pytest_smload_environment=lambda environment, profil: None))


@pytest.mark.parametrize("function", [lambda: None, lambda environment: None, lambda profile, environment: None])
def test_a_hook_as_it_should_be(function: Any) -> None:
    """With any of its arguments; hooks of others are no business of ours."""
    assert [] == hook_mistakes(conftest(pytest_smload_environment=function, pytest_configure=lambda konfig: None))
