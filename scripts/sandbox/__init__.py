"""The sandbox for developers: synthetic people who decide by themselves, on one machine.

It stands in this folder alone, which nothing of the server imports: a deployment that was not
started as a sandbox has no such switch.
"""
