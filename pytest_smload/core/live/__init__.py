"""How a running load stands against its limits."""
