"""The first schema, by subject. Frozen: later changes are later revisions."""
