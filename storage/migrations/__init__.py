"""Schema changes, oldest first; each one is written once and never edited."""
