"""What numbers tell: percentiles, intervals, steadiness."""
