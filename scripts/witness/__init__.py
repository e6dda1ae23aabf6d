"""A witness: a small program of its own that signs only what continues what it has seen."""
