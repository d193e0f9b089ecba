"""Loads that several processes send together, over Locust's master and worker."""
