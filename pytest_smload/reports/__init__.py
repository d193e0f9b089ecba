"""Reports drawn from a run's record."""
