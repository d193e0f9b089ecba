"""What Locust calls the requests of our loads."""

REQUEST_TYPE = "InvokeEndpoint"
"""Locust's ``request_type`` of every sample."""
