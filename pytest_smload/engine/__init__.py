"""Drives a load through Locust."""
