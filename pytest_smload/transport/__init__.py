"""Ways to send one InvokeEndpoint request."""
