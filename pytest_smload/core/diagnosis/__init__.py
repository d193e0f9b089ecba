"""What is behind a load's figures, in a sentence or two."""
