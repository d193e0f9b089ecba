"""How many instances an endpoint runs on: what is asked for, what was found, what to call, what came of it."""
