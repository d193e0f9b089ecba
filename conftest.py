"""Loads plugins for the tests; pytest takes ``pytest_plugins`` from the root conftest only."""

pytest_plugins = ("pytester", "examples_first")
