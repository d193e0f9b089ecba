"""Whether to believe a measurement: the client, the mix, what ran."""
