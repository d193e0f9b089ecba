"""The pure part: what a load is, what it measured, what that means."""
