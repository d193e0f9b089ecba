"""How much an endpoint can carry: the search for it, what was found, and what follows for size and cost."""
