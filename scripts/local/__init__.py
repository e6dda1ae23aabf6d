"""Starts real servers on this machine: for tests, benchmarks and a small cluster to try."""
