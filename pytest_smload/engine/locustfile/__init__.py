"""Runs a user's own locustfile, in a process that Locust patches as its command line does."""
