"""Values of a result turned into words and cells."""
