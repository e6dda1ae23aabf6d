"""The ports over rows, one store a file; every statement is built once."""
