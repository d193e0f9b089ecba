"""One load from plan to verdict, without pytest."""
