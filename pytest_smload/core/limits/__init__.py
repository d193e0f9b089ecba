"""What is demanded, and whether what was observed keeps to it."""
