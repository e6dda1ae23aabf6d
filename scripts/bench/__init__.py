"""Measures the real server against the smallest one, in the same run and on the same machine."""
