"""What hosts an endpoint, as its control plane tells it: facts, what of them a load contradicts, what changed."""
