"""Reports drawn from the results of a run."""
