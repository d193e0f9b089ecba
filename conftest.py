"""Loads pytester for the tests of the plugin; pytest takes ``pytest_plugins`` from the root conftest only."""

pytest_plugins = "pytester"
