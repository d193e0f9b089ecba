"""One invocation: what is sent, what can become of it, and who sends it."""
