"""The AWS SDK as a transport, and for single requests."""
