"""What loads may not do: the endpoints they keep away from, and how much they may send, last and cost."""
