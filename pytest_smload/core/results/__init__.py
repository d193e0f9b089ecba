"""What is told: the one schema of a load's result."""
