"""The vault itself: values, keys, the journal and the verbs. Knows no framework."""
