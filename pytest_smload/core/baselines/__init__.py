"""Earlier runs and how a new one compares with them."""
