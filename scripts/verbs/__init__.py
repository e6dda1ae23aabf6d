"""The verbs of ``myspace``: one file for each, with what it prints and what it exits with."""
