"""The command line ``smload``: reports, comparisons, merges and histories of runs that are over, and baselines."""
