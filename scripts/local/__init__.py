"""Real servers on this machine: for ``./scripts/cluster``, benchmarks and tests, never production.

Each is a child of the program that asked for it, listens on 127.0.0.1 alone, keeps everything
below one folder, and ends with its parent, whatever ends that.
"""
