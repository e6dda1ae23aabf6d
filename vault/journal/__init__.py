"""The journal without its storage: entries, tree, texts and proofs, all pure functions."""
