"""Locust's own web UI for running loads, in a process of its own."""
