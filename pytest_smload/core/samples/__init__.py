"""What was recorded: columns of samples, their order, how they join."""
